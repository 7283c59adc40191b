//! The examples do what their first lines say.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use strict_jose::Key;

use crate::answer::{answer, get, post};

#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/chain.rs"]
mod chain;
#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/hello.rs"]
mod hello;
#[expect(dead_code, unreachable_pub, reason = "a program of its own, with a `main`")]
#[path = "../../examples/local_login.rs"]
mod local_login;

fn key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

fn token(sub: &str) -> String {
    let exp = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_mins(1);
    key().sign("at+jwt", &json!({ "sub": sub, "exp": exp.as_secs() })).unwrap()
}

#[tokio::test]
async fn hello() {
    let ask = async |headers: &[(&str, &str)]| {
        let mut request = get(headers);
        *request.uri_mut() = "/me".parse().unwrap();
        answer(hello::app(key()), request).await
    };
    assert!(ask(&[]).await.starts_with("401 [Bearer] {"));
    assert_eq!(ask(&[("authorization", &format!("Bearer {}", token("Alice")))]).await, "200 Hello, Alice\n");
}

#[tokio::test]
async fn chain() {
    let ask = async |headers: &[(&str, &str)]| answer(chain::app(key()), get(headers)).await;
    assert_eq!(ask(&[]).await, "200 Hello, guest\n");
    assert_eq!(ask(&[("x-api-key", "open sesame")]).await, "200 Hello, machine \"printer\"\n");
    assert!(ask(&[("x-api-key", "open barley")]).await.starts_with("401 [ApiKey]"));
    assert_eq!(ask(&[("authorization", &format!("Bearer {}", token("Alice")))]).await, "200 Hello, Alice\n");
    assert!(ask(&[("authorization", "Bearer forged")]).await.starts_with("401 [Bearer error="));
}

#[tokio::test]
async fn local_login() {
    let ask = async |content_type: &str, body: &'static str| {
        let mut request = post(content_type, body);
        *request.uri_mut() = "/login".parse().unwrap();
        answer(local_login::app(key()), request).await
    };
    let form = "application/x-www-form-urlencoded";
    for answer in [
        ask(form, "email=ali%40example.com&password=open+sesame").await,
        ask("application/json", r#"{"email":"ali@example.com","password":"open sesame"}"#).await,
    ] {
        let body: Value = serde_json::from_str(answer.strip_prefix("200 ").unwrap()).unwrap();
        let claims = strict_jose::inspect(body["token"].as_str().unwrap()).unwrap().claims;
        assert_eq!(claims["sub"], "40");
    }
    assert!(ask(form, "email=ali%40example.com&password=x").await.starts_with("401 [Form]"));
    assert!(ask(form, "email=ali%40example.com").await.contains(r#""missing_fields":["password"]"#));
}
