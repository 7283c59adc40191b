//! What each strategy, and chains of up to four, answer to the same requests: a table that changes where anybody can see
//! it. `INSTA_UPDATE=always cargo test -p tower-passport` writes it anew.

use std::borrow::Cow;
use std::fmt::Write;
use std::future::{Ready, ready};
use std::io;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::routing::any as on_any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderName, Request};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use strict_jose::{Key, Rules};
use tower_passport::{
    Anonymous, ApiKey, ApiKeyFormat, Authenticate, Basic, Bearer, BearerToken, BodyField, BoxStrategy,
    BufferBody, CurrentUser, Jwt, Local, LocalCredentials, MemoryStore, NamedHeader, Session, SessionUser,
    Sessions, Strategy, TokenDigest,
};

use crate::answer::answer;

const NOW: u64 = 1_800_000_000;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// Whoever is here by this name; the store of those called `down` is down.
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

fn jwt() -> Jwt<Key, impl tower_passport::VerifyClaims<User = String>> {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    Jwt::new(signing_key(), rules, |claims: Claims| known(claims.sub)).clock(now)
}

fn bearer() -> BoxStrategy<String> {
    let verify = |token: BearerToken| known(token.expose_secret().to_owned());
    Bearer::new(verify).realm("recipes").unwrap().boxed()
}

fn api_key() -> ApiKey<impl tower_passport::VerifyApiKey<User = String>> {
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

/// The strategy, and the cookies of sessions of these users.
async fn session(users: [&str; 3]) -> (BoxStrategy<String>, Vec<String>) {
    let sessions = Sessions::new(MemoryStore::new()).clock(now);
    let mut cookies = Vec::new();
    for user in users {
        let set_cookie = sessions.log_in(&http::HeaderMap::new(), &User(user.into())).await.unwrap();
        let value = http::HeaderValue::from(set_cookie).to_str().unwrap().to_owned();
        cookies.push(value.split(';').next().unwrap().to_owned());
    }
    let load = |id: String| async { Ok::<_, io::Error>(known(id).await?.map(User)) };
    (Session::new(sessions, load).map(|User(name)| name).boxed(), cookies)
}

/// A request, by the name that it has in the table.
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

fn app(strategy: BoxStrategy<String>, guests: bool) -> Router {
    async fn whoami(user: Option<CurrentUser<String>>) -> String {
        user.map_or_else(|| "(nobody)".into(), |CurrentUser(user)| user)
    }
    let door = Authenticate::new(strategy);
    Router::new().route("/", on_any(whoami)).layer(if guests { door.optional() } else { door })
}

async fn table(app: Router, rows: Vec<Row>) -> String {
    let mut table = String::new();
    for (name, request) in rows {
        writeln!(table, "{name}\n    {}", answer(app.clone(), request).await).unwrap();
    }
    table
}

fn jwt_rows() -> Vec<Row> {
    let good = token("alice", NOW + 60);
    vec![
        head("nothing", &[]),
        authorization("good", &format!("Bearer {good}")),
        authorization("another scheme", "Digest username=\"a\""),
        authorization("expired", &format!("Bearer {}", token("alice", NOW - 1))),
        authorization("forged", &format!("Bearer {good}x")),
        authorization("of a stranger", &format!("Bearer {}", token("stranger", NOW + 60))),
        authorization("store down", &format!("Bearer {}", token("down", NOW + 60))),
        authorization("two words", "Bearer a b"),
        head("two fields", &[(AUTHORIZATION, &format!("Bearer {good}")), (AUTHORIZATION, "Basic YTpi")]),
        authorization("no scheme", "\"\""),
    ]
}

#[tokio::test]
async fn of_jwt() {
    insta::assert_snapshot!("jwt", table(app(jwt().boxed(), false), jwt_rows()).await);
    insta::assert_snapshot!("jwt_optional", table(app(jwt().boxed(), true), jwt_rows()).await);
}

#[tokio::test]
async fn of_bearer() {
    let rows = vec![
        head("nothing", &[]),
        authorization("good", "Bearer alice"),
        authorization("of a stranger", "Bearer stranger"),
        authorization("store down", "Bearer down"),
        authorization("nothing after the scheme", "Bearer"),
    ];
    insta::assert_snapshot!("bearer", table(app(bearer(), false), rows).await);
}

#[tokio::test]
async fn of_api_key() {
    let rows = vec![
        head("nothing", &[]),
        authorization("good", &format!("Bearer {}", api_key_of(1))),
        authorization("unknown", &format!("Bearer {}", api_key_of(3))),
        authorization("store down", &format!("Bearer {}", api_key_of(2))),
        authorization("mistyped", &format!("Bearer {}x", &api_key_of(1)[..56])),
        authorization("another prefix", "Bearer other_key"),
        authorization("two words", "Bearer a b"),
    ];
    insta::assert_snapshot!("api_key", table(app(api_key().boxed(), false), rows).await);
    let named = api_key().tokens_from(NamedHeader::new(HeaderName::from_static("x-api-key")));
    let x_api_key = |name, value: &str| head(name, &[(HeaderName::from_static("x-api-key"), value)]);
    let rows = vec![
        head("nothing", &[]),
        x_api_key("good", &api_key_of(1)),
        x_api_key("junk", "junk"),
        x_api_key("two words", "a b"),
        authorization("in the other header", &format!("Bearer {}", api_key_of(1))),
    ];
    insta::assert_snapshot!("api_key_in_a_header", table(app(named.boxed(), false), rows).await);
}

#[tokio::test]
async fn of_basic() {
    let rows = vec![
        head("nothing", &[]),
        authorization("good", &basic_value("alice:sesame")),
        authorization("wrong", &basic_value("alice:x")),
        authorization("store down", &basic_value("down:sesame")),
        authorization("no colon", &basic_value("alice")),
        authorization("no base64", "Basic a:b"),
    ];
    insta::assert_snapshot!("basic", table(app(basic(), false), rows).await);
}

#[tokio::test]
async fn of_session() {
    let (session, cookies) = session(["alice", "stranger", "down"]).await;
    let cross = [(COOKIE, cookies[0].as_str()), (HeaderName::from_static("sec-fetch-site"), "cross-site")];
    let (name, mut from_elsewhere) = head("good, and another site posts", &cross);
    *from_elsewhere.method_mut() = http::Method::POST;
    let rows = vec![
        head("nothing", &[]),
        head("good", &[(COOKIE, &cookies[0])]),
        (name, from_elsewhere),
        head("of no session", &[(COOKIE, "__Host-session=x")]),
        head("of a user who is gone", &[(COOKIE, &cookies[1])]),
        head("store down", &[(COOKIE, &cookies[2])]),
        head("twice", &[(COOKIE, "__Host-session=x; __Host-session=y")]),
    ];
    insta::assert_snapshot!("session", table(app(session, false), rows).await);
}

fn body_rows(name: &'static str, field: [&'static str; 2]) -> Vec<Row> {
    let [form, json] = field;
    vec![
        head("nothing", &[]),
        body("good form", FORM, form),
        body("good JSON", JSON, json),
        body(name, FORM, "username=alice&password=x&token=x"),
        body("twice", FORM, "username=a&username=b&token=a&token=b"),
        body("broken JSON", JSON, "{"),
        body("neither of both", "text/plain", form),
        body("fields missing", JSON, "{}"),
        body(
            "over the limit",
            FORM,
            "username=alice&password=sesame&token=a&padding=0123456789012345678901234567890123456789",
        ),
    ]
}

#[tokio::test]
async fn of_strategies_that_read_the_body() {
    let local = || Local::new(check_password).boxed();
    let fields = || ["username=alice&password=sesame", r#"{"username":"alice","password":"sesame"}"#];
    let buffered = |strategy, guests| app(strategy, guests).layer(BufferBody::new(64));
    insta::assert_snapshot!("local", table(buffered(local(), false), body_rows("wrong", fields())).await);
    insta::assert_snapshot!(
        "local_optional",
        table(buffered(local(), true), body_rows("wrong", fields())).await
    );
    insta::assert_snapshot!(
        "local_without_the_layer",
        table(app(local(), false), body_rows("wrong", fields())).await
    );

    let verify = |token: BearerToken| {
        known(if token.expose_secret() == "x" { "stranger" } else { "alice" }.to_owned())
    };
    let in_body = || Bearer::new(verify).tokens_from(BodyField::new("token")).boxed();
    let fields = || ["token=abc", r#"{"token":"abc"}"#];
    insta::assert_snapshot!(
        "token_in_body",
        table(buffered(in_body(), false), body_rows("wrong", fields())).await
    );
    insta::assert_snapshot!(
        "token_in_body_without_the_layer",
        table(app(in_body(), false), body_rows("wrong", fields())).await
    );
}

#[tokio::test]
async fn of_chains() {
    let (session, cookies) = session(["carol", "stranger", "down"]).await;
    let (good, forged) = (format!("Bearer {}", token("alice", NOW + 60)), "Bearer forged");
    let (key, mistyped) = (format!("Bearer {}", api_key_of(1)), format!("Bearer {}x", &api_key_of(1)[..56]));
    let carol = cookies[0].as_str();
    let rows = || {
        vec![
            head("nothing", &[]),
            authorization("a token", &good),
            authorization("a forged token", forged),
            authorization("a key", &key),
            authorization("a mistyped key", &mistyped),
            authorization("name and password", &basic_value("bob:sesame")),
            authorization("a wrong password", &basic_value("bob:x")),
            head("a session", &[(COOKIE, carol)]),
            head("an ended session", &[(COOKIE, "__Host-session=x")]),
            head("a forged token and a good session", &[(AUTHORIZATION, forged), (COOKIE, carol)]),
            head(
                "a good token and an ended session",
                &[(AUTHORIZATION, &good), (COOKIE, "__Host-session=x")],
            ),
            authorization("another scheme", "Digest a=\"b\""),
            authorization("malformed", "Bearer a b"),
        ]
    };
    let two = || api_key().pass_other_tokens().or(jwt());
    let four = two().or(basic()).or(session.clone());
    insta::assert_snapshot!("chain_of_two", table(app(two().boxed(), false), rows()).await);
    insta::assert_snapshot!("chain_of_three", table(app(two().or(basic()).boxed(), false), rows()).await);
    insta::assert_snapshot!(
        "chain_of_four",
        table(app(two().or(basic()).or(session).boxed(), false), rows()).await
    );
    let with_guests = four.or(Anonymous::new(|| "(guest)".to_owned())).boxed();
    insta::assert_snapshot!("chain_of_four_with_guests", table(app(with_guests, false), rows()).await);
    insta::assert_snapshot!("chain_of_two_optional", table(app(two().boxed(), true), rows()).await);
}
