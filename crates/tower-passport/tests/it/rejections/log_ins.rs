//! `OAuth2` and `Oidc`: the beginning and the callback of a log-in. A request without parameters begins a log-in, so
//! `optional` makes no difference.

use std::io;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::request::Parts;
use serde_json::json;
use tower::ServiceExt;
use tower_passport::{
    BoxStrategy, BufferBody, Client, Error, FlowCookies, HttpClient, LoggedIn, Login, Network, OAuth2, Oidc,
    OidcProvider, Provider, ResponseMode, Strategy, Userinfo, Verification, Verify,
};

use super::{Doors, FORM, JSON, Row, known, now, optional, required, table};
use crate::browser::{Pairs, with};
use crate::identity_provider::{Answer, CLIENT_ID, CLIENT_SECRET, IdentityProvider};

struct Known;

impl Verify<Login> for Known {
    type User = String;

    async fn verify(&self, login: Login, _request: &Parts) -> Result<Verification<String>, Error> {
        known(login.profile.subject).await.map(Into::into).map_err(Error::new)
    }
}

fn client() -> Client {
    Client::new(CLIENT_ID, "https://recipes.example/").unwrap().secret(CLIENT_SECRET)
}

fn flows() -> FlowCookies {
    FlowCookies::new(&[7; 32]).unwrap()
}

fn http() -> HttpClient {
    HttpClient::new(Network::Loopback).unwrap()
}

/// Predictable random bytes, so that the snapshots are stable.
fn sevens() -> impl Fn(&mut [u8]) -> io::Result<()> + Send + Sync + 'static {
    |bytes| {
        bytes.fill(7);
        Ok(())
    }
}

fn oauth2(provider: &IdentityProvider, id: &str) -> OAuth2<Known> {
    let url = &provider.url;
    let [authorize, token, userinfo] =
        ["authorize", "token", "userinfo"].map(|endpoint| format!("{url}/{endpoint}"));
    let provider = Provider {
        issuer: Some(url.clone()),
        ..Provider::new(id, authorize, token, Userinfo::Get(userinfo))
    };
    OAuth2::new(provider, client(), flows(), http(), Known).unwrap().clock(now).randomness(sevens())
}

fn oidc(provider: &IdentityProvider, id: &str) -> Oidc<Known> {
    let described = OidcProvider::new(id, &provider.url);
    Oidc::new(described, client(), flows(), http(), Known).unwrap().clock(now).randomness(sevens())
}

fn user(strategy: impl Strategy<User = LoggedIn<String>>) -> BoxStrategy<String> {
    strategy.map(|logged_in| logged_in.user).boxed()
}

/// A log-in in progress: the URL of the provider, and the flow cookie.
struct Begun {
    location: String,
    cookie: String,
}

impl Begun {
    async fn at(strategy: impl Strategy<User = LoggedIn<String>>) -> Self {
        let [door, _] = required(user(strategy));
        let answer = door.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let text = |name| answer.headers()[name].to_str().unwrap().to_owned();
        let cookie = text(SET_COOKIE).split(';').next().unwrap().to_owned();
        Self { location: text("location".parse().unwrap()), cookie }
    }

    /// The callback with these parameters.
    fn back(&self, name: &'static str, answer: &Pairs) -> Row {
        (name, Request::get(query(answer)).header(COOKIE, &self.cookie).body(Body::empty()).unwrap())
    }

    fn posted(&self, name: &'static str, content_type: &str, body: String) -> Row {
        let request = Request::post("/").header(COOKIE, &self.cookie).header(CONTENT_TYPE, content_type);
        (name, request.body(body.into()).unwrap())
    }
}

fn form(answer: &Pairs) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish()
}

fn query(answer: &Pairs) -> String {
    format!("/?{}", form(answer))
}

fn get(name: &'static str, uri: &str) -> Row {
    (name, Request::get(uri).body(Body::empty()).unwrap())
}

/// The text without the port of the provider and the encrypted cookies, which differ in each run.
fn plain(text: &str, provider: &IdentityProvider) -> String {
    let text = text.replace(&provider.url, "https://id.example");
    let lines = text.lines().map(|line| {
        let cookie = line.split_once("set-cookie: ").and_then(|(_, cookie)| cookie.split_once('='));
        match cookie.and_then(|(_, rest)| rest.split_once(';')) {
            Some((sealed, _)) if !sealed.is_empty() => format!("{}\n", line.replace(sealed, "(sealed)")),
            _ => format!("{line}\n"),
        }
    });
    lines.collect()
}

/// Requests that begin a log-in, and good and bad callbacks.
fn rows(provider: &IdentityProvider, begun: &Begun, others: &Begun, late: &Begun) -> Vec<Row> {
    // A new code for each row, because a code works once.
    let good = || provider.consent(&begun.location);
    let changed = |name, value| with(&good(), name, value);
    let refused = |error| with(&changed("code", None), "error", Some(error));
    let twice = [&good()[..], &[("code".into(), "another".into())]].concat();
    let forged = Begun { location: String::new(), cookie: format!("{}x", begun.cookie) };
    let other_browser = Begun { location: String::new(), cookie: "theme=dark".into() };
    vec![
        get("nothing", "/"),
        get("a path to return to", "/?return_to=/recipes%3Fpage=2"),
        get("another site to return to", "/?return_to=//evil.example"),
        get("two paths to return to", "/?return_to=/a&return_to=/b"),
        begun.back("good", &good()),
        begun.back("a code that was never given out", &changed("code", Some("made up"))),
        begun.back("no state", &changed("state", None)),
        begun.back("another state", &changed("state", Some("another"))),
        other_browser.back("in another browser", &good()),
        forged.back("forged cookie", &good()),
        late.back("too late", &good()),
        others.back("begun with another provider", &good()),
        begun.back("the answer of another provider", &changed("iss", Some("https://evil.example"))),
        begun.back("a response without an issuer", &changed("iss", None)),
        begun.back("a parameter twice", &twice),
        begun.back("no code", &changed("code", None)),
        begun.back("denied", &refused("access_denied")),
        begun.back("denied, with no state", &with(&refused("access_denied"), "state", None)),
        begun.back("has to log in there", &refused("login_required")),
        begun.back("the provider made a mistake", &refused("server_error")),
    ]
}

/// A callback with a code, after a change of the provider.
async fn changed(
    doors: Doors,
    provider: &IdentityProvider,
    begun: &Begun,
    name: &'static str,
    change: impl FnOnce(&IdentityProvider),
) -> String {
    change(provider);
    table(doors, || vec![begun.back(name, &provider.consent(&begun.location))]).await
}

fn is_down(provider: &IdentityProvider) {
    let paths = ["/.well-known/openid-configuration", "/token", "/jwks"];
    provider.now().answers = paths.map(|path| (path, Answer::Status(502))).into();
}

fn is_about(provider: &IdentityProvider, subject: &str) {
    provider.now().userinfo = json!({ "sub": subject });
    provider.now().claims = json!({ "sub": subject });
}

#[tokio::test]
async fn oauth2_rejections() {
    let provider = IdentityProvider::start().await;
    let begun = Begun::at(oauth2(&provider, "one")).await;
    let others = Begun::at(oauth2(&provider, "another")).await;
    let late = Begun::at(oauth2(&provider, "one").clock(|| now() - Duration::from_mins(10))).await;
    let doors = || required(user(oauth2(&provider, "one")));
    let rows = || rows(&provider, &begun, &others, &late);
    let mut text = table(doors(), rows).await;
    assert_eq!(table(optional(user(oauth2(&provider, "one"))), rows).await, text);
    let about = |subject| move |provider: &IdentityProvider| is_about(provider, subject);
    text += &changed(doors(), &provider, &begun, "of a stranger", about("stranger")).await;
    text += &changed(doors(), &provider, &begun, "store down", about("down")).await;
    text += &changed(doors(), &provider, &begun, "provider down", is_down).await;
    insta::assert_snapshot!("oauth2", plain(&text, &provider));
}

#[tokio::test]
async fn oidc_rejections() {
    let provider = IdentityProvider::start().await;
    let begun = Begun::at(oidc(&provider, "one")).await;
    let others = Begun::at(oidc(&provider, "another")).await;
    let late = Begun::at(oidc(&provider, "one").clock(|| now() - Duration::from_mins(10))).await;
    let doors = || required(user(oidc(&provider, "one")));
    let rows = || rows(&provider, &begun, &others, &late);
    let mut text = table(doors(), rows).await;
    assert_eq!(table(optional(user(oidc(&provider, "one"))), rows).await, text);
    let about = |subject| move |provider: &IdentityProvider| is_about(provider, subject);
    text += &changed(doors(), &provider, &begun, "of a stranger", about("stranger")).await;
    text += &changed(doors(), &provider, &begun, "store down", about("down")).await;
    let nonce = |provider: &IdentityProvider| provider.now().claims = json!({ "nonce": "another" });
    text += &changed(doors(), &provider, &begun, "wrong nonce", nonce).await;
    let known = doors();
    table(known.clone(), || vec![get("metadata are fetched", "/")]).await;
    text += &changed(known, &provider, &begun, "provider down", is_down).await;
    text += &table(doors(), || vec![get("provider down from the beginning", "/")]).await;
    insta::assert_snapshot!("oidc", plain(&text, &provider));
}

#[tokio::test]
async fn form_post_rejections() {
    let provider = IdentityProvider::start().await;
    let posted = || oidc(&provider, "one").response_mode(ResponseMode::FormPost);
    let begun = Begun::at(posted()).await;
    let rows = || {
        let answer = || provider.consent(&begun.location);
        let padded = with(&answer(), "padding", Some(&"x".repeat(1024)));
        vec![
            get("nothing", "/"),
            begun.posted("good", FORM, form(&answer())),
            begun.posted("denied", FORM, form(&with(&answer(), "error", Some("access_denied")))),
            begun.posted("no state", FORM, form(&with(&answer(), "state", None))),
            begun.posted("over the limit", FORM, form(&padded)),
            begun.posted("another content type", "text/plain", form(&answer())),
            begun.posted("JSON", JSON, json!({ "state": "a", "code": "b" }).to_string()),
            begun.back("in the URL", &answer()),
        ]
    };
    let buffered = required(user(posted())).map(|door| door.layer(BufferBody::new(1024)));
    insta::assert_snapshot!("oidc_form_post", plain(&table(buffered, rows).await, &provider));
    let bare = required(user(posted()));
    insta::assert_snapshot!("oidc_form_post_without_the_layer", plain(&table(bare, rows).await, &provider));
}
