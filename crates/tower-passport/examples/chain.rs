//! One chain for people with tokens, machines with keys, and guests.
//!
//!     curl -i localhost:3000/                                    # Hello, guest
//!     curl -i localhost:3000/ -H "X-Api-Key: open sesame"        # Hello, machine "printer"
//!     curl -i localhost:3000/ -H "Authorization: Bearer forged"  # 401, not "Hello, guest"
use axum::{Router, routing::get};
use http::{HeaderValue, request::Parts};
use strict_jose::{Key, Rules};
use tower_passport::{Anonymous, Authenticate, Challenge, CurrentUser, Error, Jwt};
use tower_passport::{Outcome, Rejection, Strategy};

#[derive(Clone)]
enum Caller {
    Person(String),
    Machine(&'static str),
    Guest,
}

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
}

struct ApiKey;

impl Strategy for ApiKey {
    type User = &'static str;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<&'static str>, Error> {
        let challenge = Challenge::from_static("ApiKey");
        Ok(match request.headers.get("x-api-key").map(HeaderValue::as_bytes) {
            None => Outcome::Pass(challenge.into()),
            Some(b"open sesame") => Outcome::Accept("printer"),
            Some(_) => Outcome::Reject(Rejection::invalid_token(challenge)),
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

pub fn app(key: Key) -> Router {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = Jwt::new(key, rules, |claims: Claims| async { Ok::<_, Error>(Some(claims.sub)) });
    let chain = jwt.map(Caller::Person).or(ApiKey.map(Caller::Machine)).or(Anonymous::new(|| Caller::Guest));
    Router::new().route("/", get(greet)).route_layer(Authenticate::new(chain))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(Key::hs256(b"An example. Yours is 32 random bytes.")?)).await?)
}
