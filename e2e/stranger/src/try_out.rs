use std::error::Error;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use strict_jose::{Algorithm, Key};
use tower::ServiceExt;
use tower_passport::TokenDigest;

use crate::app::{self, Claims, TYPE};
use crate::claims_of;
use crate::kitchen::kitchen;

pub async fn everything() -> Result<(), Box<dyn Error>> {
    visits().await?;
    a_day_in_the_kitchen().await
}

/// Log-ins, good and bad ones, requests with the session, and a log-out.
async fn a_day_in_the_kitchen() -> Result<(), Box<dyn Error>> {
    let kitchen = kitchen();
    let form = "application/x-www-form-urlencoded";
    let log_in = |content_type: &str, body: &'static str| {
        Request::post("/login").header(header::CONTENT_TYPE, content_type).body(Body::from(body))
    };
    let page =
        |path: &str, cookie: &str| Request::get(path).header(header::COOKIE, cookie).body(Body::empty());

    let entered = kitchen.clone().oneshot(log_in(form, "username=carol&password=sesame")?).await?;
    let cookie = entered.headers().get(header::SET_COOKIE).ok_or("a log-in sets a cookie")?.to_str()?;
    let carol = cookie.split(';').next().unwrap_or_default();
    let log_out = Request::post("/logout").header(header::COOKIE, carol).body(Body::empty());
    let mut from_elsewhere = log_in(form, "username=mallory&password=sesame")?;
    from_elsewhere.headers_mut().insert("sec-fetch-site", "cross-site".parse()?);

    let ended = "401 Cookie {\"error\":\"invalid_token\"";
    let checks = [
        (log_in("application/json", r#"{"username":"carol","password":"sesame"}"#)?, "303"),
        (log_in(form, "username=carol&password=x")?, "401 Form {\"error\":\"wrong_credentials\""),
        (log_in(form, "username=carol")?, "400"),
        (from_elsewhere, "403"),
        (page("/kitchen", carol)?, "200 carol cooks"),
        (page("/kitchen", "")?, "401 Cookie {\"error\":\"no_credentials\""),
        (page("/window", carol)?, "200 carol looks"),
        (page("/window", "")?, "200 A guest looks"),
        (log_out?, "200"),
        (page("/kitchen", carol)?, ended),
        // The client of an ended session is a guest where guests are allowed.
        (page("/window", carol)?, "200 A guest looks"),
    ];
    let count = checks.len();
    for (request, want) in checks {
        let asked = format!("{} {}", request.method(), request.uri());
        let answer = answer(&kitchen, request).await?;
        if !answer.starts_with(want) {
            return Err(format!("{asked} is answered {answer:?}, not {want:?}").into());
        }
    }
    println!("{count} steps in the kitchen, all answered as documented");
    Ok(())
}

/// Requests of every kind of visitor, and forged ones.
async fn visits() -> Result<(), Box<dyn Error>> {
    let key = Key::generate(Algorithm::EdDsa)?.with_thumbprint_as_kid();
    let printer = app::printer_key()?;
    let app = app::app(key.public().ok_or("this key has a public half")?, TokenDigest::of(&printer))?;

    let alice = key.sign(TYPE, &claims_of("alice")?)?;
    let bob = key.sign(TYPE, &claims_of("bob")?)?;
    let expired = key.sign(TYPE, &Claims { exp: 1, ..claims_of("alice")? })?;
    let for_others = key.sign(TYPE, &Claims { aud: "elsewhere".into(), ..claims_of("alice")? })?;
    let of_another_type = key.sign("refresh+jwt", &claims_of("alice")?)?;
    let by_another = Key::generate(Algorithm::EdDsa)?
        .with_kid(key.kid().unwrap_or_default())
        .sign(TYPE, &claims_of("alice")?)?;
    let mistyped = printer.replacen("box_", "box_x", 1);

    let rejected = "401 Bearer error=\"invalid_token\"";
    let checks = [
        ("/", None, "200 Hello, guest"),
        ("/me", None, "401 Bearer"),
        ("/me", Some(&alice), "200 Hello, alice"),
        ("/", Some(&alice), "200 Hello, alice"),
        ("/me", Some(&printer), "200 Hello, printer"),
        ("/me", Some(&bob), rejected),
        ("/me", Some(&expired), rejected),
        ("/me", Some(&for_others), rejected),
        ("/me", Some(&of_another_type), rejected),
        ("/me", Some(&by_another), rejected),
        // Bad credentials do not become a guest.
        ("/", Some(&expired), rejected),
        ("/", Some(&mistyped), rejected),
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
    answer(app, request.body(Body::empty())?).await
}

/// The status, the challenges and the body.
async fn answer(app: &Router, request: Request<Body>) -> Result<String, Box<dyn Error>> {
    let answer = app.clone().oneshot(request).await?;
    let status = answer.status().as_u16();
    let challenges = answer.headers().get_all(header::WWW_AUTHENTICATE).iter();
    let challenges: Result<Vec<_>, _> = challenges.map(|value| value.to_str()).collect();
    let challenges = challenges?.join(", ");
    let body = String::from_utf8(to_bytes(answer.into_body(), 1024).await?.to_vec())?;
    Ok(if challenges.is_empty() {
        format!("{status} {body}")
    } else {
        format!("{status} {challenges} {body}")
    })
}
