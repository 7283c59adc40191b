//! Log in with a form, use a cookie session, log out.
//!
//!     curl -i localhost:3000/ -H 'Accept: text/html'    # 303 /login?return_to=%2F
//!     curl -i -c jar localhost:3000/login -d 'username=ali&password=open+sesame'
//!     curl -i -b jar localhost:3000/                    # Hello, ali
//!     curl -i -b jar localhost:3000/logout -X POST      # 303, and the session has ended
use std::{borrow::Cow, convert::Infallible, error::Error};

use axum::response::{Html, IntoResponse, Redirect};
use axum::{Router, extract::State, http::HeaderMap, routing::get, routing::post};
use secrecy::ExposeSecret;
use tower_passport::{Authenticate, BufferBody, CurrentUser, Local, LocalCredentials, MemoryStore};
use tower_passport::{CrossOriginProtection, Rejection, Session, SessionRecord, SessionUser, Sessions};

#[derive(Clone)]
struct User(String);

impl SessionUser for User {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"use the hash of the password here")
    }
}

type Answer = Result<axum::response::Response, Rejection>;
type Memory = Sessions<MemoryStore>;

async fn log_in(State(to): State<Memory>, head: HeaderMap, CurrentUser(user): CurrentUser<User>) -> Answer {
    Ok((to.log_in(&head, &user).await?, Redirect::to("/")).into_response())
}

async fn log_out(State(of): State<Memory>, head: HeaderMap) -> Answer {
    Ok((of.log_out(&head).await?, Redirect::to("/login")).into_response())
}

pub(crate) fn app(sessions: Memory) -> Result<Router, Box<dyn Error>> {
    let form = Html("<form method=post><input name=username><input name=password type=password><button>");
    let local = Local::new(|credentials: LocalCredentials| async move {
        let good = credentials.password.expose_secret() == "open sesame"; // verify an Argon2 hash here
        Ok::<_, Infallible>(good.then_some(User(credentials.username)))
    });
    let login = Router::new().route("/login", post(log_in));
    let login = login.route_layer(Authenticate::new(local).failure_page("/login")?);
    let public = login.route_layer(BufferBody::new(4096)).route("/logout", post(log_out));
    let public = public.route_layer(CrossOriginProtection::new()).route("/login", get(async move || form));
    let session = Session::new(sessions.clone(), |found: SessionRecord| async {
        Ok::<_, Infallible>(Some(User(found.user)))
    });
    let home = async |CurrentUser(User(name)): CurrentUser<User>| format!("Hello, {name}\n");
    let site = Router::new().route("/", get(home));
    let site = site.route_layer(Authenticate::new(session).login_page("/login")?);
    Ok(site.merge(public).with_state(sessions))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(Sessions::new(MemoryStore::new()).insecure())?).await?)
}
