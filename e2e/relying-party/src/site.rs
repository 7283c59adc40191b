use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use secrecy::{ExposeSecret, SecretString};
use tower_passport::{
    Auth, Authenticate, BufferBody, Client, CurrentUser, FlowCookies, HttpClient, LocalPath, LoggedIn,
    Logout, MemoryStore, Network, OAuth2, Oidc, OidcProvider, Provider, Rejection, ResponseMode, Session,
    Sessions, Strategy, Userinfo,
};

use crate::users::{User, Users};

type Guard = Session<MemoryStore, Users>;

#[derive(Clone)]
struct Site {
    sessions: Sessions<MemoryStore>,
    guard: Arc<Guard>,
    one: Arc<Oidc<Users>>,
    logged_out: String,
    goodbye: LocalPath,
    clock: Arc<AtomicU64>,
}

impl FromRef<Site> for Arc<Guard> {
    fn from_ref(site: &Site) -> Self {
        Arc::clone(&site.guard)
    }
}

pub fn site(origin: &str, issuer: &str, other: &str) -> Result<Router, Box<dyn Error>> {
    let users = Users::default();
    let clock = Arc::new(AtomicU64::new(0));
    let now = {
        let clock = Arc::clone(&clock);
        move || SystemTime::now() + Duration::from_secs(clock.load(Ordering::Relaxed))
    };
    let client =
        |id: &str| Client::new(id, format!("{origin}/login/{id}")).map(|client| client.secret(SECRET));
    let (flows, http) = (FlowCookies::new(SECRET.as_bytes())?, HttpClient::new(Network::Loopback)?);
    let openid = |id: &str, issuer: &str| {
        let provider = OidcProvider::new(id, issuer);
        Oidc::new(provider, client(id)?, flows.clone(), http.clone(), users.clone())
            .map(|oidc| oidc.clock(now.clone()))
    };
    let plain = Provider {
        issuer: Some(issuer.into()),
        scopes: ["openid", "email"].map(Into::into).into(),
        ..Provider::new(
            "plain",
            format!("{issuer}/auth"),
            format!("{issuer}/token"),
            Userinfo::Get(format!("{issuer}/me")),
        )
    };
    let plain =
        OAuth2::new(plain, client("plain")?, flows.clone(), http.clone(), users.clone())?.clock(now.clone());
    let one = Arc::new(openid("one", issuer)?);
    let sessions = Sessions::new(MemoryStore::new()).insecure();
    let site = Site {
        guard: Arc::new(Session::new(sessions.clone(), users.clone())),
        sessions,
        one: Arc::clone(&one),
        logged_out: format!("{origin}/logged-out"),
        goodbye: LocalPath::parse("/goodbye")?,
        clock,
    };
    Ok(Router::new()
        .merge(login("/login/one", one))
        .merge(login("/login/posted", openid("posted", issuer)?.response_mode(ResponseMode::FormPost)))
        .merge(login("/login/plain", plain))
        .merge(login("/login/other", openid("other", other)?))
        .route("/", get(whoami))
        .route("/logout", post(log_out))
        .route("/logged-out", get(logged_out))
        .route("/goodbye", get(async || "Goodbye"))
        .route("/clock", post(pass_time))
        .layer(map_response(name_the_cause))
        .with_state(site))
}

/// The secret of all clients, and of the flow cookies. Use separate secrets in production.
const SECRET: &str = "a secret that both sides know, of more than 32 bytes";

fn login(path: &str, strategy: impl Strategy<User = LoggedIn<User>>) -> Router<Site> {
    Router::new()
        .route(path, any(logged_in))
        .layer(Authenticate::new(strategy))
        .layer(BufferBody::new(16 * 1024))
}

async fn logged_in(
    State(site): State<Site>,
    CurrentUser(end): CurrentUser<LoggedIn<User>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Rejection> {
    let id_token = end.user.id_token.as_ref().map_or("", ExposeSecret::expose_secret);
    Ok((site.sessions.log_in_with(&headers, &end.user, id_token).await?, end.redirect()))
}

async fn whoami(user: Option<Auth<Guard>>) -> String {
    user.map_or_else(|| "guest".into(), |Auth(user)| user.name)
}

async fn log_out(State(site): State<Site>, head: Parts) -> Result<impl IntoResponse, Rejection> {
    let id_token = site.sessions.data(&head.headers).await?.map(SecretString::from);
    let over = site.sessions.log_out(&head.headers).await?;
    let logout = Logout {
        id_token_hint: id_token.as_ref(),
        post_logout_redirect_uri: Some(&site.logged_out),
        return_to: Some(&site.goodbye),
    };
    let there = site.one.log_out(&head, logout).await?;
    Ok((over, there.map_or_else(|| Redirect::to("/goodbye").into_response(), IntoResponse::into_response)))
}

async fn logged_out(State(site): State<Site>, head: Parts) -> Result<impl IntoResponse, Rejection> {
    Ok(site.one.logged_out(&head)?)
}

async fn pass_time(State(site): State<Site>, uri: Uri) {
    let seconds = uri.query().and_then(|query| query.parse().ok()).unwrap_or_default();
    site.clock.fetch_add(seconds, Ordering::Relaxed);
}

async fn name_the_cause(mut response: Response) -> Response {
    if let Some(cause) = response.extensions().get::<Rejection>().map(Rejection::cause) {
        response.headers_mut().insert("x-cause", HeaderValue::from_static(cause));
    }
    response
}
