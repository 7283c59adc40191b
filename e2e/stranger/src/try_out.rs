use std::error::Error;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use strict_jose::{Algorithm, Key};
use tower::ServiceExt;
use tower_passport::TokenDigest;

use crate::app::{self, Claims, TYPE};
use crate::claims_of;

/// Every kind of visitor, and whoever pretends to be one.
pub async fn everything() -> Result<(), Box<dyn Error>> {
    let key = Key::generate(Algorithm::EdDsa)?.with_thumbprint_as_kid();
    let printer = app::printer_key()?;
    let app = app::app(key.public().ok_or("this key has a public half")?, TokenDigest::of(&printer))?;

    let alice = key.sign(TYPE, &claims_of("alice")?)?;
    let bob = key.sign(TYPE, &claims_of("bob")?)?;
    let expired = key.sign(TYPE, &Claims { exp: 1, ..claims_of("alice")? })?;
    let for_others = key.sign(TYPE, &Claims { aud: "elsewhere".into(), ..claims_of("alice")? })?;
    let of_another_type = key.sign("refresh+jwt", &claims_of("alice")?)?;
    let by_another = Key::generate(Algorithm::EdDsa)?.with_kid(key.kid().unwrap_or_default()).sign(TYPE, &claims_of("alice")?)?;
    let mistyped = printer.replacen("box_", "box_x", 1);

    let refused = "401 Bearer error=\"invalid_token\"";
    let checks = [
        ("/", None, "200 Hello, whoever you are"),
        ("/me", None, "401 Bearer"),
        ("/me", Some(&alice), "200 Hello, alice"),
        ("/", Some(&alice), "200 Hello, alice"),
        ("/me", Some(&printer), "200 Hello, printer"),
        ("/me", Some(&bob), refused),
        ("/me", Some(&expired), refused),
        ("/me", Some(&for_others), refused),
        ("/me", Some(&of_another_type), refused),
        ("/me", Some(&by_another), refused),
        // Bad credentials do not make a guest.
        ("/", Some(&expired), refused),
        ("/", Some(&mistyped), refused),
    ];
    for (path, token, want) in &checks {
        let answer = ask(&app, path, token.map(String::as_str)).await?;
        if !answer.starts_with(want) {
            return Err(format!("GET {path} with {token:?} is answered {answer:?}, not {want:?}").into());
        }
    }
    println!("{} visits, all answered as documented", checks.len());
    Ok(())
}

async fn ask(app: &Router, path: &str, token: Option<&str>) -> Result<String, Box<dyn Error>> {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = app.clone().oneshot(request.body(Body::empty())?).await?;
    let status = answer.status().as_u16();
    let challenges = answer.headers().get_all(header::WWW_AUTHENTICATE).iter();
    let challenges: Result<Vec<_>, _> = challenges.map(|value| value.to_str()).collect();
    let challenges = challenges?.join(", ");
    let body = String::from_utf8(to_bytes(answer.into_body(), 1024).await?.to_vec())?;
    Ok(if challenges.is_empty() { format!("{status} {body}") } else { format!("{status} {challenges} {body}") })
}
