//! An identity provider at loopback, which follows the protocol unless a test makes it misbehave.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json, Router, middleware};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body::Frame;
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, KeySet};
use tokio::net::TcpListener;
use url::Url;

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const CLIENT_ID: &str = "recipes";
pub(crate) const CLIENT_SECRET: &str = "the secret of the client, at least 32 bytes long";

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Generated once, because it is slow.
static RSA: LazyLock<Key> = LazyLock::new(|| Key::generate(Algorithm::Rs256).unwrap().with_kid("rsa"));

pub(crate) fn rsa() -> Key {
    RSA.clone()
}

#[derive(Clone)]
pub(crate) struct IdentityProvider {
    pub(crate) url: String,
    behaviour: Arc<Mutex<Behaviour>>,
}

/// The settings that a test can change.
pub(crate) struct Behaviour {
    /// Responses that replace the usual ones, by path.
    pub(crate) answers: HashMap<&'static str, Answer>,
    /// The number of requests for each path.
    pub(crate) asked: HashMap<String, usize>,
    /// The headers of the last request for each path.
    pub(crate) headers: HashMap<String, HeaderMap>,
    pub(crate) published: Vec<Key>,
    pub(crate) signs_with: Key,
    /// Merged into the ID token; `null` removes a claim.
    pub(crate) claims: Value,
    /// Replaces the ID token by a forged one.
    pub(crate) forge: Option<fn(&Value) -> String>,
    pub(crate) userinfo: Value,
    /// Merged into the metadata.
    pub(crate) metadata: Value,
    /// Merged into the response of the token endpoint.
    pub(crate) token_answer: Value,
    /// The last token request: its fields and its `Authorization` header.
    pub(crate) token_request: (HashMap<String, String>, Option<String>),
    codes: HashMap<String, HashMap<String, String>>,
    used: HashSet<String>,
}

#[derive(Clone)]
pub(crate) enum Answer {
    Status(u16),
    Text(String),
    /// A body of twice the limit, without a `Content-Length` and without an end.
    Endless,
    /// Headers without a body.
    Hanging,
    RedirectTo(String),
}

impl IdentityProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { url, behaviour: Arc::new(Mutex::new(Behaviour::good())) };
        let app = Router::new()
            .route("/.well-known/openid-configuration", axum::routing::get(metadata))
            .route("/jwks", axum::routing::get(jwks))
            .route("/token", axum::routing::post(token))
            .route("/userinfo", axum::routing::get(userinfo).post(userinfo))
            .layer(middleware::from_fn_with_state(provider.clone(), otherwise))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        provider
    }

    pub(crate) fn now(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().unwrap()
    }

    pub(crate) fn asked(&self, path: &str) -> usize {
        self.now().asked.get(path).copied().unwrap_or_default()
    }

    /// The parameters of the callback after the user has logged in and consented.
    pub(crate) fn consent(&self, location: &str) -> Vec<(String, String)> {
        let url = Url::parse(location).unwrap();
        let parameters: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(parameters["response_type"], "code");
        assert_eq!(parameters["code_challenge_method"], "S256");
        let mut behaviour = self.now();
        let code = format!("code-{}", behaviour.codes.len());
        let state = parameters["state"].clone();
        behaviour.codes.insert(code.clone(), parameters);
        vec![("state".into(), state), ("code".into(), code), ("iss".into(), self.url.clone())]
    }
}

impl Behaviour {
    fn good() -> Self {
        Self {
            answers: HashMap::new(),
            asked: HashMap::new(),
            headers: HashMap::new(),
            published: vec![rsa()],
            signs_with: rsa(),
            claims: json!({}),
            forge: None,
            userinfo: json!({
                "sub": "alice-7",
                "email": "alice@example.com",
                "email_verified": true,
                "name": "Alice",
            }),
            metadata: json!({}),
            token_answer: json!({}),
            token_request: (HashMap::new(), None),
            codes: HashMap::new(),
            used: HashSet::new(),
        }
    }

    /// Checks a token request (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
    fn redeem(&mut self, form: &HashMap<String, String>) -> Option<HashMap<String, String>> {
        let code = form.get("code")?;
        let asked = self.codes.get(code)?.clone();
        let challenge =
            URL_SAFE_NO_PAD.encode(digest(&SHA256, form.get("code_verifier")?.as_bytes()).as_ref());
        let is_good = self.used.insert(code.clone())
            && challenge == asked["code_challenge"]
            && *form.get("redirect_uri")? == asked["redirect_uri"];
        is_good.then_some(asked)
    }

    fn is_client(form: &HashMap<String, String>, authorization: Option<&str>) -> bool {
        let basic = format!(
            "Basic {}",
            STANDARD.encode(format!("{CLIENT_ID}:{}", CLIENT_SECRET.replace(' ', "+").replace(',', "%2C")))
        );
        authorization.is_some_and(|value| value == basic)
            || form.get("client_id").is_some_and(|id| id == CLIENT_ID)
                && (form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET)
                    || form.contains_key("client_assertion"))
    }
}

pub(crate) fn merge(into: &mut Value, changes: &Value) {
    let (Some(into), Some(changes)) = (into.as_object_mut(), changes.as_object()) else { return };
    for (name, value) in changes {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

async fn otherwise(
    State(provider): State<IdentityProvider>,
    request: Request,
    next: middleware::Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let answer = {
        let mut behaviour = provider.now();
        *behaviour.asked.entry(path.clone()).or_default() += 1;
        behaviour.headers.insert(path.clone(), request.headers().clone());
        behaviour.answers.get(path.as_str()).cloned()
    };
    match answer {
        None => next.run(request).await,
        Some(Answer::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Answer::Text(text)) => text.into_response(),
        Some(Answer::Endless) => Body::new(Chunks(8)).into_response(),
        Some(Answer::Hanging) => Body::new(Chunks(0)).into_response(),
        Some(Answer::RedirectTo(location)) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
    }
}

async fn metadata(State(provider): State<IdentityProvider>) -> Json<Value> {
    let url = &provider.url;
    let mut metadata = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "jwks_uri": format!("{url}/jwks"),
        "end_session_endpoint": format!("{url}/logout"),
        "response_types_supported": ["code"],
        "authorization_response_iss_parameter_supported": true,
    });
    merge(&mut metadata, &provider.now().metadata);
    Json(metadata)
}

async fn jwks(State(provider): State<IdentityProvider>) -> String {
    KeySet::new(provider.now().published.clone()).unwrap().to_public_jwks()
}

async fn token(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let mut behaviour = provider.now();
    behaviour.token_request = (form.clone(), authorization.clone());
    let refuse = |code: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": code }))).into_response();
    if !Behaviour::is_client(&form, authorization.as_deref()) {
        return refuse("invalid_client");
    }
    let nonce = match form["grant_type"].as_str() {
        "authorization_code" => match behaviour.redeem(&form) {
            Some(asked) => asked.get("nonce").cloned(),
            None => return refuse("invalid_grant"),
        },
        _ if form["refresh_token"] == "refresh me" => None,
        _ => return refuse("invalid_grant"),
    };
    let mut claims = json!({
        "iss": provider.url,
        "sub": "alice-7",
        "aud": CLIENT_ID,
        "iat": NOW,
        "exp": NOW + 300,
        "nonce": nonce,
        "at_hash": URL_SAFE_NO_PAD.encode(&digest(&SHA256, b"access").as_ref()[..16]),
    });
    merge(&mut claims, &behaviour.claims);
    let id_token = match behaviour.forge {
        Some(forge) => forge(&claims),
        None => behaviour.signs_with.sign("JWT", &claims).unwrap(),
    };
    let mut answer = json!({
        "access_token": "access",
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": "refresh me",
        "id_token": id_token,
    });
    merge(&mut answer, &behaviour.token_answer);
    Json(answer).into_response()
}

async fn userinfo(State(provider): State<IdentityProvider>, headers: HeaderMap) -> Response {
    match headers.get(header::AUTHORIZATION) {
        Some(value) if value == "Bearer access" => Json(provider.now().userinfo.clone()).into_response(),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// A body with this number of chunks and without an end.
struct Chunks(usize);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0 == 0 {
            return Poll::Pending;
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![b' '; 64 * 1024])))))
    }
}
