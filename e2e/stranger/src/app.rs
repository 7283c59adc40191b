use std::convert::Infallible;
use std::error::Error;

use axum::Router;
use axum::routing::get;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use strict_jose::{Key, Rules};
use tower_passport::{
    Anonymous, ApiKey, ApiKeyFormat, Authenticate, CurrentUser, Jwt, Strategy, TokenDigest,
};

pub const TYPE: &str = "JWT";
pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "https://recipes.example";

#[derive(Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: String,
    pub exp: u64,
}

#[derive(Clone)]
enum Visitor {
    Person(String),
    Printer,
    Guest,
}

/// `/me` accepts people and the printer with this key, `/` also accepts guests.
pub fn app(people: Key, printer: TokenDigest) -> Result<Router, Box<dyn Error>> {
    let visitors = || -> Result<_, Box<dyn Error>> {
        let rules = Rules::typ(TYPE).issuer(ISSUER).audience(AUDIENCE);
        let people = Jwt::new(people.clone(), rules, |claims: Claims| async move {
            // Bob was deleted.
            Ok::<_, Infallible>((claims.sub != "bob").then_some(Visitor::Person(claims.sub)))
        });
        let machines = ApiKey::new(api_keys()?, move |digest: TokenDigest| async move {
            Ok::<_, Infallible>((digest == printer).then_some(Visitor::Printer))
        });
        Ok(people.or(machines))
    };
    let members = Router::new().route("/me", get(greet)).route_layer(Authenticate::new(visitors()?));
    let with_guests = visitors()?.or(Anonymous::new(|| Visitor::Guest));
    Ok(Router::new().route("/", get(greet)).route_layer(Authenticate::new(with_guests)).merge(members))
}

fn api_keys() -> Result<ApiKeyFormat, Box<dyn Error>> {
    Ok(ApiKeyFormat::new("box")?)
}

/// A new key. Use 32 random bytes of the system's generator.
pub fn printer_key() -> Result<String, Box<dyn Error>> {
    Ok(api_keys()?.generate(&[7; 32]).expose_secret().to_owned())
}

async fn greet(CurrentUser(visitor): CurrentUser<Visitor>) -> String {
    match visitor {
        Visitor::Person(name) => format!("Hello, {name}"),
        Visitor::Printer => "Hello, printer".into(),
        Visitor::Guest => "Hello, guest".into(),
    }
}
