//! Errors: two shapes by negotiation, and the status for each mistake of a client.

use http::{Method, header};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

async fn send(app: &TestApp, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let alice = app.alice().await;
    let mut request = alice.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    alice.send(request.body(body.to_owned().into()).unwrap()).await
}

#[tokio::test]
async fn original_error_shape_has_code_and_request_id() {
    let app = TestApp::new();
    let answer = send(&app, Method::GET, "/api/v1/recipes/7", &[("x-request-id", "r-1")], "").await.is(404);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({"status": "error", "statusCode": 404, "message": "Recipe not found", "code": "recipe_not_found", "requestId": "r-1"})
    );
}

#[tokio::test]
async fn problem_details_are_sent_on_request() {
    let app = TestApp::new();
    let headers = [
        ("accept", "application/problem+json"),
        ("x-request-id", "r-1"),
        ("content-type", "application/json"),
    ];
    let answer =
        send(&app, Method::POST, "/api/v1/users/signup", &headers, r#"{"name":"Ada"}"#).await.is(422);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    insta::assert_json_snapshot!(answer.json(), @r#"
    {
      "code": "invalid",
      "detail": "Some fields are not valid; see errors for each",
      "errors": [
        {
          "message": "is required",
          "pointer": "/email"
        },
        {
          "message": "is required",
          "pointer": "/password"
        }
      ],
      "requestId": "r-1",
      "status": 422,
      "title": "Unprocessable Entity",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn unknown_path_is_404_and_unknown_method_is_405() {
    let app = TestApp::new();
    assert_eq!(send(&app, Method::GET, "/api/v2/recipes", &[], "").await.is(404).json()["code"], "not_found");
    let answer = send(&app, Method::PATCH, "/api/v1/recipes", &[], "").await.is(405);
    assert_eq!(answer.json()["code"], "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let answer = send(&app, Method::OPTIONS, "/api/v1/recipes/1", &[], "").await.is(204);
    assert_eq!(answer.header("allow"), "GET,HEAD,PUT,PATCH,DELETE");
}

#[tokio::test]
async fn not_acceptable_request_changes_nothing() {
    let app = TestApp::new();
    let headers = [("accept", "text/html"), ("content-type", "application/json")];
    let body = crate::app::recipe("Soup").to_string();
    send(&app, Method::POST, "/api/v1/recipes", &headers, &body).await.is(406);
    assert_eq!(app.anonymous().get("/api/v1/recipes").await.json()["data"], json!([]));
    // Browsers accept any media type with a low weight.
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    send(&app, Method::GET, "/api/v1/recipes", &browser, "").await.is(200);
}

#[tokio::test]
async fn other_media_types_are_415() {
    let app = TestApp::new();
    for content_type in ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", ""] {
        let headers = [("content-type", content_type)];
        let answer = send(&app, Method::POST, "/api/v1/recipes", &headers, "{}").await.is(415);
        assert_eq!(answer.json()["code"], "unsupported_media_type", "{content_type}");
    }
    send(&app, Method::POST, "/api/v1/recipes", &[], "{}").await.is(415);
    send(&app, Method::POST, "/api/v1/users/login", &[("content-type", "text/plain")], "{}").await.is(415);
    let headers = [("content-type", "Application/JSON; charset=UTF-8")];
    send(&app, Method::POST, "/api/v1/recipes", &headers, "{}").await.is(422);
}

#[tokio::test]
async fn too_large_body_is_413_with_and_without_content_length() {
    let app = TestApp::new();
    let body = json!({"name": "x".repeat(256 * 1024)}).to_string();
    for path in ["/api/v1/recipes", "/api/v1/users/signup", "/api/v1/users/login"] {
        let headers = [("content-type", "application/json")];
        let answer = send(&app, Method::POST, path, &headers, &body).await.is(413);
        assert_eq!(answer.json()["code"], "body_too_large", "{path}");

        let alice = app.alice().await;
        let request = alice.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
        let chunks = body.as_bytes().chunks(1_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
        let without_length = axum::body::Body::from_stream(tokio_stream::iter(chunks.collect::<Vec<_>>()));
        alice.send(request.body(without_length).unwrap()).await.is(413);
    }
}

#[tokio::test]
async fn malformed_bodies_are_400() {
    let app = TestApp::new();
    for body in ["[]", "7", "null", "\"x\"", "{", "", "\u{feff}{}", "{\"a\":1}}", &"[".repeat(1_000)] {
        let headers = [("content-type", "application/json")];
        for path in ["/api/v1/recipes", "/api/v1/users/signup", "/api/v1/users/login"] {
            let status = send(&app, Method::POST, path, &headers, body).await.status.as_u16();
            assert!(matches!(status, 400 | 422), "{path} {body}: {status}");
        }
    }
    let (deep, many) = (format!("a{}=1", "[b]".repeat(33)), "a=1&".repeat(5_001));
    for (form, message) in [
        ("a=%ff", "UTF-8"),
        (&*deep, "at most 32 deep"),
        (&*many, "at most 5000 fields"),
        (r#"{"name":"Soup"}"#, "send Content-Type: application/json"),
        (" {", "send Content-Type: application/json"),
        ("[ {}]", "send Content-Type: application/json"),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        // A log-in or sign-up of this many fields is too large before it is read.
        let small = ["/api/v1/recipes", "/api/v1/users/signup", "/api/v1/users/login"];
        let paths = if form.len() > 8_192 { &small[..1] } else { &small };
        for path in paths {
            let answer = send(&app, Method::POST, path, &headers, form).await.is(400).json();
            assert_eq!(answer["code"], "malformed", "{form}");
            assert!(answer["message"].as_str().unwrap().contains(message), "{answer}");
        }
    }
}

#[tokio::test]
async fn log_in_and_sign_up_report_body_errors_alike() {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";

    let app = TestApp::new();
    let report = async |path, content_type, body| {
        let headers = [("content-type", content_type), ("prefer", "handling=strict")];
        let answer = send(&app, Method::POST, path, &headers, body).await;
        let (status, body) = (answer.status.as_u16(), answer.json());
        let errors = body["errors"].as_array().into_iter().flatten();
        let errors: Vec<_> = errors.filter(|error| error["pointer"] != "/name").cloned().collect();
        (status, body["code"].clone(), body["message"].clone(), errors)
    };
    for (content_type, body) in [
        (JSON, r#"{"email":"#),
        (JSON, "[]"),
        (JSON, ""),
        (JSON, r#"{"email":7}"#),
        (JSON, r#"{"email":null,"password":["x"]}"#),
        (JSON, r#"{"email":"a@example.org","password":"a stitch in thyme","pasword":""}"#),
        (FORM, "email=%ff"),
        (FORM, "email[]=&email[]=b%40example.org"),
        (FORM, ""),
        ("text/plain", "{}"),
    ] {
        let [log_in, sign_up] = ["/api/v1/users/login", "/api/v1/users/signup"];
        assert_eq!(
            report(log_in, content_type, body).await,
            report(sign_up, content_type, body).await,
            "{body}"
        );
    }
    let twice = r#"{"email":"a","email":"b","password":"c"}"#;
    let (status, code, message, _) = report("/api/v1/users/login", JSON, twice).await;
    assert_eq!((status, code, message), (400, "invalid_request".into(), "A field appears twice.".into()));
    let (status, code, ..) = report("/api/v1/users/login", FORM, "email=a&email=b&password=c").await;
    assert_eq!((status, code), (400, "invalid_request".into()));
    let headers = [("content-type", FORM)];
    send(&app, Method::POST, "/api/v1/users/login", &headers, "email=a&password=c&x=1&x=2").await.is(401);
}

#[tokio::test]
async fn other_schemes_of_authorization_are_told_to_begin_with_bearer() {
    let app = TestApp::new();
    for value in ["eyJhbGciOiJIUzI1NiJ9.e30.x", "JWT eyJhbGciOiJIUzI1NiJ9.e30.x", "Token x", "Basic YTpi"] {
        for (method, path) in [(Method::GET, "/api/v1/users/me"), (Method::POST, "/api/v1/recipes")] {
            let request = app.anonymous().request(method, path).header("authorization", value);
            let answer = app.anonymous().send(request.body("".into()).unwrap()).await.is(401);
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            let message = "Unauthorized: the Authorization header must begin with Bearer, as in Bearer TOKEN";
            assert_eq!(answer.json()["message"], message, "{value}");
        }
    }
    assert_eq!(app.anonymous().get("/api/v1/users/me").await.is(401).json()["message"], "Unauthorized");
}

#[tokio::test]
async fn two_authorization_headers_are_400() {
    let app = TestApp::new();
    let headers = [("authorization", "Bearer x")];
    let answer = send(&app, Method::GET, "/api/v1/users/me", &headers, "").await.is(400);
    assert_eq!(answer.json()["code"], "invalid_request");
}

#[tokio::test]
async fn all_errors_have_the_same_members() {
    let app = TestApp::new();
    for (method, path) in [(Method::GET, "/nowhere"), (Method::PATCH, "/"), (Method::POST, "/api/v1/recipes")]
    {
        let body =
            app.anonymous().send(app.anonymous().request(method, path).body("".into()).unwrap()).await.json();
        for member in ["status", "statusCode", "message", "code", "requestId"] {
            assert_ne!(body[member], Value::Null, "{member} in {body}");
        }
    }
}
