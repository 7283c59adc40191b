//! What a request costs: counted, so that it stays so.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::Deserialize;
use serde_json::json;
use strict_jose::{Key, Rules};
use tower_passport::{
    Anonymous, Auth, Challenge, Error, Jwt, Or, Outcome, Refusal, Rejection, Strategy, VerifyClaims,
};

use crate::answer::get;

/// Passes with a challenge of its own, or accepts or rejects if its header is there.
struct Fixed(&'static str);

impl Strategy for Fixed {
    type User = u64;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<u64>, Error> {
        let challenge = Challenge::from_static(self.0);
        Ok(match request.headers.get(self.0).map(http::HeaderValue::as_bytes) {
            None => Outcome::Pass(challenge.into()),
            Some(b"7") => Outcome::Accept(7),
            Some(_) => Outcome::Reject(Rejection::invalid_token(challenge)),
        })
    }
}

type Four = Or<Or<Or<Fixed, Fixed>, Fixed>, Fixed>;

struct State(Arc<Four>, Arc<Jwt<Key, ReadClaims>>);

impl FromRef<State> for Arc<Four> {
    fn from_ref(State(four, _): &State) -> Self {
        Self::clone(four)
    }
}

impl FromRef<State> for Arc<Jwt<Key, ReadClaims>> {
    fn from_ref(State(_, jwt): &State) -> Self {
        Self::clone(jwt)
    }
}

struct ReadClaims;

#[derive(Deserialize)]
struct Claims {
    id: u64,
}

impl VerifyClaims for ReadClaims {
    type Claims = Claims;
    type User = u64;
    type Error = std::convert::Infallible;

    async fn verify(&self, claims: Claims) -> Result<Option<u64>, std::convert::Infallible> {
        Ok(Some(claims.id))
    }
}

fn state() -> State {
    let four = Fixed("a").or(Fixed("b")).or(Fixed("c")).or(Fixed("d"));
    State(Arc::new(four), Arc::new(Jwt::new(key(), rules(), ReadClaims).clock(now)))
}

fn key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

fn rules() -> Rules {
    Rules::typ("JWT").any_issuer().any_audience()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1)
}

/// How many allocations the future makes; it must not wait for anything.
fn allocations<T>(future: impl Future<Output = T>, check: impl FnOnce(T)) -> u64 {
    let mut output = None;
    let counted = allocation_counter::measure(|| {
        let future = std::pin::pin!(future);
        if let Poll::Ready(value) = future.poll(&mut Context::from_waker(Waker::noop())) {
            output = Some(value);
        }
    });
    check(output.expect("ready at once"));
    counted.count_total
}

#[test]
fn auth_adds_no_allocation() {
    let state = state();
    for header in ["a", "d"] {
        let (mut head, _) = get(&[(header, "7")]).into_parts();
        let auth = <Auth<Four> as FromRequestParts<State>>::from_request_parts(&mut head, &state);
        assert_eq!(allocations(auth, |auth| assert_eq!(auth.unwrap().0, 7)), 0);
    }
}

#[test]
fn four_static_challenges_need_no_allocation() {
    let state = state();
    let (mut head, _) = get(&[]).into_parts();
    let auth = <Auth<Four> as OptionalFromRequestParts<State>>::from_request_parts(&mut head, &state);
    assert_eq!(allocations(auth, |auth| assert!(auth.unwrap().is_none())), 0);
    let guest = Fixed("a").or(Anonymous::new(|| 8));
    let outcome = guest.authenticate(&head);
    assert_eq!(allocations(outcome, |outcome| assert!(matches!(outcome, Ok(Outcome::Accept(8))))), 0);
}

#[test]
fn a_refusal_is_one_allocation_and_a_rejection_another() {
    let state = state();
    for (headers, cause, want) in [(&[][..], "no_credentials", 1), (&[("b", "8")], "invalid_token", 2)] {
        let (mut head, _) = get(headers).into_parts();
        let auth = <Auth<Four> as FromRequestParts<State>>::from_request_parts(&mut head, &state);
        let refused = |auth: Result<Auth<Four>, Refusal>| assert_eq!(auth.unwrap_err().cause(), cause);
        assert_eq!(allocations(auth, refused), want, "{cause}");
    }
}

#[test]
fn a_token_costs_what_strict_jose_costs() {
    let (key, rules, state) = (key(), rules(), state());
    let token = key.sign("JWT", &json!({ "id": 7, "exp": 60 })).unwrap();
    let (mut head, _) = get(&[("authorization", &format!("Bearer {token}"))]).into_parts();
    // Twice, because `Rules` keep the header of the first token.
    let [_, alone] = [(); 2].map(|()| {
        let verify = async { rules.verify::<Claims>(&token, &key, now()) };
        allocations(verify, |verified| assert_eq!(verified.unwrap().claims.id, 7))
    });
    let [_, through_auth] = [(); 2].map(|()| {
        let auth =
            <Auth<Jwt<Key, ReadClaims>> as FromRequestParts<State>>::from_request_parts(&mut head, &state);
        allocations(auth, |auth| assert_eq!(auth.unwrap().0, 7))
    });
    assert_eq!(through_auth, alone);
}
