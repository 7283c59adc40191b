//! Log in at a provider with the redirect URI `$BASE_URL/login`; log out here and there, then return to `$BASE_URL/goodbye`:
//!
//!     PORT=3000 BASE_URL=http://127.0.0.1:3000 SECRET=$(openssl rand -hex 32) ISSUER=https://id.example \
//!     CLIENT_ID=recipes CLIENT_SECRET=... cargo run --all-features --example oidc_login
use std::{borrow::Cow, convert::Infallible, env, error::Error, sync::Arc};

use axum::{Router, http::request::Parts, response::Html, response::Redirect, routing::get, routing::post};
use tower_passport::{
    Authenticate, Client, CrossOriginProtection, CurrentUser, FlowCookies, HttpClient, Login, Logout,
    MemoryStore,
};
use tower_passport::{
    LoggedIn, Network, Oidc, OidcProvider, Rejection, Session, SessionRecord, SessionUser, Sessions,
};

#[derive(Clone)]
struct User(String); // a row in your database, found by provider and subject

impl SessionUser for User {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"")
    }
}

async fn home(CurrentUser(User(name)): CurrentUser<User>) -> Html<String> {
    let name = name.replace('&', "&amp;").replace('<', "&lt;");
    Html(format!("<p>Hello, {name}</p><form method=post action=/logout><button>Log out</button></form>"))
}

pub(crate) fn app(set: impl Fn(&str) -> Result<String, String>) -> Result<Router, Box<dyn Error>> {
    let (base, http) = (set("BASE_URL")?, HttpClient::new(Network::Loopback)?); // `Public` in production
    let (provider, flows) =
        (OidcProvider::new("id", set("ISSUER")?), FlowCookies::new(set("SECRET")?.as_bytes())?);
    let client = Client::new(set("CLIENT_ID")?, format!("{base}/login"))?.secret(set("CLIENT_SECRET")?);
    let find = async |login: Login| Ok::<_, Infallible>(Some(User(login.profile.subject)));
    let oidc = Arc::new(Oidc::new(provider, client, flows, http, find)?);
    let sessions = Sessions::new(MemoryStore::new()).insecure(); // for development only
    let guard = Session::new(sessions.clone(), async |found: SessionRecord| {
        Ok::<_, Infallible>(Some(User(found.user)))
    });
    let (begin, strategy) = (sessions.clone(), Arc::clone(&oidc));
    let log_in = async move |head: Parts, CurrentUser(end): CurrentUser<LoggedIn<User>>| {
        Ok::<_, Rejection>((begin.log_in(&head.headers, &end.user).await?, end.redirect()))
    };
    let (ended, page) = (Arc::clone(&oidc), tower_passport::LocalPath::parse("/goodbye")?); // no `state`
    let log_out = async move |head: Parts| {
        let (over, back) = (sessions.log_out(&head.headers).await?, format!("{base}/goodbye"));
        let to =
            Logout { post_logout_redirect_uri: Some(&back), return_to: Some(&page), ..Logout::default() };
        Ok::<_, Rejection>((over, oidc.log_out(&head, to).await?.ok_or(Redirect::to("/goodbye"))))
    };
    let goodbye = async move |head: Parts| ended.logged_out(&head).map_err(|_| "You are logged out.");
    let site = Router::new().route("/", get(home));
    let site = site.route_layer(Authenticate::new(guard).login_page("/login")?);
    let public = Router::new().route("/logout", post(log_out)).route_layer(CrossOriginProtection::new());
    let failed = Html("<p>The log-in failed.</p><a href=/login>Try again</a>"); // `error` says why
    let public = public.route("/goodbye", get(goodbye)).route("/failed", get(async move || failed));
    let log_in = get(log_in).route_layer(Authenticate::new(strategy).failure_page("/failed")?);
    Ok(site.merge(public).route("/login", log_in))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let set = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", set("PORT")?)).await?;
    Ok(axum::serve(listener, app(set)?).await?)
}
