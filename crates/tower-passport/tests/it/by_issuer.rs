//! `ByIssuer`: tokens of two issuers on one route.

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, Rules};
use tower_passport::{Bearer, BearerToken, ByIssuer, CookieValue, Jwt, Strategy};

use crate::answer::{answer, app, get};
use crate::says::no_credentials;

const A: &str = "https://a.example";
const B: &str = "https://b.example";
const INVALID_TOKEN: &str = r#"401 [Bearer error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#;

fn of(issuer: &'static str, key: &Key) -> Jwt<Key, Value, impl tower_passport::Verify<Value, User = String>> {
    let rules = Rules::typ("at+jwt").issuer(issuer).audience("recipes").without_expiry();
    Jwt::new(key.public().unwrap(), rules, move |_: Value| async move {
        Ok::<_, String>(Some(format!("of {issuer}")))
    })
}

fn token(key: &Key, issuer: &str) -> String {
    key.sign("at+jwt", &json!({ "iss": issuer, "aud": "recipes" })).unwrap()
}

async fn ask(strategy: impl Strategy<User = String>, token: &str) -> String {
    answer(app(strategy), get(&[("authorization", &format!("Bearer {token}"))])).await
}

#[tokio::test]
async fn each_issuer_can_sign_only_its_own_tokens() {
    let [a, b] = [(); 2].map(|()| Key::generate(Algorithm::EdDsa).unwrap().with_kid("1"));
    let both = || ByIssuer::new().issuer(A, of(A, &a)).issuer(B, of(B, &b));
    assert_eq!(ask(both(), &token(&a, A)).await, "200 of https://a.example");
    assert_eq!(ask(both(), &token(&b, B)).await, "200 of https://b.example");
    for forged in [
        token(&a, B),
        token(&b, A),
        token(&a, "https://c.example"),
        a.sign("at+jwt", &json!({ "aud": "recipes" })).unwrap(),
        "opaque".into(),
    ] {
        assert_eq!(ask(both(), &forged).await, INVALID_TOKEN, "{forged}");
    }
    assert_eq!(answer(app(both()), get(&[])).await, no_credentials("Bearer"));
    assert!(ask(both(), "two tokens").await.starts_with(r#"400 [Bearer error="invalid_request"]"#));
}

#[tokio::test]
async fn tokens_of_other_issuers_go_to_the_default_strategy() {
    let a = Key::generate(Algorithm::EdDsa).unwrap();
    let opaque = Bearer::new(async |token: BearerToken| {
        Ok::<_, String>((token.expose_secret() == "opaque").then(|| "ours".to_owned()))
    });
    let mixed = std::sync::Arc::new(ByIssuer::new().issuer(A, of(A, &a)).otherwise(opaque));
    assert_eq!(ask(mixed.clone(), "opaque").await, "200 ours");
    assert_eq!(ask(mixed.clone(), &token(&a, A)).await, "200 of https://a.example");
    assert_eq!(ask(mixed.clone(), &token(&a, B)).await, INVALID_TOKEN);
    let forged = token(&Key::generate(Algorithm::EdDsa).unwrap(), A);
    assert_eq!(ask(mixed, &forged).await, INVALID_TOKEN, "and is not tried elsewhere");
}

#[tokio::test]
async fn the_token_can_be_in_another_place() {
    let a = Key::generate(Algorithm::EdDsa).unwrap();
    let cookie = || CookieValue::new("token");
    let both = ByIssuer::new().issuer(A, of(A, &a).tokens_from(cookie())).tokens_from(cookie());
    let request = get(&[("cookie", &format!("token={}", token(&a, A)))]);
    assert_eq!(answer(app(both), request).await, "200 of https://a.example");
}
