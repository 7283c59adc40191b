//! The decision of a verification becomes the response of each strategy, and its cause one event in the log.

use std::borrow::Cow;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use strict_jose::{Key, Rules};
use tower::{Layer, ServiceExt};
use tower_passport::{
    ApiKey, ApiKeyFormat, Authenticate, Basic, Bearer, BearerToken, BoxStrategy, BufferBody, Challenge,
    Client, Denial, Error, FlowCookies, HttpClient, Jwt, Local, MemoryStore, Network, OAuth2, Oidc,
    OidcProvider, Provider, Rejection, Session, SessionUser, Sessions, Strategy, Userinfo, Verification,
    Verify, with_request, with_state,
};

use crate::answer::{answer, app};
use crate::events::Lines;
use crate::identity_provider::{CLIENT_ID, CLIENT_SECRET, IdentityProvider, NOW, at};

/// Decides by the header `x-decision` of the request, whatever the credentials are.
#[derive(Clone, Copy)]
struct ByHeader;

struct User;

#[derive(Clone, Debug, PartialEq)]
struct AttemptsLeft(u8);

impl<C: Send> Verify<C> for ByHeader {
    type User = User;

    async fn verify(&self, _: C, request: &Parts) -> Result<Verification<User>, Error> {
        let denial = match request.headers["x-decision"].to_str().unwrap() {
            "accept" => return Ok(Verification::Accept(User)),
            "error" => return Err(Error::new("the database is down").with_extension(AttemptsLeft(9))),
            "unknown" => return Ok(None.into()),
            "cause" => Denial::new("deleted_yesterday"),
            "forbidden" => Denial::forbidden("unconfirmed").with_description("Confirm your address first."),
            "limit" => Denial::too_many_requests("five_attempts", Duration::from_millis(29_001)),
            "challenge" => {
                Denial::new("needs_otp").with_challenges(Challenge::from_static(r#"Form otp="required""#))
            }
            "extension" => Denial::new("wrong_password").with_extension(AttemptsLeft(2)),
            other => panic!("{other}"),
        };
        Ok(denial.into())
    }
}

impl SessionUser for User {
    fn id(&self) -> Cow<'_, str> {
        "7".into()
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        b"hash".into()
    }
}

/// A strategy, a request with its credentials, and its responses that depend on the strategy.
struct Row {
    name: &'static str,
    strategy: BoxStrategy<String>,
    request: Box<dyn Fn() -> http::request::Builder>,
    body: &'static str,
    /// The response to denied credentials, and its default cause.
    denied: &'static str,
    cause: &'static str,
    /// What precedes the body of the response with another challenge.
    challenged: &'static str,
}

const INVALID_TOKEN: &str = r#"401 [Bearer error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#;
const ACCESS_DENIED: &str =
    r#"403 {"error":"access_denied","error_description":"This account may not log in here."}"#;

fn name(_: User) -> String {
    "accepted".into()
}

fn bearer(token: &str) -> Box<dyn Fn() -> http::request::Builder> {
    let value = format!("Bearer {token}");
    Box::new(move || Request::get("/").header(AUTHORIZATION, &value))
}

fn tokens() -> Vec<Row> {
    let row = |name, strategy, request, cause| Row {
        name,
        strategy,
        request,
        body: "",
        denied: INVALID_TOKEN,
        cause,
        challenged: "401",
    };
    let key = Key::hs256(&[7; 32]).unwrap();
    let token = key.sign("at+jwt", &json!({})).unwrap();
    let rules = Rules::typ("at+jwt").any_issuer().any_audience().without_expiry();
    let format = ApiKeyFormat::new("recipes").unwrap();
    let api_key = format.generate(&[7; 32]).expose_secret().to_owned();
    vec![
        row(
            "Jwt",
            Jwt::<_, Value, _>::new(key, rules, ByHeader).map(name).boxed(),
            bearer(&token),
            "unknown_user",
        ),
        row("Bearer", Bearer::new(ByHeader).map(name).boxed(), bearer("opaque"), "unknown_token"),
        row("ApiKey", ApiKey::new(format, ByHeader).map(name).boxed(), bearer(&api_key), "unknown_key"),
    ]
}

fn passwords() -> Vec<Row> {
    let basic = format!("Basic {}", STANDARD.encode("ali:sesame"));
    vec![
        Row {
            name: "Basic",
            strategy: Basic::new("recipes", ByHeader).unwrap().map(name).boxed(),
            request: Box::new(move || Request::get("/").header(AUTHORIZATION, &basic)),
            body: "",
            denied: r#"401 [Basic realm="recipes", charset="UTF-8"] {"error":"wrong_credentials","error_description":"The user name or the password is wrong."}"#,
            cause: "wrong_credentials",
            challenged: "401",
        },
        Row {
            name: "Local",
            strategy: Local::new(ByHeader).map(name).boxed(),
            request: Box::new(|| {
                Request::post("/").header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            }),
            body: "username=ali&password=sesame",
            denied: r#"401 [Form] {"error":"wrong_credentials","error_description":"The user name or the password is wrong."}"#,
            cause: "wrong_credentials",
            challenged: "401",
        },
    ]
}

/// Each request has a session of its own, since a denial may end the session.
async fn session() -> Row {
    let sessions = Sessions::new(MemoryStore::new()).clock(|| at(NOW));
    let mut cookies = Vec::new();
    for _ in 0..16 {
        let set_cookie = HeaderValue::from(sessions.log_in(&HeaderMap::new(), &User).await.unwrap());
        cookies.push(set_cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
    }
    let cookies = std::sync::Mutex::new(cookies);
    Row {
        name: "Session",
        strategy: Session::new(sessions, ByHeader).map(name).boxed(),
        request: Box::new(move || Request::get("/").header(COOKIE, cookies.lock().unwrap().pop().unwrap())),
        body: "",
        denied: r#"401 [Cookie] set-cookie: __Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0 {"error":"invalid_token","error_description":"The session has ended. Log in again."}"#,
        cause: "unknown_user",
        challenged: "401",
    }
}

async fn log_ins(provider: &std::sync::Arc<IdentityProvider>) -> Vec<Row> {
    let client = || Client::new(CLIENT_ID, "https://recipes.example/").unwrap().secret(CLIENT_SECRET);
    let flows = || FlowCookies::new(&[7; 32]).unwrap();
    let http = || HttpClient::new(Network::Loopback).unwrap();
    let endpoint = |path: &str| format!("{}/{path}", provider.url);
    let described =
        Provider::new("one", endpoint("authorize"), endpoint("token"), Userinfo::Get(endpoint("userinfo")));
    let oauth2 = OAuth2::new(described, client(), flows(), http(), ByHeader).unwrap().clock(|| at(NOW));
    let oidc = OidcProvider::new("one", &provider.url);
    let oidc = Oidc::new(oidc, client(), flows(), http(), ByHeader).unwrap().clock(|| at(NOW));
    let mut rows = Vec::new();
    for (label, strategy) in [
        ("OAuth2", oauth2.map(|logged_in| name(logged_in.user)).boxed()),
        ("Oidc", oidc.map(|logged_in| name(logged_in.user)).boxed()),
    ] {
        let begun =
            app(strategy.clone()).oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        let header = |name| begun.headers()[name].to_str().unwrap().to_owned();
        let (location, cookie) = (header(http::header::LOCATION), header(SET_COOKIE));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let provider = std::sync::Arc::clone(provider);
        rows.push(Row {
            name: label,
            strategy,
            request: Box::new(move || {
                let query = provider.consent(&location);
                let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
                Request::get(format!("/?{query}")).header(COOKIE, &cookie)
            }),
            body: "",
            denied: ACCESS_DENIED,
            cause: "unknown_user",
            challenged: "403",
        });
    }
    rows
}

/// The response without the removal of a flow cookie, and the event in the log.
/// Other tests check which strategy and path an event names.
fn without_strategy_and_path(line: &str) -> String {
    let (before, after) = line.split_once(" strategy=").unwrap();
    let (_, path) = after.split_once(" path=\"").unwrap();
    let (_, after) = path.split_once('"').unwrap();
    format!("{before}{after}")
}

async fn response(row: &Row, decision: &str) -> (String, Vec<String>) {
    let app: Router = app(row.strategy.clone()).layer(BufferBody::new(100));
    let request = (row.request)().header("x-decision", decision).body(Body::from(row.body)).unwrap();
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let text = answer(app, request).await;
    drop(guard);
    let text = match (text.split_once(" set-cookie: __Host-tower-passport-flow-"), text.find(" {")) {
        (Some((status, _)), Some(body)) => format!("{status}{}", &text[body..]),
        _ => text,
    };
    let events = lines.written();
    let events = events.into_iter().filter(|line| !line.contains("Token rejected"));
    (text, events.map(|line| without_strategy_and_path(&line)).collect())
}

#[tokio::test]
async fn each_strategy_responds_as_the_verification_decides() {
    let provider = std::sync::Arc::new(IdentityProvider::start().await);
    let rows =
        tokens().into_iter().chain(passwords()).chain([session().await]).chain(log_ins(&provider).await);
    for row in rows {
        let (name, denied) = (row.name, row.denied);
        let (status_and_challenge, body) = denied.split_at(denied.find(" {").unwrap());
        let reason = body.split('"').nth(3).unwrap();
        let rejected = |reason: &str, cause: &str| {
            vec![format!(r#"INFO message=Credentials rejected: {cause} reason="{reason}" cause="{cause}""#)]
        };
        let cookie = status_and_challenge.find(" set-cookie").map_or("", |at| &status_and_challenge[at..]);
        for (decision, want, events) in [
            ("accept", "200 accepted".to_owned(), vec![]),
            ("unknown", denied.to_owned(), rejected(reason, row.cause)),
            ("cause", denied.to_owned(), rejected(reason, "deleted_yesterday")),
            ("extension", denied.to_owned(), rejected(reason, "wrong_password")),
            (
                "forbidden",
                r#"403 {"error":"access_denied","error_description":"Confirm your address first."}"#.to_owned(),
                rejected("access_denied", "unconfirmed"),
            ),
            (
                "limit",
                r#"429 retry-after: 30 {"error":"too_many_requests","error_description":"Too many attempts. Try again later."}"#.to_owned(),
                rejected("too_many_requests", "five_attempts"),
            ),
            (
                "challenge",
                format!(r#"{} [Form otp="required"]{cookie}{body}"#, row.challenged),
                rejected(reason, "needs_otp"),
            ),
            (
                "error",
                r#"503 {"error":"temporarily_unavailable","error_description":"The server cannot check credentials now. Try again later."}"#.to_owned(),
                vec![r#"ERROR message=Authentication failed: the request could not be authenticated reason="temporarily_unavailable" error=the database is down"#.to_owned()],
            ),
        ] {
            assert_eq!(response(&row, decision).await, (want, events), "{name}: {decision}");
        }
    }
}

#[tokio::test]
async fn a_responder_finds_the_extension_of_a_denial_and_of_an_error() {
    let strategy = || Bearer::new(ByHeader).map(name);
    let service = Authenticate::new(strategy()).respond_with(|rejection: &Rejection, _: &Parts| {
        let left = rejection.extension::<AttemptsLeft>().map(|AttemptsLeft(left)| *left);
        http::Response::new(Body::from(format!("{left:?}")))
    });
    for (decision, want) in [("extension", "Some(2)"), ("error", "Some(9)"), ("cause", "None")] {
        let inner = tower::service_fn(async |_: Request<Body>| {
            Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
        });
        let request = bearer("opaque")().header("x-decision", decision).body(Body::empty()).unwrap();
        assert_eq!(answer(service.layer(inner), request).await, format!("200 {want}"), "{decision}");
    }
}

#[tokio::test]
async fn a_denial_with_403_or_429_does_not_end_the_session() {
    let sessions = Sessions::new(MemoryStore::new()).clock(|| at(NOW));
    let set_cookie = HeaderValue::from(sessions.log_in(&HeaderMap::new(), &User).await.unwrap());
    let cookie = set_cookie.to_str().unwrap().split(';').next().unwrap();
    let app = app(Session::new(sessions, ByHeader).map(name));
    for (decision, want) in
        [("forbidden", "403"), ("limit", "429"), ("accept", "200"), ("cause", "401"), ("accept", "401")]
    {
        let request = Request::get("/").header(COOKIE, cookie).header("x-decision", decision);
        let response = answer(app.clone(), request.body(Body::empty()).unwrap()).await;
        assert!(response.starts_with(want), "{decision}: {response}");
    }
}

#[tokio::test]
async fn a_panic_is_500_and_its_text_is_logged() {
    let panics = || {
        Bearer::new(async |token: BearerToken| match token.expose_secret() {
            "now" => panic!("the verification made a mistake"),
            _ => Ok::<_, Error>(Some("alice".to_owned())),
        })
    };
    let request = |token: &str| {
        Request::get("/").header(AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
    };
    let lines = Lines::default();
    let guard = tracing::subscriber::set_default(lines.clone());
    let response = answer(app(panics()), request("now")).await;
    drop(guard);
    let mistake =
        r#"{"error":"server_error","error_description":"The server made a mistake. It is logged."}"#;
    assert_eq!(response, format!("500 {mistake}"));
    let event = r#"ERROR message=Authentication failed: a strategy or a verification panicked reason="server_error" strategy="Bearer" path="/" error=the verification made a mistake"#;
    assert_eq!(lines.written(), [event]);
    for _ in 0..2 {
        assert_eq!(answer(app(panics()), request("later")).await, "200 alice");
    }
    let (head, _) = request("now").into_parts();
    assert_eq!(panics().admit(&head).await.unwrap_err().status(), 500);
}

#[tokio::test]
async fn a_function_may_have_a_state() {
    #[derive(Clone)]
    struct Users(std::sync::Arc<Vec<&'static str>>);
    impl Users {
        fn find(&self, name: &str) -> Option<String> {
            self.0.contains(&name).then(|| name.to_owned())
        }
    }
    let users = Users(vec!["alice"].into());
    let find = async |users: Users, token: BearerToken| Ok::<_, Error>(users.find(token.expose_secret()));
    let guard = Bearer::new(with_state(users, find));
    assert_eq!(format!("{:?}", with_state(7, 8)), "WithState(..)");
    let app = app(guard);
    let ask = async |token: &str| {
        let request = Request::get("/").header(AUTHORIZATION, format!("Bearer {token}"));
        answer(app.clone(), request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask("alice").await, "200 alice");
    assert!(ask("bob").await.starts_with("401 "));
}

#[tokio::test]
async fn a_function_may_take_the_request_or_return_a_verification() {
    let by_device = Bearer::new(with_request(|_: BearerToken, request: &Parts| {
        let device = request.headers.get("x-device").map(|device| device.to_str().unwrap().to_owned());
        async { Ok::<_, Error>(device) }
    }));
    let by_denial = Bearer::new(|token: BearerToken| async move {
        Ok::<Verification<String>, Error>(match token.expose_secret() {
            "good" => Verification::Accept("good".into()),
            _ => Denial::forbidden("bad").into(),
        })
    });
    let get = |token: &str, device: &'static str| {
        let request = bearer(token)();
        let request = if device.is_empty() { request } else { request.header("x-device", device) };
        request.body(Body::empty()).unwrap()
    };
    let (by_device, by_denial) = (app(by_device), app(by_denial));
    assert_eq!(answer(by_device.clone(), get("a", "phone")).await, "200 phone");
    assert_eq!(answer(by_device, get("a", "")).await, INVALID_TOKEN);
    assert_eq!(answer(by_denial.clone(), get("good", "")).await, "200 good");
    assert!(answer(by_denial, get("bad", "")).await.starts_with("403 "));
}
