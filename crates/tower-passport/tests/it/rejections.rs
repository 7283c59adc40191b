//! The responses of each strategy, and of chains of up to four, through the extractor and through the layer, as snapshots.
//! `INSTA_UPDATE=always cargo test -p tower-passport` updates them.

mod chains;
mod log_ins;
mod passwords;
mod sessions;
mod tokens;

use std::borrow::Cow;
use std::fmt::Write;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::routing::any as on_any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, Request};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use strict_jose::{Key, Rules};
use tower_passport::{
    ApiKey, ApiKeyFormat, Auth, Authenticate, Basic, BoxStrategy, CurrentUser, Jwt, LocalCredentials,
    MemoryStore, RejectionPages, Session, SessionRecord, SessionUser, Sessions, Strategy, TokenDigest,
};

use crate::answer::answer;

const NOW: u64 = 1_800_000_000;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// Finds a user by name; the store fails for `down`.
fn known(name: String) -> Ready<Result<Option<String>, io::Error>> {
    ready(match name.as_str() {
        "down" => Err(io::Error::other("the store is down")),
        "stranger" => Ok(None),
        _ => Ok(Some(name)),
    })
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn signing_key() -> Key {
    Key::hs256(b"a secret of at least thirty-two bytes").unwrap()
}

fn token(sub: &str, exp: u64) -> String {
    signing_key().sign("at+jwt", &json!({ "sub": sub, "exp": exp })).unwrap()
}

fn format() -> ApiKeyFormat {
    ApiKeyFormat::new("recipes").unwrap()
}

fn api_key_of(name: u8) -> String {
    format().generate(&[name; 32]).expose_secret().to_owned()
}

fn jwt() -> Jwt<Key, Claims, impl tower_passport::Verify<Claims, User = String>> {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    Jwt::new(signing_key(), rules, |claims: Claims| known(claims.sub)).clock(now)
}

fn api_key() -> ApiKey<impl tower_passport::Verify<TokenDigest, User = String>> {
    ApiKey::new(format(), |digest: TokenDigest| {
        let names = [(1, "printer"), (2, "down")];
        let found = names.into_iter().find(|(key, _)| TokenDigest::of(&api_key_of(*key)) == digest);
        known(found.map_or("stranger", |(_, name)| name).to_owned())
    })
}

async fn check_password(credentials: LocalCredentials) -> Result<Option<String>, io::Error> {
    let good = credentials.password.expose_secret() == "sesame";
    known(if good { credentials.username } else { "stranger".into() }).await
}

fn basic() -> BoxStrategy<String> {
    Basic::new("recipes", check_password).unwrap().boxed()
}

struct User(String);

impl SessionUser for User {
    fn id(&self) -> Cow<'_, str> {
        self.0.as_str().into()
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        b"hash".into()
    }
}

/// The strategy, and the session cookies of these users.
async fn session(users: &[&str]) -> (BoxStrategy<String>, Vec<String>) {
    let sessions = Sessions::new(MemoryStore::new()).clock(now);
    let mut cookies = Vec::new();
    for user in users {
        let set_cookie = sessions.log_in(&http::HeaderMap::new(), &User((*user).into())).await.unwrap();
        let value = http::HeaderValue::from(set_cookie).to_str().unwrap().to_owned();
        cookies.push(value.split(';').next().unwrap().to_owned());
    }
    let find = |session: SessionRecord| async { Ok::<_, io::Error>(known(session.user).await?.map(User)) };
    (Session::new(sessions, find).map(|User(name)| name).boxed(), cookies)
}

/// A request and its name in the table.
type Row = (&'static str, Request<Body>);

fn head(name: &'static str, fields: &[(HeaderName, &str)]) -> Row {
    let request =
        fields.iter().fold(Request::get("/"), |request, (name, value)| request.header(name, *value));
    (name, request.body(Body::empty()).unwrap())
}

fn authorization(name: &'static str, value: &str) -> Row {
    head(name, &[(AUTHORIZATION, value)])
}

fn body(name: &'static str, content_type: &str, body: &'static str) -> Row {
    (name, Request::post("/").header(CONTENT_TYPE, content_type).body(body.into()).unwrap())
}

fn basic_value(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// A strategy in the layer and in the extractor.
type Doors = [Router; 2];

fn required(strategy: BoxStrategy<String>) -> Doors {
    async fn layer(CurrentUser(user): CurrentUser<String>) -> String {
        user
    }
    async fn argument(Auth(user): Auth<BoxStrategy<String>>) -> String {
        user
    }
    let layer = Router::new().route("/", on_any(layer)).layer(Authenticate::new(strategy.clone()));
    [layer, Router::new().route("/", on_any(argument)).with_state(Arc::new(strategy))]
}

fn optional(strategy: BoxStrategy<String>) -> Doors {
    async fn layer(user: Option<CurrentUser<String>>) -> String {
        user.map_or_else(|| "(no user)".into(), |CurrentUser(user)| user)
    }
    async fn argument(user: Option<Auth<BoxStrategy<String>>>) -> String {
        user.map_or_else(|| "(no user)".into(), |Auth(user)| user)
    }
    let layer = Router::new().route("/", on_any(layer)).layer(Authenticate::new(strategy.clone()).optional());
    let argument = Router::new().route("/", on_any(argument)).with_state(Arc::new(strategy));
    [layer, argument.layer(RejectionPages::new())]
}

/// The responses to these requests, which are the same from the layer and from the extractor.
async fn table(doors: Doors, rows: impl Fn() -> Vec<Row>) -> String {
    let mut tables = [String::new(), String::new()];
    for (door, table) in doors.iter().zip(&mut tables) {
        for (name, request) in rows() {
            writeln!(table, "{name}\n    {}", answer(door.clone(), request).await).unwrap();
        }
    }
    let [layer, argument] = tables;
    assert_eq!(layer, argument, "what `Authenticate` says, and what `Auth` says");
    layer
}
