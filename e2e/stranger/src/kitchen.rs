use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use secrecy::ExposeSecret;
use tower_passport::{
    Auth, Authenticate, BufferBody, CrossOriginProtection, CurrentUser, Error, Local, LocalCredentials,
    MemoryStore, Rejection, Session, SessionRecord, SessionUser, Sessions, Verification, Verify,
};

#[derive(Clone)]
struct Cook(String);

impl SessionUser for Cook {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"sesame")
    }
}

struct Cooks;

impl Verify<SessionRecord> for Cooks {
    type User = Cook;

    async fn verify(&self, session: SessionRecord, _request: &Parts) -> Result<Verification<Cook>, Error> {
        Ok(Verification::Accept(Cook(session.user)))
    }
}

type Guard = Session<MemoryStore, Cooks>;

#[derive(Clone)]
struct App {
    sessions: Sessions<MemoryStore>,
    guard: Arc<Guard>,
}

impl FromRef<App> for Arc<Guard> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.guard)
    }
}

/// `/login` accepts a name and a password, `/kitchen` requires a session, `/window` also accepts guests.
pub fn kitchen() -> Router {
    let sessions = Sessions::new(MemoryStore::new());
    let guard = Arc::new(Session::new(sessions.clone(), Cooks));
    let local = Local::new(|credentials: LocalCredentials| async move {
        let good = credentials.password.expose_secret() == "sesame";
        Ok::<_, Infallible>(good.then_some(Cook(credentials.username)))
    });
    let login = Router::new()
        .route("/login", post(log_in))
        .layer(Authenticate::new(local))
        .layer(BufferBody::new(1024))
        .layer(CrossOriginProtection::new());
    let kitchen = Router::new().route("/kitchen", get(cook)).route("/window", get(look));
    kitchen.route("/logout", post(log_out)).merge(login).with_state(App { sessions, guard })
}

async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    CurrentUser(cook): CurrentUser<Cook>,
) -> Result<impl IntoResponse, Rejection> {
    Ok((app.sessions.log_in(&headers, &cook).await?, Redirect::to("/kitchen")))
}

async fn log_out(State(app): State<App>, headers: HeaderMap) -> Result<impl IntoResponse, Rejection> {
    Ok(app.sessions.log_out(&headers).await?)
}

async fn cook(Auth(Cook(name)): Auth<Guard>) -> String {
    format!("{name} cooks")
}

async fn look(cook: Option<Auth<Guard>>) -> String {
    cook.map_or_else(|| "A guest looks".into(), |Auth(Cook(name))| format!("{name} looks"))
}
