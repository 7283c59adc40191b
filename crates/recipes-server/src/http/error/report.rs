//! An error as the client sees it, in the shape that the client accepts.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use recipes::FieldError;
use serde::Serialize;
use serde_json::value::RawValue;
use store::{StoreError, StoredRecipe};

use crate::auth::rate_limit::LimitReached;
use crate::http::negotiation::Shape;

/// Why a request failed on our side: for the log, never for the client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error response without its body, which [`Report::render`] writes once the shape and the request id are known.
#[derive(Debug)]
pub struct Report(Box<Contents>);

// Behind a box, because handlers return a `Result` of it.
#[derive(Debug)]
struct Contents {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: HeaderMap,
    /// The recipe as it is now, if a change did not fit it.
    current: Option<Box<RawValue>>,
    cause: Option<Cause>,
}

impl Report {
    /// `code` is for programs and never changes; `message` is for people.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let (message, errors, headers) = (message.into(), Vec::new(), HeaderMap::new());
        Self(Box::new(Contents { status, code, message, errors, headers, current: None, cause: None }))
    }

    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The invalid fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The value of a header that the response has besides those of every response.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    /// The error as a member of a larger document.
    pub fn member(&self, with_current: bool) -> ErrorMember<'_> {
        let Contents { code, message, errors, current, .. } = &*self.0;
        ErrorMember { code, message, errors, current: current.as_deref().filter(|_| with_current) }
    }

    /// The error of one of several operations: `errors` names its place.
    #[must_use]
    pub fn of_operation(mut self, index: usize) -> Self {
        let place = format!("/operations/{index}");
        if self.0.errors.is_empty() {
            let message = self.0.message.clone().into_owned();
            self.0.errors.push(FieldError { pointer: place, message });
        } else {
            self.0.errors.iter_mut().for_each(|error| error.pointer.insert_str(0, &place));
        }
        self
    }

    /// Says which fields are wrong.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Shows the current recipe, so that a client can merge its change into it without another request.
    #[must_use]
    pub(super) fn with_current(mut self, recipe: &StoredRecipe) -> Self {
        let mut json = Vec::with_capacity(recipe.json_len());
        recipe.write_json(&mut json);
        self.0.current = String::from_utf8(json).ok().and_then(|json| RawValue::from_string(json).ok());
        self
    }

    #[must_use]
    pub fn with_message(mut self, message: &'static str) -> Self {
        self.0.message = message.into();
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    #[must_use]
    pub(super) fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    #[must_use]
    pub(super) fn retry_after_seconds(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds.into())
    }

    pub(super) fn invalid(errors: Vec<FieldError>) -> Self {
        let message = "Some fields are not valid; see errors for each";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).with_errors(errors)
    }

    pub(super) fn rate_limited(reached: &LimitReached) -> Self {
        let message = format!(
            "Too many requests of this kind; try again after the time in Retry-After. The operator sets the limit \
             \"{}\" with RATE_LIMITS",
            reached.limit_name()
        );
        let mut report = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
        reached.write_headers(&mut report.0.headers);
        report
    }

    pub(crate) fn overloaded(retry_after: Duration) -> Self {
        let message = "The service has too much to do at the moment; try again later";
        // Rounded up, because a client that comes back too early is refused again (RFC 9110 section 10.2.3).
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message).retry_after_seconds(seconds)
    }

    /// A 503 of the readiness check, which names what does not work.
    pub(crate) fn not_ready(error: StoreError) -> Self {
        let message = match &error {
            StoreError::Unavailable(why) => format!("Not ready: {why}"),
            StoreError::Corrupt(_) => "Not ready: the database is damaged".to_owned(),
            _ => "Not ready: the store failed".to_owned(),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
            .retry_after_seconds(1)
            .caused_by(error)
    }

    pub(crate) fn search_index_behind(behind: Duration) -> Self {
        let message = format!("Not ready: the search index is {} s behind the database", behind.as_secs());
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).retry_after_seconds(5)
    }

    pub(crate) fn draining() -> Self {
        let message = "Not ready: the service is shutting down";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).retry_after_seconds(1)
    }

    pub(super) fn unavailable(cause: impl Into<Cause>) -> Self {
        let message = "The service cannot do this at the moment; try again later";
        let report = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
        report.retry_after_seconds(1).caused_by(cause)
    }

    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        let message = "The service failed; report the request id to the operator";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message).caused_by(cause)
    }

    /// [`body`](Self::body), and a line in the log if the server caused the error.
    pub fn render(&self, shape: Shape, request_id: &str) -> (&'static str, Vec<u8>) {
        self.log();
        self.body(shape, request_id)
    }

    /// Writes a line to the log if the server caused the error.
    pub fn log(&self) {
        let Contents { status, code, cause, .. } = &*self.0;
        if status.is_server_error() {
            let cause = cause.as_deref().map(tracing::field::display);
            if *status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(code, cause, "A request failed");
            } else {
                tracing::warn!(code, cause, "A request was turned away");
            }
        }
    }

    /// The media type and the body in this shape.
    pub fn body(&self, shape: Shape, request_id: &str) -> (&'static str, Vec<u8>) {
        match shape {
            Shape::Seed => ("application/json", to_json(&SeedError::new(&self.0, request_id))),
            Shape::Problem => {
                ("application/problem+json", to_json(&ProblemDetails::new(&self.0, request_id)))
            }
        }
    }
}

impl From<StoreError> for Report {
    fn from(error: StoreError) -> Self {
        match error {
            // A damaged database is reported in the log where it is found.
            StoreError::Unavailable(_) | StoreError::Corrupt(_) => Self::unavailable(error),
            StoreError::IdempotencyKeyReused => {
                let message =
                    "You have used this Idempotency-Key for another request; use a new key for each request";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", message)
            }
            error => Self::internal(error),
        }
    }
}

impl IntoResponse for Report {
    fn into_response(mut self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0.status;
        *response.headers_mut() = std::mem::take(&mut self.0.headers);
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

fn to_json(body: &impl Serialize) -> Vec<u8> {
    // Strings and numbers only: serializing them cannot fail.
    serde_json::to_vec(body).unwrap_or_default()
}

/// An error as a member of a larger document.
#[derive(Serialize)]
pub struct ErrorMember<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a RawValue>,
}

/// The original API's shape with the additional members `code`, `errors` and `requestId`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeedError<'a> {
    status: &'static str,
    status_code: u16,
    message: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a RawValue>,
    request_id: &'a str,
}

impl<'a> SeedError<'a> {
    fn new(contents: &'a Contents, request_id: &'a str) -> Self {
        let Contents { status, code, message, errors, current, .. } = contents;
        let (status_code, current) = (status.as_u16(), current.as_deref());
        Self { status: "error", status_code, message, code, errors, current, request_id }
    }
}

/// RFC 9457 problem details.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemDetails<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<&'a RawValue>,
    request_id: &'a str,
}

impl<'a> ProblemDetails<'a> {
    fn new(contents: &'a Contents, request_id: &'a str) -> Self {
        let Contents { status, code, message, errors, current, .. } = contents;
        let current = current.as_deref();
        // With "about:blank" the title is the status phrase (RFC 9457 section 4.2.1).
        let (r#type, title) = ("about:blank", status.canonical_reason().unwrap_or("Error"));
        Self { r#type, title, status: status.as_u16(), detail: message, code, errors, current, request_id }
    }
}
