//! `Jwt` with keys from a provider.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use strict_jose::{Key, Rules};
use tower_passport::{Error, Jwt, ProvideKeys, Strategy, TokenCache, UnverifiedHeader, WithHeader};

use crate::answer::get;

/// Provides an old key, a newer one for unknown key ids, or an error.
#[derive(Default)]
struct Issuer {
    is_down: bool,
    asked_beyond: AtomicUsize,
}

fn key(kid: &str) -> Key {
    let secret = format!("the secret of the key that is called {kid}");
    Key::hs256(secret.as_bytes()).unwrap().with_kid(kid)
}

impl ProvideKeys for Issuer {
    type Keys<'a> = Key;

    async fn keys(&self, _: &UnverifiedHeader<'_>) -> Result<Key, Error> {
        if self.is_down { Err(Error::new("the issuer is down")) } else { Ok(key("old")) }
    }

    async fn keys_beyond(&self, header: &UnverifiedHeader<'_>) -> Result<Option<Key>, Error> {
        self.asked_beyond.fetch_add(1, Ordering::Relaxed);
        match header.kid().as_deref() {
            Some("new") => Ok(Some(key("new"))),
            Some("lost") => Err(Error::new("the issuer went down")),
            _ => Ok(None),
        }
    }
}

async fn conclusion(issuer: &Arc<Issuer>, token: &str) -> String {
    struct Shared(Arc<Issuer>);
    impl ProvideKeys for Shared {
        type Keys<'a> = Key;

        async fn keys(&self, header: &UnverifiedHeader<'_>) -> Result<Key, Error> {
            self.0.keys(header).await
        }

        async fn keys_beyond(&self, header: &UnverifiedHeader<'_>) -> Result<Option<Key>, Error> {
            self.0.keys_beyond(header).await
        }
    }
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt =
        Jwt::new(Shared(Arc::clone(issuer)), rules, async |claims: Value| Ok::<_, String>(Some(claims)))
            .clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    let (head, _) = get(&[("authorization", &format!("Bearer {token}"))]).into_parts();
    match jwt.authenticate(&head).await.map(tower_passport::Outcome::admit) {
        Ok(Ok(claims)) => format!("accepted {}", claims["sub"]),
        Ok(Err(rejection)) => format!("{} {}", rejection.status(), rejection.cause()),
        Err(error) => format!("error, misconfigured: {}", error.is_misconfigured()),
    }
}

fn token(key: &Key) -> String {
    key.sign("at+jwt", &json!({ "sub": "alice", "exp": 60 })).unwrap()
}

#[tokio::test]
async fn newer_keys_are_requested_only_for_an_unknown_key_id() {
    let issuer = Arc::new(Issuer::default());
    assert_eq!(conclusion(&issuer, &token(&key("old"))).await, r#"accepted "alice""#);
    assert_eq!(conclusion(&issuer, "junk").await, "401 Unauthorized unrecognized_token");
    let forged = token(&Key::hs256(&[7; 32]).unwrap().with_kid("old"));
    assert_eq!(conclusion(&issuer, &forged).await, "401 Unauthorized bad_signature");
    assert_eq!(issuer.asked_beyond.load(Ordering::Relaxed), 0);
    assert_eq!(conclusion(&issuer, &token(&key("new"))).await, r#"accepted "alice""#);
    assert_eq!(issuer.asked_beyond.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_token_with_an_unknown_key_is_invalid() {
    let issuer = Arc::new(Issuer::default());
    assert_eq!(conclusion(&issuer, &token(&key("mine"))).await, "401 Unauthorized unknown_key");
    let forged = token(&Key::hs256(&[7; 32]).unwrap().with_kid("new"));
    assert_eq!(conclusion(&issuer, &forged).await, "401 Unauthorized bad_signature");
}

#[tokio::test]
async fn unavailable_keys_are_503_not_401() {
    let down = Arc::new(Issuer { is_down: true, ..Issuer::default() });
    assert_eq!(conclusion(&down, &token(&key("old"))).await, "error, misconfigured: false");
    let up = Arc::new(Issuer::default());
    assert_eq!(conclusion(&up, &token(&key("lost"))).await, "error, misconfigured: false");
}

/// Chooses the keys by the header, and records it.
#[derive(Clone, Default)]
struct ByHeader(Arc<Mutex<Vec<String>>>);

impl ProvideKeys for ByHeader {
    type Keys<'a> = Key;

    async fn keys(&self, header: &UnverifiedHeader<'_>) -> Result<Key, Error> {
        self.0.lock().unwrap().push(format!("{header:?}"));
        let kid = header.kid().unwrap_or_default();
        Ok(key(kid.split('/').next().unwrap_or_default()).with_kid(kid))
    }
}

#[tokio::test]
async fn keys_can_be_chosen_by_the_header() {
    let keys = ByHeader::default();
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = Jwt::new(keys.clone(), rules, async |token: WithHeader<Value>| {
        let header = token.header;
        Ok::<_, String>(Some(format!("{} {:?} {:?}", token.claims["sub"], header.kid(), header.typ())))
    })
    .clock(|| SystemTime::UNIX_EPOCH + Duration::from_secs(1))
    .cache(TokenCache::new(10));
    let ask = async |token: &str| {
        let (head, _) = get(&[("authorization", &format!("Bearer {token}"))]).into_parts();
        match jwt.authenticate(&head).await.map(tower_passport::Outcome::admit) {
            Ok(Ok(seen)) => seen,
            Ok(Err(rejection)) => rejection.cause().to_string(),
            Err(error) => error.to_string(),
        }
    };
    let seen = r#""alice" Some("tenant/7") Some("at+jwt")"#;
    assert_eq!(ask(&token(&key("tenant").with_kid("tenant/7"))).await, seen);
    assert_eq!(ask(&token(&key("tenant").with_kid("tenant/7"))).await, seen, "from the cache");
    assert_eq!(ask(&token(&key("other").with_kid("tenant/7"))).await, "bad_signature");
    assert_eq!(ask("not.a.token").await, "malformed");
    let header = r#"UnverifiedHeader { kid: Some("tenant/7"), alg: Some("HS256"), typ: Some("at+jwt") }"#;
    let malformed = "UnverifiedHeader { kid: None, alg: None, typ: None }";
    assert_eq!(*keys.0.lock().unwrap(), [header, header, malformed]);
}
