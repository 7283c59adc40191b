//! The pages that links in mails open. They work offline and without anybody's cookies.
//!
//! What a link carries is after its `#`, so it never gets here by being opened: the page's script takes it from the
//! address and sends it when somebody presses the button.

use axum::{
    Json, Router,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::personal::NO_STORE;
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

/// The page may call this server and nothing else, and nobody may put it into a frame to have its button pressed.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

fn page(html: &'static str) -> Response {
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, NO_STORE)];
    (headers, Html(html)).into_response()
}

/// The answer to whoever asks for a mail: always the same.
pub(super) fn on_its_way(message: &'static str) -> Response {
    #[derive(Serialize)]
    struct OnItsWay {
        message: &'static str,
    }
    (StatusCode::ACCEPTED, [(header::CACHE_CONTROL, NO_STORE)], Json(OnItsWay { message })).into_response()
}
