//! `Jwt` with `RemoteKeys`: rotation, outages and unknown key ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, Rules};
use tower_passport::{Authenticate, CurrentUser, HttpClient, HttpError, Jwt, Network, RemoteKeys};

use crate::answer::{answer, get};
use crate::events::Lines;
use crate::identity_provider::{Answer, IdentityProvider, NOW, at};

const GOOD: &str = "200 alice";
const INVALID_TOKEN: &str = r#"401 [Bearer error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#;
const UNDECIDED: &str = r#"503 retry-after: 10 {"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#;

/// An API, its issuer, and a clock.
pub(crate) struct Api {
    pub(crate) issuer: IdentityProvider,
    seconds: Arc<AtomicU64>,
    app: Router,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(|issuer, http| RemoteKeys::of_issuer(&issuer.url, http)).await
    }

    async fn with(keys: impl FnOnce(&IdentityProvider, HttpClient) -> Result<RemoteKeys, HttpError>) -> Self {
        let issuer = IdentityProvider::start().await;
        issuer.now().published = vec![key("old")];
        let http = HttpClient::new(Network::Loopback).unwrap().timeout(Duration::from_secs(2));
        let seconds = Arc::new(AtomicU64::new(NOW));
        let [told, again] = [(); 2].map(|()| Arc::clone(&seconds));
        let keys = keys(&issuer, http).unwrap().clock(move || at(told.load(Ordering::Relaxed)));
        let rules = Rules::typ("at+jwt").issuer(&issuer.url).audience("recipes");
        let jwt = Jwt::new(keys, rules, async |claims: Value| {
            Ok::<_, String>(claims["sub"].as_str().map(str::to_owned))
        })
        .clock(move || at(again.load(Ordering::Relaxed)));
        let app = Router::new()
            .route("/", on_get(async |CurrentUser(user): CurrentUser<String>| user))
            .layer(Authenticate::new(jwt));
        Self { issuer, seconds, app }
    }

    fn at(&self, after: u64) {
        self.seconds.store(NOW + after, Ordering::Relaxed);
    }

    fn jwks_is(&self, answer: Option<Answer>) {
        self.issuer.now().answers = answer.into_iter().map(|answer| ("/jwks", answer)).collect();
    }

    pub(crate) async fn ask(&self, key: &Key) -> String {
        let claims = json!({ "iss": self.issuer.url, "aud": "recipes", "sub": "alice", "exp": NOW * 2 });
        let token = key.sign("at+jwt", &claims).unwrap();
        answer(self.app.clone(), get(&[("authorization", &format!("Bearer {token}"))])).await
    }

    fn fetches(&self) -> usize {
        self.issuer.asked("/jwks")
    }
}

pub(crate) fn key(kid: &str) -> Key {
    Key::generate(Algorithm::EdDsa).unwrap().with_kid(kid)
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_requests() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    let asks = all_at_once((0..20).map(|_| api.ask(&old))).await;
    assert!(asks.iter().all(|seen| seen == GOOD), "{asks:?}");
    assert_eq!(api.fetches(), 1);
    assert_eq!(api.ask(&key("old")).await, INVALID_TOKEN, "the name is known, the key is another");
    assert_eq!(api.fetches(), 1);
}

#[tokio::test]
async fn a_set_can_be_fetched_from_its_own_url() {
    let api = Api::with(|issuer, http| RemoteKeys::new(&format!("{}/jwks", issuer.url), http)).await;
    let old = api.issuer.now().published[0].clone();
    assert_eq!(api.ask(&old).await, GOOD);
    assert_eq!(api.issuer.asked("/.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn metadata_without_log_in_endpoints_are_accepted() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    let nothing = json!(null);
    api.issuer.now().metadata = json!({ "authorization_endpoint": nothing, "token_endpoint": nothing });
    assert_eq!(api.ask(&old).await, GOOD);
}

#[tokio::test]
async fn rotated_keys_are_fetched_when_a_token_names_one() {
    let api = Api::start().await;
    let (old, new) = (api.issuer.now().published[0].clone(), key("new"));
    assert_eq!(api.ask(&old).await, GOOD);
    api.issuer.now().published = vec![new.clone(), old.clone()];
    api.at(10);
    assert_eq!(api.ask(&new).await, GOOD);
    assert_eq!(api.ask(&old).await, GOOD);
    assert_eq!(api.fetches(), 2);
    api.issuer.now().published = vec![new.clone()];
    api.at(10 + 600);
    assert_eq!(api.ask(&old).await, GOOD, "stale, while the next set is fetched");
    while api.fetches() < 3 || api.ask(&old).await == GOOD {
        tokio::task::yield_now().await;
    }
    api.at(20 + 600);
    assert_eq!(api.ask(&old).await, INVALID_TOKEN, "a key that was taken back is worth nothing");
    assert_eq!(api.ask(&new).await, GOOD);
}

#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_in_ten_seconds() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    assert_eq!(api.ask(&old).await, GOOD);
    let flood = async |start: usize| {
        for number in start..start + 100 {
            assert_eq!(api.ask(&old.clone().with_kid(format!("unknown {number}"))).await, UNDECIDED);
        }
    };
    flood(0).await;
    assert_eq!(api.fetches(), 1, "the set was fetched just now");
    for round in 1..=3 {
        api.at(10 * round);
        assert_eq!(api.ask(&old.clone().with_kid(format!("looked for {round}"))).await, INVALID_TOKEN);
        flood(1_000 * usize::try_from(round).unwrap()).await;
        assert_eq!(api.fetches(), 1 + usize::try_from(round).unwrap());
        assert_eq!(api.ask(&old).await, GOOD, "tokens of known keys are accepted");
    }
    let new = key("new");
    api.issuer.now().published = vec![new.clone(), old.clone()];
    assert_eq!(api.ask(&new).await, UNDECIDED, "a pause, and not the word that it is bad");
    api.at(40);
    assert_eq!(api.ask(&key("unknown too")).await, INVALID_TOKEN);
    assert_eq!(api.ask(&new).await, GOOD, "the flood itself has it fetched");
}

#[tokio::test]
async fn a_found_key_id_is_not_cached_as_unknown() {
    let api = Api::start().await;
    let (old, new) = (api.issuer.now().published[0].clone(), key("new"));
    assert_eq!(api.ask(&old).await, GOOD);
    for (after, published) in [(10, vec![new.clone()]), (20, vec![old.clone()]), (30, vec![new.clone()])] {
        api.at(after);
        api.issuer.now().published = published.clone();
        assert_eq!(api.ask(&published[0]).await, GOOD, "after {after} s");
    }
}

#[tokio::test]
async fn an_unknown_key_id_is_cached() {
    let api = Api::start().await;
    let lost = key("lost");
    assert_eq!(api.ask(&lost).await, UNDECIDED);
    api.at(10);
    assert_eq!(api.ask(&lost).await, INVALID_TOKEN);
    assert_eq!(api.fetches(), 2);
    for after in [20, 30, 39] {
        api.at(after);
        assert_eq!(api.ask(&lost).await, INVALID_TOKEN);
    }
    assert_eq!(api.fetches(), 2);
    api.at(40);
    assert_eq!(api.ask(&lost).await, INVALID_TOKEN);
    assert_eq!(api.fetches(), 3);
}

#[tokio::test]
async fn a_key_that_is_published_after_its_first_token_is_found_within_half_a_minute() {
    let api = Api::start().await;
    let (old, new) = (api.issuer.now().published[0].clone(), key("new"));
    assert_eq!(api.ask(&old).await, GOOD);
    api.at(10);
    assert_eq!(api.ask(&new).await, INVALID_TOKEN, "looked for, and not published yet");
    api.issuer.now().published = vec![new.clone(), old.clone()];
    // Another unknown id was looked for a moment ago: that the key does not exist is not known then.
    api.at(39);
    assert_eq!(api.ask(&key("unknown").with_kid("unknown")).await, INVALID_TOKEN);
    api.at(40);
    assert_eq!(api.ask(&new).await, GOOD);
}

#[tokio::test]
async fn an_id_that_may_not_be_looked_for_again_yet_is_503() {
    let api = Api::start().await;
    let (old, new) = (api.issuer.now().published[0].clone(), key("new"));
    assert_eq!(api.ask(&old).await, GOOD);
    api.at(10);
    assert_eq!(api.ask(&new).await, INVALID_TOKEN);
    api.at(35);
    assert_eq!(api.ask(&key("other")).await, INVALID_TOKEN);
    api.issuer.now().published = vec![new.clone(), old];
    api.at(41);
    let wait = UNDECIDED.replace("retry-after: 10", "retry-after: 4");
    assert_eq!(
        api.ask(&new).await,
        wait,
        "no longer known to be unknown, and the last fetch is 6 seconds ago"
    );
    api.at(45);
    assert_eq!(api.ask(&new).await, GOOD);
}

/// A set without a key for signatures is a mistake of the issuer: all its log-ins would end.
#[tokio::test]
async fn a_set_without_a_usable_key_is_a_failed_fetch() {
    let bad = json!({ "kty": "RSA", "alg": "RS256", "n": "AQAB", "e": "AQAB", "kid": "bad" });
    let other = json!({ "kty": "OKP", "crv": "X25519", "x": "AA", "kid": "for encryption" });
    for keys in [json!([]), json!([other]), json!([bad]), json!([bad, other])] {
        let empty = || Some(Answer::Text(json!({ "keys": keys }).to_string()));
        let api = Api::start().await;
        let old = api.issuer.now().published[0].clone();
        api.jwks_is(empty());
        assert_eq!(api.ask(&old).await, UNDECIDED, "at the first fetch: {keys}");
        api.jwks_is(None);
        api.at(10);
        assert_eq!(api.ask(&old).await, GOOD);
        // At a renewal, and at a look-up of an unknown id.
        api.jwks_is(empty());
        for after in [610, 620, 630] {
            api.at(after);
            assert_eq!(api.ask(&key("new")).await, UNDECIDED);
            assert_eq!(api.ask(&old).await, GOOD, "{keys}");
        }
        api.at(80_000);
        assert_eq!(api.ask(&old).await, GOOD, "what was known stays in use for a day");
    }
}

#[tokio::test]
async fn an_invalid_key_does_not_spoil_the_set_and_is_logged() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    let (bad, lines) = (key("bad"), Lines::default());
    let jwks = |bad: &str| format!(r#"{{"keys":[{bad},{}]}}"#, old.to_public_jwk().unwrap());
    let small = r#"{"kty":"RSA","alg":"RS256","kid":"bad","n":"AQAB","e":"AQAB"}"#;
    api.jwks_is(Some(Answer::Text(jwks(small))));
    let recording = tracing::subscriber::set_default(lines.clone());
    assert_eq!(api.ask(&old).await, GOOD);
    drop(recording);
    let warning = r#"key 0 of the set, "bad": the RSA key has 17 bits; 2048 to 8192 are accepted"#;
    let written = lines.written();
    assert!(written.iter().any(|line| line.starts_with("WARN") && line.contains(warning)), "{written:?}");
    api.at(10);
    assert_eq!(api.ask(&bad).await, INVALID_TOKEN);
    // The issuer corrects the key.
    api.jwks_is(Some(Answer::Text(jwks(&bad.to_public_jwk().unwrap()))));
    api.at(40);
    assert_eq!(api.ask(&bad).await, GOOD);
}

#[tokio::test]
async fn an_unreachable_key_server_is_503_and_is_not_asked_too_often() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    api.jwks_is(Some(Answer::Status(500)));
    for _ in 0..20 {
        assert_eq!(api.ask(&old).await, UNDECIDED);
    }
    assert_eq!(api.fetches(), 1);
    api.jwks_is(None);
    api.at(10);
    assert_eq!(api.ask(&old).await, GOOD);
}

#[tokio::test]
async fn cached_keys_are_used_during_an_outage_of_a_day() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    assert_eq!(api.ask(&old).await, GOOD);
    api.jwks_is(Some(Answer::Status(503)));
    for after in [600, 3_600, 86_399] {
        api.at(after);
        assert_eq!(api.ask(&old).await, GOOD);
    }
    api.at(86_399 + 10);
    assert_eq!(api.ask(&old).await, UNDECIDED);
}

#[tokio::test]
async fn an_unknown_key_is_503_during_an_outage() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    assert_eq!(api.ask(&old).await, GOOD);
    api.jwks_is(Some(Answer::Status(503)));
    api.at(10);
    assert_eq!(api.ask(&key("new")).await, UNDECIDED);
    assert_eq!(api.ask(&old).await, GOOD);
}

#[tokio::test]
async fn an_invalid_set_is_ignored_and_the_previous_one_stays() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    assert_eq!(api.ask(&old).await, GOOD);
    let private = format!(r#"{{"keys":[{}]}}"#, key("new").to_jwk().expose());
    let mut after = 600;
    for broken in [
        Answer::Text("<html>".into()),
        Answer::Text("{}".into()),
        Answer::Text(r#"{"keys":[],"keys":[]}"#.into()),
        Answer::Text(private),
        Answer::Endless,
        Answer::RedirectTo(format!("{}/.well-known/openid-configuration", api.issuer.url)),
    ] {
        api.jwks_is(Some(broken));
        api.at(after);
        assert_eq!(api.ask(&key("new")).await, UNDECIDED);
        assert_eq!(api.ask(&old).await, GOOD);
        after += 10;
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_are_rejected() {
    let api = Api::start().await;
    let old = api.issuer.now().published[0].clone();
    api.issuer.now().metadata = json!({ "issuer": "https://evil.example" });
    assert_eq!(api.ask(&old).await, UNDECIDED);
    assert_eq!(api.fetches(), 0);
}

#[tokio::test]
async fn an_rsa_key_without_an_algorithm_gets_the_configured_one() {
    let published = |issuer: &IdentityProvider| {
        let mut jwk: Value =
            serde_json::from_str(&crate::identity_provider::rsa().to_public_jwk().unwrap()).unwrap();
        jwk.as_object_mut().unwrap().remove("alg");
        let jwks = json!({ "keys": [jwk] }).to_string();
        issuer.now().answers = [("/jwks", Answer::Text(jwks))].into();
    };
    let api = Api::start().await;
    published(&api.issuer);
    assert_eq!(api.ask(&crate::identity_provider::rsa()).await, GOOD);
    let api = Api::with(|issuer, http| {
        RemoteKeys::of_issuer(&issuer.url, http).map(|keys| keys.rsa_algorithm(Algorithm::Ps256))
    })
    .await;
    published(&api.issuer);
    assert_eq!(api.ask(&crate::identity_provider::rsa()).await, INVALID_TOKEN);
}

#[test]
fn a_key_server_with_a_private_address_is_not_connected_to() {
    let http = || HttpClient::new(Network::Public).unwrap();
    for inside in ["http://id.example/jwks", "https://127.0.0.1/jwks", "https://10.0.0.1/jwks", "jwks"] {
        assert!(matches!(RemoteKeys::new(inside, http()), Err(HttpError::Forbidden(_))), "{inside}");
        assert!(matches!(RemoteKeys::of_issuer(inside, http()), Err(HttpError::Forbidden(_))), "{inside}");
    }
}

async fn all_at_once<T: Send>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut pending {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}
