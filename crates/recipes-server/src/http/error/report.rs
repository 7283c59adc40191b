//! What a client is told of an error, in the shape it asked for.

use std::borrow::Cow;

use http::StatusCode;
use recipes::Problem;
use serde::Serialize;

use super::Cause;
use crate::http::negotiation::Shape;

/// What the client will be told, still without a shape.
#[derive(Debug)]
pub struct Report {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    pub(super) errors: Vec<Problem>,
    pub(super) cause: Option<Cause>,
}

impl Report {
    /// The body in the asked-for shape and its media type; logs what is ours to mend.
    pub fn render(&self, shape: Shape, request_id: &str) -> (&'static str, Vec<u8>) {
        if self.status.is_server_error() {
            let cause = self.cause.as_deref().map(tracing::field::display);
            if self.status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(request.id = request_id, code = self.code, cause, "A request failed");
            } else {
                tracing::warn!(request.id = request_id, code = self.code, cause, "A request was turned away");
            }
        }
        match shape {
            Shape::Seed => ("application/json", to_json(&SeedError::new(self, request_id))),
            Shape::Problem => ("application/problem+json", to_json(&ProblemDetails::new(self, request_id))),
        }
    }
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    // Strings and numbers only: serializing them cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// An error in the original API's shape, grown by `code`, `errors` and `requestId`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeedError<'a> {
    status: &'static str,
    status_code: u16,
    message: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Problem],
    request_id: &'a str,
}

impl<'a> SeedError<'a> {
    fn new(report: &'a Report, request_id: &'a str) -> Self {
        let Report { status, code, message, errors, .. } = report;
        Self { status: "error", status_code: status.as_u16(), message, code, errors, request_id }
    }
}

/// An error as RFC 9457 problem details.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemDetails<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Problem],
    request_id: &'a str,
}

impl<'a> ProblemDetails<'a> {
    fn new(report: &'a Report, request_id: &'a str) -> Self {
        let Report { status, code, message, errors, .. } = report;
        // "about:blank" means that the title is the status's own phrase (RFC 9457 section 4.2.1).
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail: message,
            code,
            errors,
            request_id,
        }
    }
}
