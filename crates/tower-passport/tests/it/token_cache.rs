//! `TokenCache`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};
use strict_jose::{Key, Rules};
use tower_passport::{
    Error, Jwt, Outcome, ProvideKeys, Strategy, TokenCache, UnverifiedHeader, Verification, Verify,
};

use crate::answer::get;

const NOW: u64 = 1_800_000_000;

fn key(number: u8) -> Key {
    Key::hs256(&[number; 32]).unwrap()
}

/// A replaceable key, which counts how often it is used: once for each checked token.
#[derive(Clone)]
struct Keys {
    key: Arc<Mutex<Option<Key>>>,
    asked: Arc<AtomicUsize>,
}

impl ProvideKeys for Keys {
    type Keys<'a> = Key;

    async fn keys(&self, _: &UnverifiedHeader<'_>) -> Result<Key, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.key.lock().unwrap().clone().ok_or_else(|| Error::new("the keys cannot be had"))
    }

    async fn keys_beyond(&self, _: &UnverifiedHeader<'_>) -> Result<Option<Key>, Error> {
        Ok(None)
    }
}

#[derive(Clone, Deserialize)]
struct Claims {
    sub: String,
}

#[derive(Clone, Default)]
struct Users {
    locked: Arc<Mutex<HashSet<String>>>,
}

impl Verify<Claims> for Users {
    type User = String;

    async fn verify(&self, claims: Claims, _request: &Parts) -> Result<Verification<String>, Error> {
        Ok((!self.locked.lock().unwrap().contains(&claims.sub)).then_some(claims.sub).into())
    }
}

struct Site {
    guard: Jwt<Keys, Claims, Users>,
    keys: Keys,
    users: Users,
    now: Arc<AtomicU64>,
}

impl Site {
    fn new(rules: Rules, cache: TokenCache<Claims>) -> Self {
        let keys = Keys { key: Arc::new(Mutex::new(Some(key(1)))), asked: Arc::default() };
        let (users, now) = (Users::default(), Arc::new(AtomicU64::new(NOW)));
        let clock = Arc::clone(&now);
        let guard = Jwt::new(keys.clone(), rules, users.clone())
            .clock(move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)))
            .cache(cache);
        Self { guard, keys, users, now }
    }

    /// The user, and whether the token was checked again.
    async fn ask(&self, token: &str) -> (Option<String>, bool) {
        let before = self.keys.asked.load(Ordering::Relaxed);
        let user = match self.guard.authenticate(&bearer(token)).await {
            Ok(Outcome::Accept(user)) => Some(user),
            Ok(Outcome::Reject(_) | Outcome::Unrecognized(_)) => None,
            other => panic!("{other:?}"),
        };
        (user, self.keys.asked.load(Ordering::Relaxed) > before)
    }
}

fn rules() -> Rules {
    Rules::typ("at+jwt").any_issuer().any_audience()
}

fn token(claims: &Value) -> String {
    key(1).sign("at+jwt", claims).unwrap()
}

fn bearer(token: &str) -> Parts {
    get(&[("authorization", &format!("Bearer {token}"))]).into_parts().0
}

fn alice(anew: bool) -> (Option<String>, bool) {
    (Some("alice".into()), anew)
}

#[tokio::test]
async fn a_token_is_checked_once_and_its_claims_verified_each_time() {
    let site = Site::new(rules(), TokenCache::new(10));
    let token = token(&json!({ "sub": "alice", "exp": NOW + 600 }));
    assert_eq!(site.ask(&token).await, alice(true));
    assert_eq!(site.ask(&token).await, alice(false));
    site.users.locked.lock().unwrap().insert("alice".into());
    assert_eq!(site.ask(&token).await, (None, false));
    site.users.locked.lock().unwrap().clear();
    assert_eq!(site.ask(&token).await, alice(false));
}

#[tokio::test]
async fn a_changed_token_is_not_found_in_the_cache() {
    let site = Site::new(rules(), TokenCache::new(10));
    let token = token(&json!({ "sub": "alice", "exp": NOW + 600 }));
    assert_eq!(site.ask(&token).await, alice(true));
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = [&token[..at], other, &token[at + 1..]].concat();
        assert_eq!(site.ask(&changed).await.0, None, "{at}");
    }
    assert_eq!(site.ask(&token[..token.len() - 1]).await.0, None);
    assert_eq!(site.ask(&token).await, alice(false));
}

#[tokio::test]
async fn rejected_tokens_are_not_cached() {
    let site = Site::new(rules(), TokenCache::new(10));
    let forged = key(2).sign("at+jwt", &json!({ "sub": "alice", "exp": NOW + 600 })).unwrap();
    assert_eq!(site.ask(&forged).await, (None, true));
    assert_eq!(site.ask(&forged).await, (None, true));
}

#[tokio::test]
async fn an_entry_expires_with_its_token() {
    let with_age = || rules().max_age(Duration::from_secs(20)).leeway(Duration::from_secs(5));
    for (rules, claims, good_for) in [
        (rules(), json!({ "sub": "alice", "exp": NOW + 10 }), 10),
        (with_age(), json!({ "sub": "alice", "exp": NOW + 600, "iat": NOW }), 20),
        (with_age(), json!({ "sub": "alice", "exp": NOW + 10, "iat": NOW }), 10),
        (rules(), json!({ "sub": "alice", "exp": NOW + 600 }), 60),
        (rules().without_expiry(), json!({ "sub": "alice" }), 60),
    ] {
        let site = Site::new(rules, TokenCache::new(10));
        let token = token(&claims);
        assert_eq!(site.ask(&token).await, alice(true), "{claims}");
        site.now.store(NOW + good_for - 1, Ordering::Relaxed);
        assert_eq!(site.ask(&token).await, alice(false), "{claims}");
        site.now.store(NOW + good_for, Ordering::Relaxed);
        assert!(site.ask(&token).await.1, "{claims}");
    }
}

#[tokio::test]
async fn an_entry_is_not_used_if_the_clock_was_set_back() {
    let site = Site::new(rules(), TokenCache::new(10));
    let token = token(&json!({ "sub": "alice", "nbf": NOW, "exp": NOW + 600 }));
    assert_eq!(site.ask(&token).await, alice(true));
    site.now.store(NOW - 1, Ordering::Relaxed);
    assert_eq!(site.ask(&token).await, (None, true));
}

#[tokio::test]
async fn a_revoked_key_works_until_the_entry_expires() {
    let site = Site::new(rules(), TokenCache::new(10).lifetime(Duration::from_secs(5)));
    let token = token(&json!({ "sub": "alice", "exp": NOW + 600 }));
    assert_eq!(site.ask(&token).await, alice(true));
    *site.keys.key.lock().unwrap() = Some(key(2));
    site.now.store(NOW + 4, Ordering::Relaxed);
    assert_eq!(site.ask(&token).await, alice(false));
    site.now.store(NOW + 5, Ordering::Relaxed);
    assert_eq!(site.ask(&token).await, (None, true));
}

#[tokio::test]
async fn cached_tokens_are_accepted_while_keys_are_unavailable() {
    let site = Site::new(rules(), TokenCache::new(10));
    let [known, unknown] = ["alice", "bob"].map(|sub| token(&json!({ "sub": sub, "exp": NOW + 600 })));
    assert_eq!(site.ask(&known).await, alice(true));
    *site.keys.key.lock().unwrap() = None;
    assert_eq!(site.ask(&known).await, alice(false));
    assert!(site.guard.authenticate(&bearer(&unknown)).await.is_err());
}

#[tokio::test]
async fn the_cache_is_bounded() {
    let site = Site::new(rules(), TokenCache::new(10));
    let tokens: Vec<_> =
        (0..500).map(|number| token(&json!({ "sub": format!("{number}"), "exp": NOW + 600 }))).collect();
    for token in &tokens {
        site.ask(token).await;
    }
    // The cache evicts entries with a delay.
    for _ in 0..3 {
        for _ in 0..500 {
            site.ask(&tokens[0]).await;
        }
        std::thread::sleep(Duration::from_millis(350));
    }
    let mut held = 0;
    for token in &tokens {
        held += usize::from(!site.ask(token).await.1);
    }
    assert!(held <= 64, "{held} of 500 are held, 10 are allowed");
}

#[test]
fn debug_of_a_cache_shows_no_tokens() {
    assert_eq!(format!("{:?}", TokenCache::<Claims>::new(1)), "TokenCache { lifetime: 60s, .. }");
}
