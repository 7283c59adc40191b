//! `Jwt` in a layer.

use std::borrow::Cow;
use std::io;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::Request;
use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};
use strict_jose::{Key, Rules};
use tower::ServiceExt;
use tower_passport::{
    BearerHeader, Error, Jwt, Malformed, Rejection, Strategy, TokenSource, Verification, Verify, token_from,
};

use crate::answer::{answer, app, get};
use crate::says::{Says, no_credentials};

const NOW: u64 = 1_800_000_000;
const INVALID_TOKEN: &str = r#"401 [Bearer error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#;

fn key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

fn rules() -> Rules {
    Rules::typ("at+jwt").issuer("https://recipes.example").audience("recipes")
}

fn claims() -> Value {
    json!({ "iss": "https://recipes.example", "aud": "recipes", "sub": "alice", "exp": NOW + 60 })
}

fn token(change: Value) -> String {
    let Value::Object(changes) = change else { panic!("not an object") };
    let mut claims = claims();
    claims.as_object_mut().unwrap().extend(changes);
    key().sign("at+jwt", &claims).unwrap()
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    level: u8,
}

/// `alice` exists, `gone` was deleted; the store fails for `down` and `busy`.
async fn find(claims: Claims) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
    match claims.sub.as_str() {
        "alice" if claims.level == 0 => Ok(Some("Alice".into())),
        "down" => Err(io::Error::other("the store is down").into()),
        "busy" => Err(Error::new("too many").with_retry_after(Duration::from_secs(3)).into()),
        _ => Ok(None),
    }
}

fn at_now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn jwt() -> impl Strategy<User = String> {
    Jwt::new(key(), rules(), find).clock(at_now)
}

fn bearer(token: &str) -> Request<Body> {
    get(&[("authorization", &format!("Bearer {token}"))])
}

#[tokio::test]
async fn a_good_token_is_accepted_with_the_scheme_in_any_case() {
    let token = token(json!({}));
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer  "] {
        let request = get(&[("authorization", &format!("{scheme} {token}"))]);
        assert_eq!(answer(app(jwt()), request).await, "200 Alice", "{scheme}");
    }
}

#[tokio::test]
async fn a_request_without_a_token_gets_the_challenge() {
    for headers in [&[][..], &[("authorization", "Basic YTpi")], &[("cookie", "token=abc")]] {
        assert_eq!(answer(app(jwt()), get(headers)).await, no_credentials("Bearer"), "{headers:?}");
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_ignored() {
    let mut request = get(&[]);
    *request.uri_mut() = format!("/?access_token={}", token(json!({}))).parse().unwrap();
    assert_eq!(answer(app(jwt()), request).await, no_credentials("Bearer"));
}

#[tokio::test]
async fn every_bad_token_gets_the_same_response_and_its_own_cause() {
    let signed = |key: Key, typ: &str| key.sign(typ, &claims()).unwrap();
    let foreign = Key::hs256(b"another secret of thirty-two bytes or so").unwrap();
    for (token, cause) in [
        (token(json!({ "exp": NOW - 61 })), "expired"),
        (token(json!({ "nbf": NOW + 3600 })), "not_yet_valid"),
        (token(json!({ "iss": "https://evil.example" })), "wrong_issuer"),
        (token(json!({ "aud": "another" })), "wrong_audience"),
        (token(json!({ "level": "high" })), "claims_shape"),
        (token(json!({ "sub": "gone" })), "unknown_user"),
        (signed(foreign, "at+jwt"), "bad_signature"),
        (signed(key(), "refresh+jwt"), "wrong_type"),
        ("not-a-jwt".into(), "unrecognized_token"),
        ("not.a.jwt".into(), "malformed"),
    ] {
        let response = app(jwt()).oneshot(bearer(&token)).await.unwrap();
        let rejection = response.extensions().get::<Rejection>().unwrap();
        assert_eq!(rejection.cause(), cause);
        assert_eq!(answer(app(jwt()), bearer(&token)).await, INVALID_TOKEN, "{cause}");
    }
}

#[tokio::test]
async fn malformed_credentials_are_400() {
    let token = token(json!({}));
    let malformed = |description: &str| {
        format!(
            r#"400 [Bearer error="invalid_request"] {{"error":"invalid_request","error_description":"{description}"}}"#
        )
    };
    for value in ["Bearer".into(), format!("Bearer {token} junk"), format!("Bearer {token}, Bearer {token}")]
    {
        let want = malformed("The Authorization header must be the scheme, a space, the token, and no more.");
        assert_eq!(answer(app(jwt()), get(&[("authorization", &value)])).await, want, "{value}");
    }
    for second in [format!("Bearer {token}"), "Basic YTpi".into()] {
        let mut request = bearer(&token);
        request.headers_mut().append("authorization", second.parse().unwrap());
        let want = malformed("Send one Authorization header, not several.");
        assert_eq!(answer(app(jwt()), request).await, want, "{second}");
    }
}

#[tokio::test]
async fn a_failed_store_is_503_not_401() {
    const UNDECIDED: &str = r#"{"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#;
    let answer = async |sub: &str| answer(app(jwt()), bearer(&token(json!({ "sub": sub })))).await;
    assert_eq!(answer("down").await, format!("503 {UNDECIDED}"));
    assert_eq!(answer("busy").await, format!("503 retry-after: 3 {UNDECIDED}"));
}

#[tokio::test]
async fn the_rejection_of_a_503_has_the_error() {
    let response = app(jwt()).oneshot(bearer(&token(json!({ "sub": "down" })))).await.unwrap();
    let rejection = response.extensions().get::<Rejection>().unwrap();
    let cause = rejection.error().and_then(Error::downcast_ref::<io::Error>).unwrap();
    assert_eq!(cause.to_string(), "the store is down");
}

#[tokio::test]
async fn a_bad_token_does_not_fall_through_to_the_next_strategy() {
    let chain = || app(jwt().or(Says("Key")));
    assert_eq!(answer(chain(), get(&[])).await, no_credentials("Bearer; Key"));
    assert_eq!(answer(chain(), get(&[("key", "Bob")])).await, "200 Bob");
    let both = |value: &str| get(&[("authorization", value), ("key", "Bob")]);
    assert_eq!(answer(chain(), both("Basic YTpi")).await, "200 Bob");
    assert_eq!(answer(chain(), both("Bearer forged")).await, INVALID_TOKEN);
    assert!(answer(chain(), both("Bearer")).await.starts_with("400 "));
}

#[tokio::test]
async fn every_challenge_has_the_realm() {
    let app = || app(Jwt::new(key(), rules(), find).clock(at_now).realm(r#"the "recipes""#).unwrap());
    let realm = r#"Bearer realm="the \"recipes\"""#;
    assert_eq!(answer(app(), get(&[])).await, no_credentials(realm));
    assert!(
        answer(app(), bearer("x")).await.starts_with(&format!(r#"401 [{realm}, error="invalid_token"]"#))
    );
    assert!(
        answer(app(), bearer("x y")).await.starts_with(&format!(r#"400 [{realm}, error="invalid_request"]"#))
    );
    assert!(Jwt::new(key(), rules(), find).realm("line\nbreak").is_err());
}

#[tokio::test]
async fn the_given_clock_is_used() {
    let app = |now: u64| {
        let clock = move || SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        app(Jwt::new(key(), rules(), find).clock(clock))
    };
    let token = token(json!({}));
    assert_eq!(answer(app(NOW + 59), bearer(&token)).await, "200 Alice");
    assert_eq!(answer(app(NOW + 3600), bearer(&token)).await, INVALID_TOKEN);
}

#[tokio::test]
async fn the_default_clock_is_the_systems() {
    let app = || app(Jwt::new(key(), rules(), find));
    assert_eq!(answer(app(), bearer(&token(json!({ "exp": 1 })))).await, INVALID_TOKEN);
    assert_eq!(answer(app(), bearer(&token(json!({ "exp": 32_503_680_000_u64 })))).await, "200 Alice");
}

#[tokio::test]
async fn tokens_can_come_from_other_places() {
    fn from_gateway(request: &Parts) -> Result<Option<Cow<'_, str>>, Malformed> {
        match request.headers.get("x-token") {
            Some(value) => value.to_str().map(|token| Some(token.into())).map_err(|_| Malformed::NotOnePiece),
            None => Ok(None),
        }
    }
    fn app_with(tokens: impl TokenSource) -> axum::Router {
        app(Jwt::new(key(), rules(), find).clock(at_now).tokens_from(tokens))
    }
    let token = token(json!({}));
    assert_eq!(answer(app_with(from_gateway), get(&[("x-token", &token)])).await, "200 Alice");
    assert_eq!(answer(app_with(from_gateway), get(&[("x-token", "forged")])).await, INVALID_TOKEN);
    assert_eq!(answer(app_with(from_gateway), bearer(&token)).await, no_credentials("Bearer"));
    assert!(answer(app_with(from_gateway), get(&[("x-token", "é")])).await.starts_with("400 "));
    let name = "x-token".to_owned();
    let closure = || {
        let name = name.clone();
        token_from(move |request| match request.headers.get(&name) {
            Some(value) => value.to_str().map(|token| Some(token.into())).map_err(|_| Malformed::NotAToken),
            None => Ok(None),
        })
    };
    assert_eq!(answer(app_with(closure()), get(&[("x-token", &token)])).await, "200 Alice");
    assert_eq!(answer(app_with((BearerHeader, closure())), bearer(&token)).await, "200 Alice");
    assert!(answer(app_with(closure()), get(&[("x-token", "é")])).await.starts_with("400 "));
}

#[tokio::test]
async fn a_closure_and_a_type_can_be_the_verification() {
    struct Find {
        greeting: &'static str,
    }
    impl Verify<Claims> for Find {
        type User = String;

        async fn verify(&self, claims: Claims, _request: &Parts) -> Result<Verification<String>, Error> {
            Ok(Some(format!("{}, {}", self.greeting, claims.sub)).into())
        }
    }
    let by_type: Jwt<Key, Claims, Find> = Jwt::new(key(), rules(), Find { greeting: "Hello" }).clock(at_now);
    let greeting = std::sync::Arc::new("Hello".to_owned());
    let by_closure = Jwt::new(key(), rules(), move |claims: Claims| {
        let greeting = greeting.clone();
        async move { Ok::<_, String>(Some(format!("{greeting}, {}", claims.sub))) }
    });
    let token = token(json!({}));
    assert_eq!(answer(app(by_type), bearer(&token)).await, "200 Hello, alice");
    assert_eq!(answer(app(by_closure.clock(at_now)), bearer(&token)).await, "200 Hello, alice");
}

#[test]
fn debug_of_a_strategy_shows_no_keys() {
    let printed = format!("{:?}", Jwt::new(key(), rules(), find));
    assert!(printed.starts_with("Jwt {") && !printed.contains("secret"), "{printed}");
}
