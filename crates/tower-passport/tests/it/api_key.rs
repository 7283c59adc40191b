//! API keys.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderName;
use http::request::Parts;
use secrecy::ExposeSecret;
use tower::ServiceExt;
use tower_passport::{
    ApiKey, ApiKeyFormat, Bearer, BearerHeader, BearerToken, Error, NamedHeader, Rejection, Strategy,
    TokenDigest, Verification, Verify,
};

use crate::answer::{answer, app, get};
use crate::says::no_credentials;

const INVALID: &str = r#"401 [Bearer error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#;

fn format() -> ApiKeyFormat {
    ApiKeyFormat::new("recipes").unwrap()
}

fn key(number: u8) -> String {
    format().generate(&[number; 32]).expose_secret().to_owned()
}

/// Knows key 1, fails for key 2, and counts the look-ups.
#[derive(Clone, Default)]
struct Store(Arc<AtomicUsize>);

impl Verify<TokenDigest> for Store {
    type User = String;

    async fn verify(&self, digest: TokenDigest, _request: &Parts) -> Result<Verification<String>, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        if digest == TokenDigest::of(&key(2)) {
            return Err(Error::new("the store is down"));
        }
        Ok((digest == TokenDigest::of(&key(1))).then(|| "printer".into()).into())
    }
}

async fn ask(guard: impl Strategy<User = String>, header: &str, value: &str) -> String {
    answer(app(guard), get(&[(header, value)])).await
}

#[tokio::test]
async fn the_store_finds_the_user_of_a_key() {
    let ask = async |token: &str| ask(ApiKey::new(format(), Store::default()), "authorization", token).await;
    assert_eq!(ask(&format!("Bearer {}", key(1))).await, "200 printer");
    assert_eq!(ask(&format!("Bearer {}", key(3))).await, INVALID);
    assert!(ask(&format!("Bearer {}", key(2))).await.starts_with("503 {"));
    assert_eq!(ask("Basic YTpi").await, no_credentials("Bearer"));
    assert!(ask("Bearer").await.starts_with(r#"400 [Bearer error="invalid_request"]"#));
}

#[tokio::test]
async fn malformed_keys_are_rejected_without_a_look_up() {
    let store = Store::default();
    let mistyped = key(1).replace('1', "2");
    for (junk, cause) in [
        ("eyJhbGciOiJIUzI1NiJ9.e30.x", "unrecognized_token"),
        ("recipes_", "malformed"),
        (&key(1)[..40], "malformed"),
        (&mistyped, "wrong_checksum"),
    ] {
        let guard = app(ApiKey::new(format(), store.clone()));
        let request = || get(&[("authorization", &format!("Bearer {junk}"))]);
        assert_eq!(answer(guard.clone(), request()).await, INVALID, "{junk}");
        let response = guard.oneshot(request()).await.unwrap();
        assert_eq!(response.extensions().get::<Rejection>().unwrap().cause(), cause, "{junk}");
    }
    assert_eq!(store.0.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_named_header_has_its_own_challenge_scheme() {
    let header = || NamedHeader::new(HeaderName::from_static("x-api-key"));
    let alone = || ApiKey::new(format(), Store::default()).tokens_from(header());
    assert_eq!(ask(alone(), "x-api-key", &key(1)).await, "200 printer");
    assert!(ask(alone(), "x-api-key", "junk").await.starts_with(r#"401 [ApiKey error="invalid_token"]"#));
    assert_eq!(ask(alone(), "authorization", &format!("Bearer {}", key(1))).await, no_credentials("ApiKey"));

    let either = || ApiKey::new(format(), Store::default()).tokens_from((BearerHeader, header()));
    assert_eq!(ask(either(), "x-api-key", &key(1)).await, "200 printer");
    assert_eq!(ask(either(), "authorization", &format!("Bearer {}", key(1))).await, "200 printer");
    assert_eq!(answer(app(either()), get(&[])).await, no_credentials("Bearer"));
    let both = get(&[("authorization", &format!("Bearer {}", key(1))), ("x-api-key", &key(1))]);
    assert!(answer(app(either()), both).await.starts_with("400 "));
}

#[tokio::test]
async fn keys_and_other_bearer_tokens_can_share_a_header() {
    let opaque = |token: BearerToken| async move {
        Ok::<_, io::Error>((token.expose_secret() == "open-sesame").then(|| "Ali Baba".to_owned()))
    };
    let chain = || ApiKey::new(format(), Store::default()).or(Bearer::new(opaque));
    let ask = async |token: &str| ask(chain(), "authorization", &format!("Bearer {token}")).await;
    assert_eq!(ask(&key(1)).await, "200 printer");
    assert_eq!(ask("open-sesame").await, "200 Ali Baba");
    assert_eq!(ask("recipes_open-sesame").await, INVALID);
    assert_eq!(ask(&key(3)).await, INVALID);
    assert_eq!(answer(app(chain()), get(&[])).await, no_credentials("Bearer"));
}
