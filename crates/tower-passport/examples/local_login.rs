//! Log in once with a user name and a password; use a token afterwards.
//!
//!     curl -i localhost:3000/login -d 'email=ali@example.com&password=open+sesame'
//!     curl -i localhost:3000/login --json '{"email":"ali@example.com","password":"open sesame"}'
//!     curl -i localhost:3000/login -d 'email=ali@example.com'   # 400, missing_fields: ["password"]
use std::time::{Duration, SystemTime};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, request::Parts},
    routing::post,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use strict_jose::Key;
use tower_passport::{
    Authenticate, BufferBody, CurrentUser, Error, Local, LocalCredentials, Verification, Verify,
};

#[derive(Clone)]
struct User {
    id: u64,
}

struct FindUser;

impl Verify<LocalCredentials> for FindUser {
    type User = User;

    async fn verify(
        &self,
        credentials: LocalCredentials,
        _request: &Parts,
    ) -> Result<Verification<User>, Error> {
        // Look up the user in your store, and verify an Argon2 hash whether the user exists or not.
        let good = credentials.username == "ali@example.com"
            && credentials.password.expose_secret() == "open sesame";
        Ok(good.then_some(User { id: 40 }).into())
    }
}

async fn log_in(
    State(key): State<Key>,
    CurrentUser(user): CurrentUser<User>,
) -> Result<Json<Value>, StatusCode> {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let claims = json!({ "sub": user.id.to_string(), "exp": (now + Duration::from_mins(15)).as_secs() });
    let token = key.sign("at+jwt", &claims).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(json!({ "token": token })))
}

pub fn app(key: Key) -> Router {
    let local = Local::new(FindUser).username_field("email");
    Router::new()
        .route("/login", post(log_in))
        .route_layer(Authenticate::new(local))
        .route_layer(BufferBody::new(16 * 1024))
        .with_state(key)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::hs256(b"An example. Yours is 32 random bytes.")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(key)).await?)
}
