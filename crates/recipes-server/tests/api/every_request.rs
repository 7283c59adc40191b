//! What the HTTP stack does for every request.

use http::Method;
use recipes_server::api::front_end::FrontEnd;
use recipes_server::http::origin::Origin;
use recipes_server::http::stack::CorsOrigins;
use serde_json::json;

use crate::app::{PASSWORD, TestApp, recipe};

#[tokio::test]
async fn every_response_has_a_request_id_and_security_headers() {
    let app = TestApp::new();
    for path in ["/", "/api/v1/recipes", "/nowhere", "/healthz", "/docs/"] {
        let answer = app.anonymous().get(path).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn panic_is_a_500_with_a_request_id_and_no_details() {
    let app = TestApp::new();
    let answer = app.anonymous().get("/broken/panics").await.is(500);
    assert_eq!(answer.json()["code"], "internal");
    assert_eq!(answer.json()["requestId"], answer.header("x-request-id"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("a bug in a handler"));
    app.anonymous().get("/healthz").await.is(200);
}

#[tokio::test(start_paused = true)]
async fn hanging_request_is_a_503_after_30_seconds() {
    let app = TestApp::new();
    let started = tokio::time::Instant::now();
    let answer = app.anonymous().get("/broken/hangs").await.is(503);
    assert_eq!((&answer.json()["code"], answer.header("retry-after")), (&"timed_out".into(), "1"));
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn body_that_does_not_arrive_is_a_408() {
    let app = TestApp::on_sqlite();
    let alice = app.alice().await;
    let stalled =
        || axum::body::Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
    for path in ["/api/v1/recipes", "/api/v1/users/signup", "/api/v1/users/login"] {
        let started = tokio::time::Instant::now();
        let request = alice.request(Method::POST, path).header("content-type", "application/json");
        let answer = alice.send(request.body(stalled()).unwrap()).await.is(408);
        assert_eq!(
            (&answer.json()["code"], started.elapsed().as_secs()),
            (&"body_too_slow".into(), 10),
            "{path}"
        );
    }
}

#[tokio::test]
async fn preflight_needs_no_credentials() {
    let app = TestApp::new();
    let request = app.anonymous().request(Method::OPTIONS, "/api/v1/recipes");
    let request =
        request.header("origin", "https://a.example").header("access-control-request-method", "POST");
    let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert!(answer.header("access-control-allow-methods").contains("PUT"));
}

#[tokio::test]
async fn preflight_allows_the_headers_that_libraries_add() {
    let listed = || CorsOrigins::Only(vec![Origin::parse("https://a.example").unwrap()]);
    let asked = "authorization,baggage,cache-control,content-type,traceparent,x-requested-with";
    for (origins, origin, credentials, allowed) in [
        (CorsOrigins::Any, "https://a.example", None, true),
        (listed(), "https://a.example", Some("true"), true),
        (listed(), "https://b.example", None, false),
    ] {
        let app = TestApp::with_origins(origins);
        let request = app.anonymous().request(Method::OPTIONS, "/api/v1/recipes").header("origin", origin);
        let request = request.header("access-control-request-method", "PUT");
        let request = request.header("access-control-request-headers", asked);
        let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(204);
        assert_eq!(answer.header("access-control-allow-headers") == asked, allowed, "{origin}");
        assert_eq!(answer.headers.contains_key("access-control-allow-origin"), allowed, "{origin}");
        let sent =
            answer.headers.get("access-control-allow-credentials").map(|value| value.to_str().unwrap());
        assert_eq!(sent, credentials, "{origin}");
    }
}

#[tokio::test]
async fn page_of_a_listed_origin_may_use_cookies() {
    for (origin, status) in [("https://app.example", 201), ("https://b.example", 403)] {
        let app =
            TestApp::with_origins(CorsOrigins::Only(vec![Origin::parse("https://app.example").unwrap()]));
        let alice = app.alice().await;
        let request = app.anonymous().request(Method::POST, "/api/v1/recipes").header("origin", origin);
        let request = request.header("host", "api.app.example").header("sec-fetch-site", "same-site");
        let request = request.header("cookie", format!("__Host-token={}", alice.token()));
        let request = request.header("content-type", "application/json");
        let answer =
            app.anonymous().send(request.body(recipe("Soup").to_string().into()).unwrap()).await.is(status);
        let allowed = answer.headers.get("access-control-allow-credentials");
        assert_eq!(allowed.is_some(), status == 201);
    }
}

#[tokio::test]
async fn addresses_follow_the_path_of_the_public_url() {
    let app = TestApp::at_public_url("https://example.com/recipes");
    let alice = app.alice().await;
    for n in 0..3 {
        let location = alice.posts_recipe(&format!("Soup {n}")).await;
        assert_eq!(location, format!("/recipes/api/v1/recipes/{}", n + 1));
        // A client without the proxy can follow it, too.
        app.anonymous().get(&location).await.is(200);
    }
    assert_eq!(app.anonymous().get("/").await.is(302).header("location"), "/recipes/api/v1/recipes");
    let page = app.anonymous().get("/api/v1/recipes?limit=1").await.is(200);
    let next = page.header("link").split_once('>').unwrap().0.strip_prefix('<').unwrap();
    assert!(next.starts_with("/recipes/api/v1/recipes?"), "{next}");
    assert_eq!(app.anonymous().get(next).await.is(200).json()["data"][0]["name"], "Soup 1");
    let docs = app.anonymous().get("/docs").await;
    if docs.status.is_redirection() {
        assert!(docs.header("location").starts_with("/recipes/docs"));
    }
    let document = app.anonymous().get("/api/v1/openapi.json").await.is(200).json();
    assert!(document["servers"][0]["url"].as_str().unwrap().ends_with("/recipes"));
    let created = json!({"name": "A program", "scopes": ["recipes:read"]});
    let token = alice.post("/api/v1/users/me/api-tokens", &created).await.is(201);
    assert!(token.header("location").starts_with("/recipes/api/v1/"));
}

#[tokio::test]
async fn change_runs_to_its_end_although_the_client_hangs_up() {
    use std::{future::poll_fn, pin::pin, task::Poll};
    let body = |n: usize| {
        json!({"name": "Ada", "email": format!("ada{n}@example.org"), "password": PASSWORD}).to_string()
    };
    let app = TestApp::new();
    let client = app.anonymous();
    let mut interrupted = 0;
    for polls in 1..10 {
        let request = client.request(Method::POST, "/api/v1/users/signup");
        let request = request.header("content-type", "application/json").body(body(polls).into()).unwrap();
        let mut answer = pin!(client.send(request));
        let mut rest = polls;
        let ended = poll_fn(|context| {
            rest -= 1;
            match answer.as_mut().poll(context) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending if rest == 0 => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        });
        interrupted += usize::from(!ended.await);
    }
    assert!(interrupted > 0);
    let mails = async |count: usize| {
        let mut mails = 0;
        for _ in 0..500 {
            mails += app.mails().await.len();
            if mails == count {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        mails
    };
    assert_eq!(mails(9).await, 9, "each account has its mail");
}

#[tokio::test]
async fn front_end_is_served_beside_the_api() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("index.html", "<h1>Recipes</h1>"), ("app.js", "go()"), (".env", "SECRET=1")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let app = TestApp::with_front_end(FrontEnd::new(folder.path(), std::iter::empty()).unwrap());
    let text = async |path: &str, status: u16| {
        let answer = app.anonymous().get(path).await.is(status);
        (String::from_utf8(answer.body.to_vec()).unwrap(), answer.headers)
    };
    for path in ["/", "/recipes/7", "/log-in?next=/", "/index.html"] {
        let (page, headers) = text(path, 200).await;
        assert_eq!(page, "<h1>Recipes</h1>", "{path}");
        assert_eq!(
            (&headers["content-type"], &headers["cache-control"]),
            (&"text/html".parse().unwrap(), &"no-cache".parse().unwrap())
        );
    }
    assert_eq!(text("/app.js", 200).await.0, "go()");
    for path in
        ["/missing.js", "/api/v1/nowhere", "/api", "/.env", "/%2eenv", "/../Cargo.toml", "/a/.git/config"]
    {
        assert!(text(path, 404).await.0.contains("not_found"), "{path}");
    }
    app.anonymous().post("/somewhere", &json!({})).await.is(404);
    app.anonymous().get("/api/v1/recipes").await.is(200);
    app.anonymous().get("/healthz").await.is(200);
    let request = app.anonymous().request(Method::HEAD, "/recipes/7").body("".into()).unwrap();
    assert!(app.anonymous().send(request).await.is(200).body.is_empty());
}

#[tokio::test]
async fn compressed_recipe_has_a_tag_of_its_own() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut long = recipe("Soup");
    long["description"] = "long ".repeat(400).into();
    let url = alice.post("/api/v1/recipes", &long).await.is(201).header("location").to_owned();
    let get = async |coding: &str, tag: Option<&str>| {
        let mut request = app.anonymous().request(Method::GET, &url).header("accept-encoding", coding);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        app.anonymous().send(request.body("".into()).unwrap()).await
    };
    let (plain, packed) = (get("identity", None).await.is(200), get("gzip", None).await.is(200));
    assert_eq!((plain.header("etag"), packed.header("etag")), ("\"1-1\"", "\"1-1+gzip\""));
    for answer in [&plain, &packed] {
        let fresh = get("gzip", Some(answer.header("etag"))).await.is(304);
        assert_eq!(fresh.header("etag"), answer.header("etag"));
    }
    let request = alice.request(Method::PUT, &url).header("if-match", packed.header("etag"));
    let request = request.header("content-type", "application/json").body(long.to_string().into()).unwrap();
    alice.send(request).await.is(200);
    get("gzip", Some(packed.header("etag"))).await.is(200);
}

#[tokio::test]
async fn only_listed_origins_are_allowed() {
    let app = TestApp::with_origins(CorsOrigins::Only(vec![Origin::parse("https://a.example").unwrap()]));
    let ask = async |origin: &str| {
        let request = app.anonymous().request(Method::GET, "/api/v1/recipes").header("origin", origin);
        app.anonymous().send(request.body("".into()).unwrap()).await.is(200)
    };
    let allowed = ask("https://a.example").await;
    assert_eq!(allowed.header("access-control-allow-origin"), "https://a.example");
    for name in ["etag", "ratelimit", "ratelimit-policy", "retry-after"] {
        let exposed = allowed.header("access-control-expose-headers");
        assert!(exposed.split(", ").any(|it| it == name), "{name} in {exposed}");
    }
    let other = ask("https://b.example").await;
    assert_eq!(other.headers.get("access-control-allow-origin"), None);
    assert!(other.vary().contains(&"origin"));
}

#[tokio::test]
async fn large_responses_are_compressed_unless_they_may_contain_tokens() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for n in 0..20 {
        alice.posts_recipe(&format!("Soup {n}")).await;
    }
    let ask = async |path: &str| {
        let request = alice.request(Method::GET, path).header("accept-encoding", "gzip");
        alice.send(request.body("".into()).unwrap()).await.is(200)
    };
    let list = ask("/api/v1/recipes").await;
    assert_eq!(list.header("content-encoding"), "gzip");
    assert!(list.vary().contains(&"accept-encoding"));
    let plain = alice.get("/api/v1/recipes").await;
    assert!(list.body.len() < plain.body.len() / 2);
    assert_eq!(
        ask("/api/v1/recipes/1").await.headers.get("content-encoding"),
        None,
        "too small to gain from compression"
    );
    assert_eq!(ask("/api/v1/users/me").await.headers.get("content-encoding"), None);
}

#[tokio::test]
async fn health_and_readiness() {
    let app = TestApp::new();
    assert_eq!(app.anonymous().get("/healthz").await.is(200).json()["status"], "ok");
    assert_eq!(app.anonymous().get("/readyz").await.is(200).json()["status"], "ok");
    app.search.as_ref().unwrap().catch_up().await;
    let outcome = store::BackupOutcome { at: app.clock.now(), is_good: true };
    app.store.note_backup(outcome, app.clock.now()).await.unwrap();
    assert_eq!(
        app.anonymous().get("/readyz").await.is(200).json(),
        json!({"status": "ok", "lastBackup": {"at": "2026-01-01T12:00:00Z", "verified": true}})
    );
    app.store.close().await;
    let answer = app.anonymous().get("/readyz").await.is(503);
    assert_eq!(answer.header("retry-after"), "1");
    app.anonymous().get("/healthz").await.is(200);
}

#[tokio::test]
async fn every_api_route_refuses_a_client_that_does_not_accept_json() {
    let app = TestApp::new();
    let document: serde_json::Value = serde_json::from_str(&recipes_server::openapi_json()).unwrap();
    let routes = document["paths"].as_object().unwrap().iter();
    // The calendar is a file, for programs that do not negotiate.
    let routes = routes.filter(|(path, _)| path.starts_with("/api/") && *path != "/api/v1/plan/calendar.ics");
    for (path, operations) in routes {
        let path = path.replace("{id}", "1");
        // So is a picture.
        let methods = operations.as_object().unwrap().keys();
        for method in methods.filter(|method| *method != "get" || !path.ends_with("/image")) {
            let method = method.to_uppercase().parse().unwrap();
            let request = app.anonymous().request(method, &path).header("accept", "text/html");
            let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(406).json();
            assert!(answer["message"].as_str().unwrap().contains("application/json"), "{path}: {answer}");
        }
    }
    let openapi = app.anonymous().request(Method::GET, "/api/v1/openapi.json").header("accept", "text/html");
    app.anonymous().send(openapi.body("".into()).unwrap()).await.is(406);
}

#[tokio::test]
async fn addresses_without_negotiation_ignore_accept() {
    let app = TestApp::new();
    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/docs/", 200),
        (Method::GET, "/api/v1/nowhere", 404),
        (Method::PATCH, "/api/v1/recipes", 405),
        (Method::OPTIONS, "/api/v1/recipes", 204),
    ] {
        let request = app.anonymous().request(method, path).header("accept", "image/png");
        app.anonymous().send(request.body("".into()).unwrap()).await.is(status);
    }
}
