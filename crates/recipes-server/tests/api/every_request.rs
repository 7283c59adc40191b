//! What the HTTP stack does for every request.

use http::{HeaderValue, Method};
use recipes_server::http::stack::CorsOrigins;

use crate::app::TestApp;

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
    let app = TestApp::new();
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
async fn only_listed_origins_are_allowed() {
    let app = TestApp::with_origins(CorsOrigins::Only(vec![HeaderValue::from_static("https://a.example")]));
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
    assert_eq!(other.header("vary"), "origin");
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
    assert!(list.header("vary").contains("accept-encoding"));
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
    for (path, operations) in routes.filter(|(path, _)| path.starts_with("/api/")) {
        let path = path.replace("{id}", "1");
        for method in operations.as_object().unwrap().keys() {
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
