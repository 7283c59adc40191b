//! Limits on the number of allocations for a request.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::Deserialize;
use serde_json::json;
use strict_jose::{Key, Rules};
use tower_passport::{
    Anonymous, ApiKey, ApiKeyFormat, Auth, Authenticate, Basic, Challenge, Error, Jwt, LocalCredentials,
    MemoryStore, Or, Outcome, Rejection, Session, SessionRecord, SessionUser, Sessions, Strategy, TokenCache,
    TokenDigest, Verification, Verify,
};

use crate::answer::get;

/// Passes, accepts or rejects, as the header with its name says.
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

struct State(Arc<Four>, Arc<Jwt<Key, Claims, ReadClaims>>);

impl FromRef<State> for Arc<Four> {
    fn from_ref(State(four, _): &State) -> Self {
        Self::clone(four)
    }
}

impl FromRef<State> for Arc<Jwt<Key, Claims, ReadClaims>> {
    fn from_ref(State(_, jwt): &State) -> Self {
        Self::clone(jwt)
    }
}

struct ReadClaims;

#[derive(Clone, Deserialize)]
struct Claims {
    id: u64,
}

impl Verify<Claims> for ReadClaims {
    type User = u64;

    async fn verify(&self, claims: Claims, _request: &Parts) -> Result<Verification<u64>, Error> {
        Ok(Verification::Accept(claims.id))
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

/// The number of allocations of a future that is ready at once.
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
fn a_rejection_is_one_allocation() {
    let state = state();
    for (headers, cause, want) in [(&[][..], "no_credentials", 1), (&[("b", "8")], "invalid_token", 1)] {
        let (mut head, _) = get(headers).into_parts();
        let auth = <Auth<Four> as FromRequestParts<State>>::from_request_parts(&mut head, &state);
        let refused = |auth: Result<Auth<Four>, Rejection>| assert_eq!(auth.unwrap_err().cause(), cause);
        assert_eq!(allocations(auth, refused), want, "{cause}");
    }
}

#[test]
fn a_token_costs_no_more_than_strict_jose() {
    let (key, rules, state) = (key(), rules(), state());
    let token = key.sign("JWT", &json!({ "id": 7, "exp": 60 })).unwrap();
    let (mut head, _) = get(&[("authorization", &format!("Bearer {token}"))]).into_parts();
    // Twice: the first run also initializes the cryptographic library.
    let [_, alone] = [(); 2].map(|()| {
        let verify = async { rules.verify::<Claims>(&token, &key, now()) };
        allocations(verify, |verified| assert_eq!(verified.unwrap().claims.id, 7))
    });
    let [_, through_auth] = [(); 2].map(|()| {
        let auth = <Auth<Jwt<Key, Claims, ReadClaims>> as FromRequestParts<State>>::from_request_parts(
            &mut head, &state,
        );
        allocations(auth, |auth| assert_eq!(auth.unwrap().0, 7))
    });
    assert_eq!(through_auth, alone);
}

/// Accepts any credentials as user 7.
struct Seven;

impl Verify<TokenDigest> for Seven {
    type User = User;

    async fn verify(&self, _: TokenDigest, _request: &Parts) -> Result<Verification<User>, Error> {
        Ok(Verification::Accept(User))
    }
}

impl Verify<LocalCredentials> for Seven {
    type User = User;

    async fn verify(&self, _: LocalCredentials, _request: &Parts) -> Result<Verification<User>, Error> {
        Ok(Verification::Accept(User))
    }
}

impl Verify<SessionRecord> for Seven {
    type User = User;

    async fn verify(&self, _: SessionRecord, _request: &Parts) -> Result<Verification<User>, Error> {
        Ok(Verification::Accept(User))
    }
}

impl Verify<Claims> for Seven {
    type User = User;

    async fn verify(&self, _: Claims, _request: &Parts) -> Result<Verification<User>, Error> {
        Ok(Verification::Accept(User))
    }
}

#[derive(Clone)]
struct User;

impl SessionUser for User {
    fn id(&self) -> std::borrow::Cow<'_, str> {
        "7".into()
    }

    fn session_auth_hash(&self) -> std::borrow::Cow<'_, [u8]> {
        b"hash".into()
    }
}

/// A chain of four strategies of this crate.
fn four_real() -> impl Strategy<User = User> {
    ApiKey::new(ApiKeyFormat::new("recipes").unwrap(), Seven)
        .or(Jwt::<_, Claims, _>::new(key(), rules(), Seven).clock(now))
        .or(Basic::new("recipes", Seven).unwrap())
        .or(Session::new(Sessions::new(MemoryStore::new()).clock(now), Seven))
}

#[test]
fn four_strategies_pass_without_an_allocation() {
    let chain = four_real();
    let (head, _) = get(&[("cookie", "theme=dark"), ("accept", "text/html")]).into_parts();
    // Once before: `HeaderValue` allocates when a challenge is first cloned.
    let [_, counted] = [(); 2].map(|()| {
        let passed = |outcome| assert!(matches!(outcome, Ok(Outcome::Pass(_))));
        allocations(chain.authenticate(&head), passed)
    });
    assert_eq!(counted, 0);
}

#[test]
fn the_layer_allocates_only_its_future() {
    use tower::{Layer, Service};

    type Answer = Result<http::Response<axum::body::Body>, std::convert::Infallible>;

    let inner = tower::service_fn(|_: http::Request<axum::body::Body>| {
        std::future::ready::<Answer>(Ok(http::Response::default()))
    });
    let mut service = Authenticate::new(four_real()).optional().layer(inner);
    let mut alone = inner;
    let alone = allocations(alone.call(get(&[])), |answer: Answer| assert_eq!(answer.unwrap().status(), 200));
    let [_, counted] = [(); 2].map(|()| {
        let mut request = get(&[]);
        // As a router does: the first extension allocates a map.
        request.extensions_mut().insert(());
        let mut answer = None;
        // `call` allocates the future.
        let counted = allocation_counter::measure(|| {
            let mut future = service.call(request);
            if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                answer = Some(ready);
            }
        });
        assert_eq!(answer.unwrap().unwrap().status(), 200);
        counted.count_total
    });
    assert_eq!(counted, alone + 2, "one box for the future, one for the user type");
}

#[test]
fn an_api_key_and_a_cached_token_cost_no_allocation() {
    let format = ApiKeyFormat::new("recipes").unwrap();
    let text = secrecy::ExposeSecret::expose_secret(&format.generate(&[7; 32])).to_owned();
    let (head, _) = get(&[("authorization", &format!("Bearer {text}"))]).into_parts();
    let accepted = |outcome| assert!(matches!(outcome, Ok(Outcome::Accept(User))));
    assert_eq!(allocations(ApiKey::new(format, Seven).authenticate(&head), accepted), 0);

    let jwt = Jwt::<_, Claims, _>::new(key(), rules(), Seven).clock(now).cache(TokenCache::new(100));
    let token = key().sign("JWT", &json!({ "id": 7, "exp": 60 })).unwrap();
    let (head, _) = get(&[("authorization", &format!("Bearer {token}"))]).into_parts();
    // The cache allocates its frequency sketch at the 64th read.
    let counted: Vec<_> = (0..1100).map(|_| allocations(jwt.authenticate(&head), accepted)).collect();
    assert_eq!(counted[100..].iter().max(), Some(&0));
}
