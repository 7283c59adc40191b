//! Runs the test cases of Passport, passport-jwt and passport-local: each row of `docs/passport-cases.md`.

mod jwt;
mod local;
mod passport;

use std::fmt::Write;

use axum::body::Body;
use axum::response::Response;
use axum::{Router, routing};
use http::{Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_passport::{Authenticate, BufferBody, CurrentUser, Rejection, Strategy};

const DOCUMENT: &str = include_str!("../../docs/passport-cases.md");

/// The rows of a table: the number after this letter, the column `here`, and the last column.
fn rows(letter: char) -> impl Iterator<Item = (usize, &'static str, &'static str)> {
    DOCUMENT.lines().filter_map(move |line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let number = cells.get(1)?.strip_prefix(letter)?.parse().ok()?;
        let [_, _, case, passport, here, why, _] = cells[..] else { panic!("{line}") };
        assert!(!case.is_empty() && !passport.is_empty() && !why.is_empty(), "{line}");
        Some((number, here.trim_matches('`'), why))
    })
}

#[track_caller]
fn check(letter: char, number: usize, here: &str, seen: &str) {
    assert_eq!(seen, here, "{letter}{number}");
    if here == "does not compile" {
        let block = format!("```compile_fail\n// {letter}{number}: ");
        assert!(DOCUMENT.contains(&block), "a doctest shows that {letter}{number} does not compile");
    }
}

/// All numbers are there, and a table has as many rows as its heading says.
#[track_caller]
fn count(letter: char, at_least: usize) {
    let numbers: Vec<_> = rows(letter).map(|(number, ..)| number).collect();
    assert!(numbers.len() >= at_least, "{letter}");
    assert!(numbers.into_iter().eq(1..=rows(letter).count()), "{letter}");
}

#[tokio::test]
async fn all_cases_of_passport_jwt() {
    count('J', 58);
    for (number, here, _) in rows('J') {
        check('J', number, here, &jwt::run(number).await);
    }
}

#[tokio::test]
async fn all_cases_of_passport_local() {
    count('L', 22);
    for (number, here, _) in rows('L') {
        check('L', number, here, &local::run(number).await);
    }
}

#[tokio::test]
async fn all_cases_of_passport_authenticate() {
    count('P', 49);
    for (number, here, _) in rows('P') {
        check('P', number, here, &passport::run(number).await);
    }
}

const COMPILES_NOT: &str = "does not compile";

/// A site that responds with the name of the user.
fn site(strategy: impl Strategy<User = String>) -> Router {
    let whoami = async |CurrentUser(user): CurrentUser<String>| user;
    Router::new()
        .route("/{*path}", routing::any(whoami))
        .route("/", routing::any(whoami))
        .route_layer(Authenticate::new(strategy))
        .route_layer(BufferBody::new(1024))
}

async fn send(site: Router, request: Request<Body>) -> Response {
    site.oneshot(request).await.unwrap()
}

/// `200 alice`, `401 no_credentials [Bearer]` or `303 /login`.
async fn seen(site: Router, request: Request<Body>) -> String {
    let response = send(site, request).await;
    let mut text = response.status().as_u16().to_string();
    let location = response.headers().get(header::LOCATION);
    if let Some(location) = location {
        write!(text, " {}", location.to_str().unwrap()).unwrap();
    } else if let Some(rejection) = response.extensions().get::<Rejection>() {
        write!(text, " {}", rejection.reason().as_str()).unwrap();
    } else {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        write!(text, " {}", String::from_utf8(body.into()).unwrap()).unwrap();
    }
    text
}

/// With the sentence for the client: `401 invalid_token: The token is not valid.`
async fn told(site: Router, request: Request<Body>) -> String {
    let response = send(site, request).await;
    let rejection = response.extensions().get::<Rejection>().unwrap();
    format!("{} {}: {rejection}", rejection.status().as_u16(), rejection.reason().as_str())
}

/// With the challenges: `401 no_credentials [Bearer]`.
fn challenged(rejection: &Rejection) -> String {
    let mut text = format!("{} {}", rejection.status().as_u16(), rejection.reason().as_str());
    let challenges: Vec<_> = rejection.challenges().map(|value| value.to_str().unwrap()).collect();
    if !challenges.is_empty() {
        write!(text, " [{}]", challenges.join("; ")).unwrap();
    }
    text
}
