//! The pages that the links in mails open. They load nothing from other sites and need no cookies.
//!
//! The token of a link stands after its `#`, so opening a link does not send the token. The script of the page reads the
//! token from the address and sends it when the user presses the button.

use axum::{
    Router,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};

use super::responses::NO_STORE;
use crate::app::App;

const VERIFY_EMAIL: &str = include_str!("links/verify-email.html");
const RESET_PASSWORD: &str = include_str!("links/reset-password.html");
const SIGN_UP: &str = include_str!("links/sign-up.html");
const SCRIPT: &str = include_str!("links/page.js");
const STYLE: &str = include_str!("links/page.css");

pub fn pages() -> Router<App> {
    Router::new()
        .route("/account/verify-email", get(async || page(VERIFY_EMAIL)))
        .route("/account/reset-password", get(async || page(RESET_PASSWORD)))
        .route("/account/sign-up", get(async || page(SIGN_UP)))
        .route("/account/page.js", get(async || ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT)))
        .route("/account/page.css", get(async || ([(header::CONTENT_TYPE, "text/css")], STYLE)))
}

/// The page may call this server only, and no other page may show it in a frame (clickjacking).
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

fn page(html: &'static str) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, NO_STORE)];
    (headers, Html(html)).into_response()
}
