//! Sessions in cookies: scripts cannot read the tokens, other sites cannot use them.

use http::{Method, header};
use serde_json::json;

use crate::app::{Answer, PASSWORD, TestApp, recipe};

const LOG_IN: &str = "/api/v1/users/login?cookies=true";
const ME: &str = "/api/v1/users/me";

/// A browser that stores cookies and sends `Sec-Fetch-Site`.
struct Browser<'a> {
    app: &'a TestApp,
    cookies: Vec<(String, String)>,
    site: &'static str,
}

impl<'a> Browser<'a> {
    async fn logged_in(app: &'a TestApp) -> Self {
        app.signed_up("ada@example.org").await;
        let mut browser = Self { app, cookies: Vec::new(), site: "same-origin" };
        let body = json!({"email": "ada@example.org", "password": PASSWORD});
        let answer = browser.send(Method::POST, LOG_IN, &body).await.is(200);
        assert_eq!(answer.json().get("token"), None);
        assert_eq!(answer.json().get("refreshToken"), None);
        assert_eq!(answer.json()["user"]["email"], "ada@example.org");
        browser
    }

    async fn send(&mut self, method: Method, path: &str, body: &serde_json::Value) -> Answer {
        let mut request = self.app.anonymous().request(method, path).header("sec-fetch-site", self.site);
        if !self.cookies.is_empty() {
            let cookies: Vec<_> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string().into());
        let answer = self.app.anonymous().send(request.unwrap()).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            assert!(line.contains("; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age="), "{line}");
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            assert!(name.starts_with("__Host-"));
            self.cookies.retain(|(stored, _)| stored != name);
            if !line.ends_with("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }
}

#[tokio::test]
async fn browser_logs_in_writes_refreshes_and_logs_out_with_cookies() {
    let app = TestApp::new();
    let mut browser = Browser::logged_in(&app).await;
    assert_eq!(browser.cookies.len(), 2);
    browser.send(Method::GET, ME, &json!({})).await.is(200);
    browser.send(Method::POST, "/api/v1/recipes", &recipe("Soup")).await.is(201);
    let before = browser.cookies.clone();
    let refreshed = browser.send(Method::POST, "/api/v1/users/refresh", &json!({})).await.is(200).json();
    assert_eq!(refreshed.get("token"), None);
    assert!(browser.cookies.len() == 2 && browser.cookies != before);
    browser.send(Method::GET, ME, &json!({})).await.is(200);
    browser.send(Method::POST, "/api/v1/users/logout", &json!({})).await.is(204);
    assert!(browser.cookies.is_empty(), "log-out deletes the cookies");
    browser.cookies = before;
    browser.send(Method::GET, ME, &json!({})).await.is(401);
    browser.send(Method::POST, "/api/v1/users/refresh", &json!({})).await.is(401);
    assert!(browser.cookies.is_empty(), "a refused refresh deletes the cookies");
}

#[tokio::test]
async fn page_of_another_site_changes_nothing() {
    let app = TestApp::new();
    let mut browser = Browser::logged_in(&app).await;
    for site in ["cross-site", "same-site"] {
        browser.site = site;
        for (method, path) in [
            (Method::POST, "/api/v1/recipes"),
            (Method::POST, "/api/v1/users/refresh"),
            (Method::POST, "/api/v1/users/logout/all"),
            (Method::DELETE, ME),
            (Method::PATCH, ME),
        ] {
            let refused = browser.send(method, path, &recipe("Soup")).await.is(403).json();
            assert_eq!(refused["code"], "cross_origin", "{site} {path}");
        }
    }
    browser.site = "none";
    browser.send(Method::POST, "/api/v1/recipes", &recipe("Soup")).await.is(201);
}

#[tokio::test]
async fn page_of_another_site_cannot_log_a_browser_in() {
    let app = TestApp::new();
    app.signed_up("mallory@example.org").await;
    let form = |path: &str| {
        let request = app.anonymous().request(Method::POST, path).header("sec-fetch-site", "cross-site");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body("email=mallory%40example.org&password=a+stitch+in+thyme".into()).unwrap()
    };
    for path in [LOG_IN, "/api/v1/users/login?c%6Fokies=true"] {
        app.anonymous().send(form(path)).await.is(403);
    }
    // Without cookies the browser stores nothing, and any page may log in.
    app.anonymous().send(form("/api/v1/users/login")).await.is(200);
}

#[tokio::test]
async fn browser_without_sec_fetch_site_is_checked_by_origin() {
    let app = TestApp::new();
    let browser = Browser::logged_in(&app).await;
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for (origin, status) in [("https://recipes.example", 201), ("https://evil.example", 403), ("null", 403)] {
        let request = app.anonymous().request(Method::POST, "/api/v1/recipes").header(header::ORIGIN, origin);
        let request =
            request.header(header::HOST, "recipes.example").header(header::COOKIE, cookies.join("; "));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        app.anonymous().send(request.body(recipe("Soup").to_string().into()).unwrap()).await.is(status);
    }
}

#[tokio::test]
async fn bearer_token_and_foreign_cookies_are_not_at_stake() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for (query, cookie) in [("", ""), ("?ts=1", ""), ("?cookies=false", ""), ("?ts=1", "theme=dark")] {
        let request = alice.request(Method::POST, &format!("/api/v1/recipes{query}"));
        let request =
            request.header(header::ORIGIN, "https://b.example").header("sec-fetch-site", "cross-site");
        let request = request.header(header::COOKIE, cookie).header(header::CONTENT_TYPE, "application/json");
        alice.send(request.body(recipe("Soup").to_string().into()).unwrap()).await.is(201);
    }
}

#[tokio::test]
async fn refused_page_learns_which_origins_were_compared() {
    let app = TestApp::at_public_url("https://recipes.example");
    let ask = async |origin: &str, host: &str| {
        let request = app.anonymous().request(Method::POST, LOG_IN).header(header::ORIGIN, origin);
        app.anonymous().send(request.header(header::HOST, host).body("".into()).unwrap()).await
    };
    let refused = ask("https://b.example", "127.0.0.1:8080").await.is(403).json();
    let message = refused["message"].as_str().unwrap();
    for part in ["https://b.example", "https://recipes.example", "PUBLIC_URL", "CORS_ORIGINS"] {
        assert!(message.contains(part), "{message}");
    }
    // The body is missing, but the page is ours: nginx sends the address of the server as the host.
    ask("https://recipes.example", "127.0.0.1:8080").await.is(422);
    ask("https://recipes.example:443", "127.0.0.1:8080").await.is(422);
}

#[tokio::test]
async fn cookies_over_plain_http_are_refused_with_a_remedy() {
    let app = TestApp::new();
    app.signed_up("ada@example.org").await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD}).to_string();
    let log_in = async |host: &str, path: &str| {
        let request = app.anonymous().request(Method::POST, path).header(header::HOST, host);
        let request = request.header(header::ORIGIN, format!("http://{host}"));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        app.anonymous().send(request.body(body.clone().into()).unwrap()).await
    };
    let refused = log_in("192.168.1.5:8080", LOG_IN).await.is(400).json();
    assert_eq!(refused["code"], "cookies_need_https");
    assert!(refused["message"].as_str().unwrap().contains("PUBLIC_URL"), "{refused}");
    log_in("192.168.1.5:8080", "/api/v1/users/login").await.is(200);
    log_in("localhost:8080", LOG_IN).await.is(200);
}

/// Sends the cookies that a browser has left of a session.
async fn with_cookies(app: &TestApp, method: Method, path: &str, cookies: &str) -> Answer {
    let request = app.anonymous().request(method, path).header(header::COOKIE, cookies);
    app.anonymous().send(request.body("".into()).unwrap()).await
}

fn deleted(answer: &Answer) -> Vec<&str> {
    let lines = answer.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
    lines.filter(|line| line.ends_with("Max-Age=0")).map(|line| line.split('=').next().unwrap()).collect()
}

#[tokio::test]
async fn cookie_of_an_ended_session_is_dropped() {
    let app = TestApp::new();
    let browser = Browser::logged_in(&app).await;
    let [access, refresh] = [0, 1].map(|n| format!("{}={}", browser.cookies[n].0, browser.cookies[n].1));
    let both = format!("{access}; {refresh}");
    let elsewhere = app.logged_in("ada@example.org").await.client;
    let recipe_url = elsewhere.posts_recipe("Soup").await;
    elsewhere.post("/api/v1/users/logout/all", &json!({})).await.is(204);
    for stale in [
        &*both,
        &access,
        "__Host-token=not.a.token",
        "__Host-token=two words",
        "__Host-token=a; __Host-token=b",
    ] {
        for path in [&*recipe_url, "/api/v1/recipes"] {
            with_cookies(&app, Method::GET, path, stale).await.is(200);
        }
        let refused = with_cookies(&app, Method::GET, ME, stale).await.is(401);
        assert_eq!(deleted(&refused), ["__Host-token"], "the refresh token may still be good: {stale}");
        let refused = with_cookies(&app, Method::POST, "/api/v1/users/logout/all", stale).await.is(401);
        assert_eq!(deleted(&refused), ["__Host-token"], "{stale}");
        for _ in 0..2 {
            let ended = with_cookies(&app, Method::POST, "/api/v1/users/logout", stale).await.is(204);
            assert_eq!(deleted(&ended), ["__Host-token", "__Host-refresh-token"], "{stale}");
        }
    }
    for stale in [&*refresh, "__Host-refresh-token=x", "__Host-refresh-token=two words"] {
        let refused = with_cookies(&app, Method::POST, "/api/v1/users/refresh", stale).await.is(401);
        assert_eq!(deleted(&refused), ["__Host-token", "__Host-refresh-token"], "{stale}");
    }
    // A header is set by a program, which can drop it.
    for header in ["Bearer not.a.token", "Bearer two words"] {
        for (method, path) in [(Method::GET, &*recipe_url), (Method::POST, "/api/v1/users/logout")] {
            let request = app.anonymous().request(method, path).header(header::AUTHORIZATION, header);
            let refused = app.anonymous().send(request.body("".into()).unwrap()).await;
            assert!([400, 401].contains(&refused.status.as_u16()), "{header} {path}");
            assert!(deleted(&refused).is_empty());
        }
    }
    with_cookies(&app, Method::POST, "/api/v1/users/logout", "theme=dark").await.is(401);
}

#[tokio::test]
async fn log_out_ends_the_session_of_an_expired_access_token() {
    let app = TestApp::new();
    let mut browser = Browser::logged_in(&app).await;
    // The browser drops the access cookie when its token expires.
    browser.cookies.retain(|(name, _)| name == "__Host-refresh-token");
    let refresh = browser.cookies.clone();
    browser.send(Method::POST, "/api/v1/users/logout", &json!({})).await.is(204);
    assert!(browser.cookies.is_empty());
    browser.cookies = refresh;
    browser.send(Method::POST, "/api/v1/users/refresh", &json!({})).await.is(401);
}

#[tokio::test]
async fn cookies_are_for_the_path_of_the_service() {
    let app = TestApp::at_public_url("https://example.com/recipes");
    app.signed_up("ada@example.org").await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let answer = app.anonymous().post(LOG_IN, &body).await.is(200);
    let lines: Vec<_> =
        answer.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().all(|line| line.starts_with("__Secure-") && line.contains("; Path=/recipes;")),
        "{lines:?}"
    );
    let cookies: Vec<_> = lines.iter().map(|line| line.split(';').next().unwrap()).collect();
    with_cookies(&app, Method::GET, ME, &cookies.join("; ")).await.is(200);
    let ended = with_cookies(&app, Method::POST, "/api/v1/users/logout", &cookies.join("; ")).await.is(204);
    assert_eq!(deleted(&ended), ["__Secure-token", "__Secure-refresh-token"]);
}

#[tokio::test]
async fn token_in_two_places_is_refused() {
    let app = TestApp::new();
    let browser = Browser::logged_in(&app).await;
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let alice = app.alice().await;
    let request = alice.request(Method::GET, ME).header(header::COOKIE, cookies.join("; "));
    app.anonymous().send(request.body("".into()).unwrap()).await.is(400);
}

#[tokio::test]
async fn cookies_parameter_is_true_or_false() {
    let app = TestApp::new();
    app.signed_up("ada@example.org").await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    for (query, status) in [
        ("cookies=false", 200),
        ("cookies=yes", 400),
        ("cookie=true", 400),
        ("cookies=true&cookies=true", 400),
    ] {
        let answer = app.anonymous().post(&format!("/api/v1/users/login?{query}"), &body).await.is(status);
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{query}");
    }
}
