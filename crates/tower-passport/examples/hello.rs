//! One protected route. The program prints a token to try:
//!
//!     curl -i localhost:3000/me                                     # 401, WWW-Authenticate: Bearer
//!     curl -i localhost:3000/me -H "Authorization: Bearer <token>"  # 200 Hello, Alice
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::{Router, extract::FromRef, http::request::Parts, routing::get};
use serde::{Deserialize, Serialize};
use strict_jose::{Key, Rules};
use tower_passport::{Auth, Error, Jwt, Verification, Verify};

type Guard = Jwt<Key, Claims, ReadClaims>;

#[derive(Clone, FromRef)]
struct App {
    guard: Arc<Guard>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

struct ReadClaims;

impl Verify<Claims> for ReadClaims {
    type User = Claims;

    async fn verify(&self, claims: Claims, _request: &Parts) -> Result<Verification<Claims>, Error> {
        Ok(Verification::Accept(claims))
    }
}

async fn whoami(Auth(user): Auth<Guard>) -> String {
    format!("Hello, {}\n", user.sub)
}

pub fn app(key: Key) -> Router {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    Router::new()
        .route("/me", get(whoami))
        .with_state(App { guard: Arc::new(Jwt::new(key, rules, ReadClaims)) })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::hs256(b"An example. Yours is 32 random bytes.")?;
    let exp = SystemTime::UNIX_EPOCH.elapsed()? + Duration::from_hours(1);
    println!("{}", key.sign("at+jwt", &Claims { sub: "Alice".into(), exp: exp.as_secs() })?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(key)).await?)
}
