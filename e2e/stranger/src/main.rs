//! A program outside of the workspace that uses both libraries: three kinds of visitor, and cookie sessions.
//!
//!     stranger              # sends requests to itself and checks the responses
//!     stranger sign ES256   # a token for alice, and the key to verify it with
//!     stranger serve        # reads a JWK from the standard input, serves GET /me, prints its address

mod app;
mod kitchen;
mod try_out;

use std::error::Error;
use std::time::{Duration, SystemTime, SystemTimeError};

use strict_jose::{Algorithm, Key};
use tower_passport::TokenDigest;

use crate::app::{AUDIENCE, Claims, ISSUER, TYPE};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => try_out::everything().await,
        ["sign", algorithm] => {
            let key = Key::generate(algorithm.parse::<Algorithm>()?)?;
            let token = key.sign(TYPE, &claims_of("alice")?)?;
            // The peer gets the public half of a key pair, or the shared secret.
            let jwk = key.to_public_jwk().unwrap_or_else(|| key.to_jwk().expose().to_owned());
            println!("{{\"token\":\"{token}\",\"jwk\":{jwk}}}");
            Ok(())
        }
        ["serve"] => {
            let mut jwk = String::new();
            std::io::stdin().read_line(&mut jwk)?;
            let printer = TokenDigest::of(&app::printer_key()?);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("http://{}", listener.local_addr()?);
            Ok(axum::serve(listener, app::app(Key::from_jwk(&jwk)?, printer)?).await?)
        }
        _ => Err("usage: stranger [sign ALGORITHM | serve]".into()),
    }
}

/// Claims that are valid for five minutes.
pub fn claims_of(sub: &str) -> Result<Claims, SystemTimeError> {
    let exp = SystemTime::UNIX_EPOCH.elapsed()? + Duration::from_secs(300);
    Ok(Claims { iss: ISSUER.into(), aud: AUDIENCE.into(), sub: sub.into(), exp: exp.as_secs() })
}
