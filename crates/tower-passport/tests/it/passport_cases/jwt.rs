//! passport-jwt.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};
use serde_json::{Value, json};
use strict_jose::{Key, Rules};
use tower_passport::{
    Bearer, BearerHeader, BearerToken, BodyField, Denial, Error, Jwt, NamedHeader, ProvideKeys,
    QueryParameter, Rejection, SchemeHeader, Strategy, TokenSource, UnverifiedHeader, Verification, Verify,
    token_from, with_request,
};

use super::{COMPILES_NOT, seen, send, site, told};
use crate::answer::{get, post};

const NOW: u64 = 1_800_000_000;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) async fn run(number: usize) -> String {
    if number < 28 { source(number).await } else { strategy(number).await }
}

async fn source(number: usize) -> String {
    match number {
        1 => extract(SchemeHeader::new("SCHEME"), bearer("SCHEME VALUE")).await,
        2 => HeaderValue::from_str("SCHEME\nVALUE").map_or("not a header", |_| "a header").to_owned(),
        3 => extract(BearerHeader, bearer("malformed")).await,
        4 => {
            let mut request = get(&[]);
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").unwrap());
            extract(BearerHeader, request).await
        }
        5 => extract(test_header(), get(&[])).await,
        6 => extract(test_header(), get(&[("test_header", "abcd123")])).await,
        7 => extract(BodyField::new("test_field"), post("", "")).await,
        8 => extract(BodyField::new("test_field"), post(JSON, "{}")).await,
        9 => extract(BodyField::new("test_field"), post(JSON, r#"{"test_field":"abcd123"}"#)).await,
        10 => extract(BodyField::new("test_field"), post(FORM, "test_field=abcd123")).await,
        11 => extract(QueryParameter::new("test_param"), get(&[])).await,
        12 => extract(QueryParameter::new("test_param"), at("/?test_param=abcd123")).await,
        13 => extract(SchemeHeader::new("TEST_SCHEME"), get(&[])).await,
        14 => extract(SchemeHeader::new("TEST_SCHEME"), bearer("NOT_TEST_SCHEME abcd123")).await,
        15 => extract(SchemeHeader::new("TEST_SCHEME"), bearer("TEST_SCHEME abcd123")).await,
        16 => extract(SchemeHeader::new("TEST_SCHEME"), bearer("test_scheme abcd123")).await,
        17 => extract(BearerHeader, bearer("bearer abcd123")).await,
        19 => extract((BearerHeader, NamedHeader::new(AUTHORIZATION)), get(&[])).await,
        20 => extract((BearerHeader, NamedHeader::new(AUTHORIZATION)), bearer("abcd123")).await,
        21 => extract((BearerHeader, NamedHeader::new(AUTHORIZATION)), bearer("bearer abcd123")).await,
        22 => extract(version_one(), bearer("JWT abcd123")).await,
        23 => extract(version_one(), post(JSON, r#"{"auth_token":"xyzabcd"}"#)).await,
        24 => extract(version_one(), at("/?auth_token=abcd123")).await,
        25 => {
            extract(SchemeHeader::new("MY_CUSTOM_AUTH_SCHEME"), bearer("MY_CUSTOM_AUTH_SCHEME deadbeef"))
                .await
        }
        26 => extract(BodyField::new("CUSTOM_FIELD"), post(JSON, r#"{"CUSTOM_FIELD":"badbeef"}"#)).await,
        27 => extract(QueryParameter::new("CustomParam"), at("/?CustomParam=deadbeef")).await,
        18 => COMPILES_NOT.to_owned(),
        _ => panic!("J{number} has no test"),
    }
}

async fn strategy(number: usize) -> String {
    match number {
        28 => jwt(rules()).name().into_owned(),
        29..=31 => COMPILES_NOT.to_owned(),
        32 => ask(jwt(rules()), &good()).await,
        33 => {
            let token = good();
            let source = token_from(move |_| Ok(Some(token.clone().into())));
            seen(site(jwt(rules()).tokens_from(source)), get(&[])).await
        }
        34 => seen(site(jwt(rules())), get(&[])).await,
        35 => calls(get(&[])).await,
        36 => seen(site(jwt(rules())), at("/")).await,
        37 => {
            let another = Key::hs256(b"another secret of at least thirty-two bytes").unwrap();
            option(rules(), [good(), another.sign("JWT", &claims(json!({}))).unwrap()]).await
        }
        38 => {
            let of = |issuer: &str| token(json!({ "iss": issuer }));
            let rules = Rules::typ("JWT").issuer("TestIssuer").any_audience();
            option(rules, [of("TestIssuer"), of("other")]).await
        }
        39 => {
            let of = |audience: &str| token(json!({ "aud": audience }));
            let rules = Rules::typ("JWT").any_issuer().audience("TestAudience");
            option(rules, [of("TestAudience"), of("other")]).await
        }
        40 => {
            let secret = b"a secret of at least forty-eight bytes, for HS384 too";
            let (hs256, hs384) = (Key::hs256(secret).unwrap(), Key::hs384(secret).unwrap());
            let [good, bad] = [&hs256, &hs384].map(|key| key.sign("JWT", &claims(json!({}))).unwrap());
            let verify = async |claims: Value| Ok::<_, Infallible>(name(&claims));
            let jwt = || Jwt::new(hs256.clone(), rules(), verify).clock(now);
            format!("{}, otherwise {}", ask(jwt(), &good).await, ask(jwt(), &bad).await)
        }
        41 => option(rules(), [good(), token(json!({ "exp": NOW - 1 }))]).await,
        42 => {
            let issued = |ago: u64| token(json!({ "iat": NOW - ago }));
            option(rules().max_age(Duration::from_hours(1)), [issued(3599), issued(3602)]).await
        }
        43 => {
            let expired = |ago: u64| token(json!({ "exp": NOW - ago }));
            option(rules().leeway(Duration::from_secs(10)), [expired(9), expired(11)]).await
        }
        44 => {
            let verify = async |claims: Value| Ok::<_, Infallible>(Some(claims.to_string()));
            ask(Jwt::new(key(), rules(), verify).clock(now), &good()).await
        }
        45 => calls(bearer(&format!("Bearer {}", token(json!({ "exp": NOW - 1 }))))).await,
        46 => {
            let expired = bearer(&format!("Bearer {}", token(json!({ "exp": NOW - 1 }))));
            let response = send(site(jwt(rules())), expired).await;
            let rejection = response.extensions().get::<Rejection>().unwrap();
            format!("401 {}, logged as {}", rejection.reason().as_str(), rejection.cause())
        }
        47 => calls(bearer("malformed")).await,
        48 => seen(site(jwt(rules())), bearer("malformed")).await,
        49 => verified(async |_| Ok::<_, Error>(Some("1234567890".to_owned()).into())).await,
        50 => verified(async |_| Ok::<_, Error>(Some("1234567890 bar".to_owned()).into())).await,
        51 => {
            let verify = async |_: Value| {
                let denial = Denial::new("unknown_user").with_description("invalid user");
                Ok::<Verification<String>, Error>(denial.into())
            };
            told(site(Jwt::new(key(), rules(), verify).clock(now)), bearer(&format!("Bearer {}", good())))
                .await
        }
        52 => verified(async |_| Err(Error::new("ERROR"))).await,
        53 => verified(async |_| panic!("EXCEPTION")).await,
        54 => {
            let verify = with_request(|claims: Value, request: &Parts| {
                let user = format!("{} at {}", claims["sub"].as_str().unwrap(), request.uri.path());
                async move { Ok::<_, Infallible>(Some(user)) }
            });
            let mut request = bearer(&format!("Bearer {}", good()));
            *request.uri_mut() = "/me".parse().unwrap();
            seen(site(Jwt::new(key(), rules(), verify).clock(now)), request).await
        }
        55 | 57 => provided(Provider::default(), None).await,
        56 => {
            let asked = Arc::clone(&Provider::default().asked);
            provided(Provider { asked: Arc::clone(&asked), ..Provider::default() }, Some("k1")).await;
            format!("asked for {}", asked.lock().unwrap().join(", "))
        }
        58 => provided(Provider { fails: true, ..Provider::default() }, None).await,
        _ => panic!("J{number} has no test"),
    }
}

/// The user is the text of the token.
async fn extract(source: impl TokenSource, request: Request<Body>) -> String {
    let echo = async |token: BearerToken| Ok::<_, Infallible>(Some(token.expose_secret().to_owned()));
    seen(site(Bearer::new(echo).tokens_from(source)), request).await
}

fn test_header() -> NamedHeader {
    NamedHeader::new(HeaderName::from_static("test_header"))
}

fn version_one() -> impl TokenSource {
    (SchemeHeader::new("JWT"), BodyField::new("auth_token"), QueryParameter::new("auth_token"))
}

fn bearer(authorization: &str) -> Request<Body> {
    get(&[("authorization", authorization)])
}

fn at(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

fn key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

fn rules() -> Rules {
    Rules::typ("JWT").any_issuer().any_audience()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn claims(mut change: Value) -> Value {
    let mut claims = json!({ "sub": "alice", "exp": NOW + 60 });
    claims.as_object_mut().unwrap().append(change.as_object_mut().unwrap());
    claims
}

fn token(change: Value) -> String {
    key().sign("JWT", &claims(change)).unwrap()
}

fn good() -> String {
    token(json!({}))
}

fn name(claims: &Value) -> Option<String> {
    claims["sub"].as_str().map(str::to_owned)
}

fn jwt(rules: Rules) -> Jwt<Key, Value, impl Verify<Value, User = String>> {
    Jwt::new(key(), rules, async |claims: Value| Ok::<_, Infallible>(name(&claims))).clock(now)
}

async fn ask(strategy: impl Strategy<User = String>, token: &str) -> String {
    seen(site(strategy), bearer(&format!("Bearer {token}"))).await
}

/// The responses to a token that the rules accept, and to another one.
async fn option(rules: Rules, [good, bad]: [String; 2]) -> String {
    format!("{}, otherwise {}", ask(jwt(rules.clone()), &good).await, ask(jwt(rules), &bad).await)
}

/// How often the verification is called.
async fn calls(request: Request<Body>) -> String {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let verify = move |claims: Value| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(name(&claims)) }
    };
    send(site(Jwt::new(key(), rules(), verify).clock(now)), request).await;
    format!("{} calls", calls.load(Ordering::Relaxed))
}

async fn verified<F>(verify: impl Fn(Value) -> F + Send + Sync + 'static) -> String
where
    F: Future<Output = Result<Verification<String>, Error>> + Send + 'static,
{
    ask(Jwt::new(key(), rules(), verify).clock(now), &good()).await
}

/// Provides the key, unless it fails, and notes the key ids that it is asked for.
#[derive(Default)]
struct Provider {
    fails: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ProvideKeys for Provider {
    type Keys<'a> = Key;

    async fn keys(&self, header: &UnverifiedHeader<'_>) -> Result<Key, Error> {
        self.asked.lock().unwrap().extend(header.kid());
        if self.fails {
            Err(Error::new("Error occurred looking for the secret"))
        } else {
            Ok(key().with_kid("k0"))
        }
    }
}

async fn provided(provider: Provider, kid: Option<&str>) -> String {
    let verify = async |claims: Value| Ok::<_, Infallible>(name(&claims));
    let token = key().with_kid(kid.unwrap_or("k0")).sign("JWT", &claims(json!({}))).unwrap();
    ask(Jwt::new(provider, rules(), verify).clock(now), &token).await
}
