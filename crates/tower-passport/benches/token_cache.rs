//! The time of a request with a cached token and with a token that is checked: `cargo bench -p tower-passport`.
//!
//! The same requests through the same strategy, with and without a `TokenCache`. Compare figures of one run only. The token
//! has the claims of a usual access token and about 300 bytes.

#![expect(clippy::expect_used, reason = "a failed benchmark may panic")]

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use divan::{Bencher, black_box};
use http::Request;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use strict_jose::{Algorithm, Key, Rules};
use tower_passport::{Error, Jwt, Outcome, Strategy, TokenCache, Verification, Verify};

fn main() {
    divan::main();
}

/// The most common algorithms.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

#[divan::bench(args = ALGORITHMS)]
fn checked(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let (key, head) = request(algorithm);
    let jwt = Jwt::new(key, rules(), Known);
    bencher.bench_local(|| outcome(&jwt, black_box(&head)));
}

#[divan::bench(args = ALGORITHMS)]
fn cached(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let (key, head) = request(algorithm);
    let jwt = Jwt::new(key, rules(), Known).cache(TokenCache::new(10_000));
    outcome(&jwt, &head);
    bencher.bench_local(|| outcome(&jwt, black_box(&head)));
}

#[derive(Clone, Serialize, Deserialize)]
struct Access {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
    iat: u64,
}

/// The claims that the application reads. They contain no text, so that a hit copies none.
#[derive(Clone, Deserialize)]
struct Expiry {
    exp: u64,
}

struct Known;

impl Verify<Expiry> for Known {
    type User = u64;

    async fn verify(&self, claims: Expiry, _request: &Parts) -> Result<Verification<u64>, Error> {
        Ok(Verification::Accept(claims.exp))
    }
}

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://recipes.example";

fn rules() -> Rules {
    Rules::typ("at+jwt").issuer(ISSUER).audience(AUDIENCE)
}

/// The verification key, and a request with a token that is valid for an hour.
fn request(algorithm: Algorithm) -> (Key, Parts) {
    let key = Key::generate(algorithm).expect("a key").with_thumbprint_as_kid();
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("a time after 1970");
    let claims = Access {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: "0198c5f2-7d1e-7c3b-9a54-2f6f0f7a1d10".into(),
        exp: (now + Duration::from_hours(1)).as_secs(),
        iat: now.as_secs(),
    };
    let token = key.sign("at+jwt", &claims).expect("a token");
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let (head, ()) = request.body(()).expect("a request").into_parts();
    (key.public().unwrap_or(key), head)
}

/// The outcome of the first poll: nothing here waits.
fn outcome(jwt: &impl Strategy<User = u64>, head: &Parts) -> u64 {
    match pin!(jwt.authenticate(head)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(Outcome::Accept(exp))) => exp,
        _ => 0,
    }
}
