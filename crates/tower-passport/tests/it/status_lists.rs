//! `Jwt` with `StatusLists`: revoked tokens, outages, hostile lists.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, Rules};
use tokio::net::TcpListener;
use tower_passport::{HttpClient, HttpError, Jwt, Network, StatusLists, TokenCache};

use crate::answer::{answer, app, get};
use crate::events::Lines;
use crate::identity_provider::{NOW, at};

const GOOD: &str = "200 alice";
const INVALID_TOKEN: &str = r#"401 [Bearer error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#;
const UNDECIDED: &str = r#"503 retry-after: 1 {"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#;
const TTL: u64 = 5;

/// `0x00, 0x00` and `0x80, 0x00`, compressed: place 7 is valid, then revoked.
const VALID: &str = "eNpjYAAAAAIAAQ";
const REVOKED: &str = "eNprYAAAAQIAgQ";

/// A server of status lists, and an API that follows them.
struct Site {
    lists: Arc<ListServer>,
    url: String,
    app: Router,
    seconds: Arc<AtomicU64>,
    key: Key,
}

struct ListServer {
    /// The list, or the status of the response.
    list: Mutex<Result<String, u16>>,
    fetches: AtomicUsize,
    not_modified: AtomicUsize,
    is_hanging: AtomicUsize,
}

impl Site {
    async fn start() -> Self {
        Self::with(|lists| lists).await
    }

    async fn with(settings: impl FnOnce(StatusLists) -> StatusLists) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/status/", listener.local_addr().unwrap());
        let lists = Arc::new(ListServer {
            list: Mutex::new(Err(404)),
            fetches: AtomicUsize::new(0),
            not_modified: AtomicUsize::new(0),
            is_hanging: AtomicUsize::new(0),
        });
        let serve = Router::new().fallback(serve).with_state(Arc::clone(&lists));
        tokio::spawn(async move { axum::serve(listener, serve).await });

        let key = Key::generate(Algorithm::EdDsa).unwrap().with_kid("2025");
        let http = HttpClient::new(Network::Loopback).unwrap().timeout(Duration::from_secs(3));
        let seconds = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&seconds);
        let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("recipes");
        let jwt = Jwt::new(key.public().unwrap(), rules, async |claims: Value| {
            Ok::<_, String>(claims["sub"].as_str().map(str::to_owned))
        })
        .status_lists(settings(StatusLists::new(&url, http).unwrap()))
        .cache(TokenCache::new(100))
        .clock(move || at(clock.load(Ordering::Relaxed)));
        let site = Self { lists, url, app: app(jwt), seconds, key };
        site.publish(VALID);
        site
    }

    /// The claims of a list that the issuer would publish now.
    fn claims(&self, lst: &str) -> Value {
        let now = self.seconds.load(Ordering::Relaxed);
        json!({
            "sub": format!("{}0", self.url), "iat": now, "exp": now + 10 * TTL, "ttl": TTL,
            "status_list": { "bits": 1, "lst": lst },
        })
    }

    fn publish(&self, lst: &str) {
        self.publish_claims(&self.claims(lst));
    }

    fn publish_claims(&self, claims: &Value) {
        *self.lists.list.lock().unwrap() = Ok(self.key.sign("statuslist+jwt", claims).unwrap());
    }

    fn publish_text(&self, text: impl Into<String>) {
        *self.lists.list.lock().unwrap() = Ok(text.into());
    }

    fn fail_with(&self, status: u16) {
        *self.lists.list.lock().unwrap() = Err(status);
    }

    /// The time in seconds after the start.
    fn at(&self, after: u64) {
        self.seconds.store(NOW + after, Ordering::Relaxed);
    }

    fn fetches(&self) -> usize {
        self.lists.fetches.load(Ordering::Relaxed)
    }

    async fn ask_with(&self, status: Value) -> String {
        let claims = json!({ "iss": "https://id.example", "aud": "recipes", "sub": "alice", "exp": NOW * 2, "status": status });
        let token = self.key.sign("at+jwt", &claims).unwrap();
        answer(self.app.clone(), get(&[("authorization", &format!("Bearer {token}"))])).await
    }

    /// The answer to a token with the place 7 in the list 0.
    async fn ask(&self) -> String {
        self.ask_with(json!({ "status_list": { "idx": 7, "uri": format!("{}0", self.url) } })).await
    }
}

async fn serve(State(lists): State<Arc<ListServer>>, headers: HeaderMap) -> Response {
    lists.fetches.fetch_add(1, Ordering::Relaxed);
    if lists.is_hanging.load(Ordering::Relaxed) > 0 {
        std::future::pending::<()>().await;
    }
    let list = lists.list.lock().unwrap().clone();
    match list {
        Err(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Ok(list) => {
            let etag = format!(
                "\"{}\"",
                URL_SAFE_NO_PAD
                    .encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, list.as_bytes()))
            );
            if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str()) {
                lists.not_modified.fetch_add(1, Ordering::Relaxed);
                return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
            }
            ([(header::ETAG, etag)], Body::from(list)).into_response()
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_when_the_ttl_has_passed() {
    let site = Site::start().await;
    assert_eq!(site.ask().await, GOOD);
    site.publish(REVOKED);
    site.at(3);
    assert_eq!(site.ask().await, GOOD, "the list is new enough");
    assert_eq!(site.fetches(), 1);
    site.at(TTL);
    assert_eq!(site.ask().await, INVALID_TOKEN, "this request waits for the next list");
    assert_eq!(site.fetches(), 2);
}

#[tokio::test]
async fn a_busy_site_fetches_the_next_list_in_the_background() {
    let site = Site::start().await;
    assert_eq!(site.ask().await, GOOD);
    site.publish(REVOKED);
    site.at(4);
    assert_eq!(site.ask().await, GOOD, "while the next list is fetched");
    while site.ask().await == GOOD {
        tokio::task::yield_now().await;
    }
    assert_eq!(site.fetches(), 2);
}

#[tokio::test]
async fn one_fetch_serves_all_requests() {
    let site = Arc::new(Site::start().await);
    let all: Vec<_> = (0..50)
        .map(|_| {
            let site = Arc::clone(&site);
            tokio::spawn(async move { site.ask().await })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), GOOD);
    }
    assert_eq!(site.fetches(), 1);
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_again_until_it_is_about_to_expire() {
    let site = Site::start().await;
    for round in 0..=9 {
        site.at(round * TTL);
        assert_eq!(site.ask().await, GOOD);
    }
    let not_modified = || site.lists.not_modified.load(Ordering::Relaxed);
    assert_eq!((site.fetches(), not_modified()), (10, 9));
    site.at(10 * TTL);
    assert_eq!(site.ask().await, UNDECIDED, "the list has expired, and the issuer has published no other");
    assert_eq!(not_modified(), 9, "an unconditional request");
    site.at(10 * TTL + 1);
    site.publish(VALID);
    assert_eq!(site.ask().await, GOOD);
}

#[tokio::test]
async fn without_an_answer_the_last_list_is_used_for_its_maximum_age_and_no_longer() {
    let site = Site::with(|lists| lists.max_age(Duration::from_secs(20))).await;
    assert_eq!(site.ask().await, GOOD);
    site.fail_with(500);
    for after in [TTL, 10, 19] {
        site.at(after);
        assert_eq!(site.ask().await, GOOD, "after {after} s");
    }
    site.at(20);
    assert_eq!(site.ask().await, UNDECIDED);
    let fetches = site.fetches();
    for _ in 0..20 {
        assert_eq!(site.ask().await, UNDECIDED);
    }
    assert_eq!(site.fetches(), fetches, "at most one in a second");
    site.at(21);
    site.publish(REVOKED);
    assert_eq!(site.ask().await, INVALID_TOKEN);
}

#[tokio::test]
async fn an_unreachable_server_at_the_start_is_503_and_never_401() {
    let site = Site::start().await;
    for status in [404, 500, 301, 304] {
        site.fail_with(status);
        assert_eq!(site.ask().await, UNDECIDED, "{status}");
        site.at(u64::from(status));
    }
    site.publish(VALID);
    assert_eq!(site.ask().await, GOOD);
}

#[tokio::test]
async fn requests_wait_for_a_hanging_server_for_a_second_in_total() {
    let site = Site::start().await;
    assert_eq!(site.ask().await, GOOD);
    site.lists.is_hanging.store(1, Ordering::Relaxed);
    site.at(TTL);
    let begin = tokio::time::Instant::now();
    for _ in 0..10 {
        assert_eq!(site.ask().await, GOOD, "the last list is used");
    }
    let elapsed = begin.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn an_invalid_list_is_a_failed_fetch() {
    let good = Site::start().await;
    let other = Key::generate(Algorithm::EdDsa).unwrap().with_kid("2025");
    let change = |name: &str, value: Value| {
        let mut claims = good.claims(REVOKED);
        claims[name] = value;
        good.key.sign("statuslist+jwt", &claims).unwrap()
    };
    let lists = [
        ("a wrong signature", other.sign("statuslist+jwt", &good.claims(VALID)).unwrap()),
        ("an unknown key", other.with_kid("2026").sign("statuslist+jwt", &good.claims(VALID)).unwrap()),
        ("an access token", good.key.sign("at+jwt", &good.claims(VALID)).unwrap()),
        ("another URL", change("sub", json!(format!("{}1", good.url)))),
        ("expired", change("exp", json!(NOW))),
        ("three bits", change("status_list", json!({ "bits": 3, "lst": VALID }))),
        ("not compressed", change("status_list", json!({ "bits": 1, "lst": "AAAA" }))),
        ("no token", "<html>".to_owned()),
        ("nothing", String::new()),
        ("endless", "A".repeat(300 * 1024)),
    ];
    for (name, list) in &lists {
        good.publish(VALID);
        good.at(0);
        assert_eq!(good.ask().await, GOOD, "{name}");
        good.publish_text(list);
        good.at(TTL);
        assert_eq!(good.ask().await, GOOD, "{name}: the last list is used");
        good.at(60);
        assert_eq!(good.ask().await, UNDECIDED, "{name}: it is too old");
        good.at(100);
    }
}

#[tokio::test]
async fn a_list_is_decompressed_up_to_the_limit_only() {
    let site = Site::with(|lists| lists.max_bytes(1)).await;
    assert_eq!(site.ask().await, UNDECIDED, "the list has two bytes");
    let site = Site::with(|lists| lists.max_bytes(2)).await;
    assert_eq!(site.ask().await, GOOD);
}

#[tokio::test]
async fn a_place_that_is_not_in_a_followed_list_is_refused() {
    let site = Site::start().await;
    let other = site.url.replace("/status/", "/else/");
    for status in [
        json!({ "status_list": { "idx": 16, "uri": format!("{}0", site.url) } }),
        json!({ "status_list": { "idx": u64::MAX, "uri": format!("{}0", site.url) } }),
        json!({ "status_list": { "idx": 7, "uri": format!("{other}0") } }),
        json!({ "status_list": { "idx": 7, "uri": "" } }),
        json!({ "status_list": { "idx": -7, "uri": format!("{}0", site.url) } }),
        json!({ "other": {} }),
        json!("revoked"),
    ] {
        assert_eq!(site.ask_with(status.clone()).await, INVALID_TOKEN, "{status}");
    }
    assert_eq!(site.fetches(), 1, "no other URL is fetched");
}

#[tokio::test]
async fn each_list_of_the_issuer_is_followed() {
    let site = Site::start().await;
    assert_eq!(site.ask().await, GOOD);
    let mut second = site.claims(REVOKED);
    second["sub"] = json!(format!("{}1", site.url));
    site.publish_claims(&second);
    let place = |list: u8| json!({ "status_list": { "idx": 7, "uri": format!("{}{list}", site.url) } });
    assert_eq!(site.ask_with(place(1)).await, INVALID_TOKEN);
    assert_eq!(site.ask_with(place(0)).await, GOOD);
    assert_eq!(site.fetches(), 2);
}

#[tokio::test]
async fn suspended_and_unknown_statuses_are_refused_and_the_log_says_why() {
    let lines = Lines::default();
    let _recording = tracing::subscriber::set_default(lines.clone());
    // Four places of two bits: 0, 1, 2, 3.
    for (idx, answer) in [(0, GOOD), (1, INVALID_TOKEN), (2, INVALID_TOKEN), (3, INVALID_TOKEN)] {
        let site = Site::start().await;
        let mut claims = site.claims("eNp7AgAA5QDl");
        claims["status_list"]["bits"] = json!(2);
        site.publish_claims(&claims);
        let place = json!({ "status_list": { "idx": idx, "uri": format!("{}0", site.url) } });
        assert_eq!(site.ask_with(place).await, answer, "{idx}");
    }
    let written = lines.written().join("\n");
    for cause in ["revoked", "suspended", "status_not_valid"] {
        assert!(written.contains(cause), "{cause}: {written}");
    }
}

#[tokio::test]
async fn a_token_without_a_status_is_accepted_unless_one_is_required() {
    let site = Site::start().await;
    assert_eq!(site.ask_with(json!(null)).await, GOOD);
    assert_eq!(site.fetches(), 0);
    let site = Site::with(StatusLists::required).await;
    assert_eq!(site.ask_with(json!(null)).await, INVALID_TOKEN);
    assert_eq!(site.ask().await, GOOD);
}

#[tokio::test]
async fn a_ttl_that_is_long_missing_or_tiny_is_bounded() {
    for (ttl, last, next) in [(json!(86_400), 22, 30), (json!(null), 22, 30), (json!(0.001), 0, 1)] {
        let site = Site::start().await;
        let publish = |lst| {
            let mut claims = site.claims(lst);
            claims["ttl"] = ttl.clone();
            site.publish_claims(&claims);
        };
        publish(VALID);
        assert_eq!(site.ask().await, GOOD);
        publish(REVOKED);
        site.at(last);
        assert_eq!(site.ask().await, GOOD);
        assert_eq!(site.fetches(), 1, "{ttl}");
        site.at(next);
        assert_eq!(site.ask().await, INVALID_TOKEN, "{ttl}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_keep_a_list_for_ever() {
    let site = Site::start().await;
    site.at(3_600);
    site.publish(VALID);
    assert_eq!(site.ask().await, GOOD);
    site.publish(REVOKED);
    site.at(0);
    assert_eq!(site.ask().await, INVALID_TOKEN);
}

#[test]
fn a_list_server_with_a_private_address_is_not_connected_to() {
    let http = || HttpClient::new(Network::Public).unwrap();
    for inside in ["http://id.example/status/", "https://127.0.0.1/", "https://10.0.0.1/", "status"] {
        assert!(matches!(StatusLists::new(inside, http()), Err(HttpError::Forbidden(_))), "{inside}");
    }
}
