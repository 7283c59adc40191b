//! People with tokens, machines with keys, and guests, in one chain.
//!
//! ```sh
//! cargo run --example chain
//! curl -i localhost:3000/                                    # Hello, guest
//! curl -i localhost:3000/ -H "X-Api-Key: open sesame"        # Hello, machine "printer"
//! curl -i localhost:3000/ -H "Authorization: Bearer forged"  # 401, not "Hello, guest"
//! ```
use std::convert::Infallible;

use http::{HeaderValue, request::Parts};
use serde::Deserialize;
use strict_jose::{Key, Rules};
use tower_passport::{
    Anonymous, Authenticate, Challenge, CurrentUser, Error, Jwt, Outcome, Rejection, Strategy,
};

#[derive(Clone)]
enum Caller {
    Person(String),
    Machine(&'static str),
    Guest,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

struct ApiKey;

impl Strategy for ApiKey {
    type User = &'static str;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<&'static str>, Error> {
        Ok(match request.headers.get("x-api-key").map(HeaderValue::as_bytes) {
            None => Outcome::Pass(Challenge::from_static("ApiKey").into()),
            Some(b"open sesame") => Outcome::Accept("printer"),
            Some(_) => Outcome::Reject(Rejection::invalid_token(Challenge::from_static("ApiKey"))),
        })
    }
}

async fn greet(CurrentUser(caller): CurrentUser<Caller>) -> String {
    match caller {
        Caller::Person(name) => format!("Hello, {name}\n"),
        Caller::Machine(name) => format!("Hello, machine {name:?}\n"),
        Caller::Guest => "Hello, guest\n".into(),
    }
}

pub fn app(key: Key) -> axum::Router {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = Jwt::new(key, rules, |claims: Claims| async { Ok::<_, Infallible>(Some(claims.sub)) });
    let chain = jwt.map(Caller::Person).or(ApiKey.map(Caller::Machine)).or(Anonymous::new(|| Caller::Guest));
    axum::Router::new().route("/", axum::routing::get(greet)).layer(Authenticate::new(chain))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = Key::hs256(b"An example. Yours is 32 random bytes.")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(key)).await?)
}
