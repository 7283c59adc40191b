//! JSON responses that no cache may store, because they contain personal data or a secret.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::error::Report;
use crate::use_cases::accounts::Accounts;

pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// 200 with `{"data":…}`.
pub(super) fn data(data: &impl Serialize) -> Response {
    // Larger than most bodies, so that the buffer seldom grows.
    let mut body = Vec::with_capacity(512);
    if let Err(error) = serde_json::to_writer(&mut body, &Envelope { data }) {
        return Report::internal(error).into_response();
    }
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// 202 for a requested mail, with the same message whether there is one to send or not.
pub(super) fn mail_requested(accounts: &Accounts, message: &'static str) -> Response {
    #[derive(Serialize)]
    struct MailRequested {
        message: &'static str,
    }
    let without_server = "This service has no mail server; ask its operator for the mail";
    let message = if accounts.has_mail_server() { message } else { without_server };
    (StatusCode::ACCEPTED, [(header::CACHE_CONTROL, NO_STORE)], Json(MailRequested { message }))
        .into_response()
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    data: &'a T,
}
