//! No request gets a 500: arbitrary bodies, paths, parameters and headers.

use axum::body::Body;
use http::{HeaderValue, Method, Request};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::{Map, Value, json};

use crate::app::{TestApp, recipe};

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z]{1,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A valid body with some fields replaced by arbitrary values.
fn nearly_good() -> impl Strategy<Value = Value> {
    const FIELDS: [&str; 27] = [
        "name",
        "healthLabels",
        "cookTimeMinutes",
        "prepTimeMinutes",
        "ingredients",
        "totalTimeMinutes",
        "restTimeMinutes",
        "description",
        "servings",
        "yield",
        "instructions",
        "category",
        "cuisine",
        "keywords",
        "tools",
        "nutrition",
        "author",
        "source",
        "license",
        "language",
        "difficulty",
        "visibility",
        "extra",
        "id",
        "email",
        "password",
        "uid",
    ];
    vec((proptest::sample::select(&FIELDS[..]), json_value()), 1..5).prop_map(|changes| {
        let mut body = recipe("Soup");
        body["email"] = json!("ada@example.org");
        for (field, value) in changes {
            body[field] = value;
        }
        body
    })
}

/// Sends the requests for many values of a strategy to one application.
fn for_all<S: Strategy>(strategy: &S, check: &impl AsyncFn(&TestApp, S::Value) -> Request<Body>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(async { TestApp::new() });
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() });
    let outcome = runner.run(strategy, |value| {
        let answer = runtime.block_on(async {
            let request = check(&app, value).await;
            app.anonymous().send(request).await
        });
        prop_assert!(answer.status.as_u16() < 500, "{} {:?}", answer.status, answer.body);
        // The response to HEAD has no body.
        if answer.status.is_client_error() && !answer.body.is_empty() {
            prop_assert!(serde_json::from_slice::<Map<String, Value>>(&answer.body).is_ok());
        }
        Ok(())
    });
    outcome.unwrap();
}

async fn signed_in(app: &TestApp, method: Method, path: &str) -> http::request::Builder {
    app.alice().await.request(method, path)
}

#[test]
fn arbitrary_json_as_a_recipe_is_not_500() {
    for_all(&prop_oneof![nearly_good(), json_value()], &async |app: &TestApp, body| {
        let request = signed_in(app, Method::POST, "/api/v1/recipes").await;
        request.header("content-type", "application/json").body(body.to_string().into()).unwrap()
    });
}

#[test]
fn arbitrary_json_as_a_merge_patch_is_not_500() {
    let types = proptest::sample::select(vec!["application/merge-patch+json", "application/json"]);
    let bodies = (prop_oneof![nearly_good(), json_value()], types);
    for_all(&bodies, &async |app: &TestApp, (body, content_type)| {
        let alice = app.alice().await;
        let url = alice.posts_recipe("Soup").await;
        let request = alice.request(Method::PATCH, &url).header("content-type", content_type);
        request.body(body.to_string().into()).unwrap()
    });
}

#[test]
fn arbitrary_json_as_an_account_change_is_not_500() {
    let names = proptest::sample::select(vec![
        "name",
        "email",
        "password",
        "currentPassword",
        "newPassword",
        "scopes",
        "expiresAt",
        "refreshToken",
    ]);
    let value = prop_oneof![
        json_value(),
        Just(json!("Ada")),
        Just(json!(["account"])),
        Just(json!("2027-01-01T00:00:00Z"))
    ];
    let routes = proptest::sample::select(vec![
        (Method::PATCH, "/api/v1/users/me"),
        (Method::DELETE, "/api/v1/users/me"),
        (Method::PUT, "/api/v1/users/me/password"),
        (Method::POST, "/api/v1/users/me/api-tokens"),
        (Method::POST, "/api/v1/users/refresh"),
    ]);
    for_all(&(vec((names, value), 0..4), routes), &async |app: &TestApp, (fields, (method, path))| {
        let body: Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = signed_in(app, method, path).await.header("content-type", "application/json");
        request.body(Value::Object(body).to_string().into()).unwrap()
    });
}

#[test]
fn arbitrary_bytes_as_a_body_are_not_500() {
    let types =
        proptest::sample::select(vec!["application/json", "application/x-www-form-urlencoded", "text/plain"]);
    let paths = proptest::sample::select(vec![
        "/api/v1/recipes",
        "/api/v1/users/login",
        "/api/v1/users/signup",
        "/api/v1/users/refresh",
        "/api/v1/users/me/api-tokens",
        "/api/v1/users/me/sessions",
    ]);
    for_all(&(vec(any::<u8>(), 0..200), types, paths), &async |app: &TestApp, (body, content_type, path)| {
        let request = signed_in(app, Method::POST, path).await;
        request.header("content-type", content_type).body(body.into()).unwrap()
    });
}

#[test]
fn arbitrary_form_as_a_recipe_is_not_500() {
    let pair = ("[a-zA-Z]{0,12}(\\[[a-z0-9]{0,3}\\]){0,7}", "[ -~]{0,12}")
        .prop_map(|(name, value)| format!("{name}={value}"));
    for_all(&vec(pair, 0..12), &async |app: &TestApp, pairs| {
        let request = signed_in(app, Method::PUT, "/api/v1/recipes/1").await;
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(pairs.join("&").into()).unwrap()
    });
}

#[test]
fn arbitrary_path_and_query_are_not_500() {
    for_all(&("[ -~]{0,20}", "[ -~]{0,30}"), &async |app: &TestApp, (path, query)| {
        let uri = format!("/api/v1/recipes/{path}?{query}");
        // Text that is not a URI cannot be sent.
        let uri = uri.parse::<http::Uri>().unwrap_or_else(|_| "/api/v1/recipes?cursor=~".parse().unwrap());
        signed_in(app, Method::GET, &uri.to_string()).await.body(Body::empty()).unwrap()
    });
}

#[test]
fn arbitrary_header_is_not_500() {
    let names = [
        "authorization",
        "accept",
        "accept-encoding",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "prefer",
        "x-request-id",
        "origin",
        "content-type",
        "content-length",
        "host",
        "cookie",
    ];
    let header = (proptest::sample::select(names.to_vec()), vec(any::<u8>(), 0..40));
    let methods = [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD];
    for_all(
        &(vec(header, 0..5), proptest::sample::select(methods.to_vec())),
        &async |app: &TestApp, (headers, method)| {
            let mut request = signed_in(app, method, "/api/v1/recipes/1").await;
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    request = request.header(name, value);
                }
            }
            request.body(Body::empty()).unwrap()
        },
    );
}
