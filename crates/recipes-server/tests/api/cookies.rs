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
