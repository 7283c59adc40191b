//! The one place that answers with an error.
//!
//! A handler returns an [`ApiError`]; its response carries a [`Report`] instead of a body, and the front
//! ([`crate::front`]) renders it once it knows which shape the client asked for and the request's id.
//! Two shapes, never merged, because `status` is a word in one and a number in the other:
//!
//! * the original API's, `{"status":"error","statusCode":404,"message":"Recipe not found",..}`,
//! * RFC 9457 problem details, for `Accept: application/problem+json`.
//!
//! What is said outside and what is logged inside are different things: the cause of a 5xx goes to the
//! log, with the request's id, and nowhere else.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use recipes::{Problem, store::StoreError};
use serde::Serialize;
use tower_passport::{Reason, Refusal};

use crate::{accept::Shape, conditional, limits, passwords::HashError};

/// Everything that can be answered instead of what was asked for.
#[derive(Debug)]
pub enum ApiError {
    RecipeNotFound,
    NoSuchRoute,
    MethodNotAllowed,
    /// Nobody was accepted by the strategies that guard the route.
    Refused(Refusal),
    /// Deleted between being recognized and writing.
    CallerGone,
    /// Signed in, but this recipe belongs to somebody else.
    NotTheOwner,
    EmailTaken,
    /// Well-formed, but not what the field may hold: every problem at once.
    Invalid(Vec<Problem>),
    /// Not to be understood at all.
    Malformed(Cow<'static, str>),
    /// `Prefer: handling=strict` and fields that nobody knows.
    UnknownFields(Vec<Problem>),
    UnsupportedMediaType,
    NotAcceptable,
    BodyTooLarge {
        limit: usize,
    },
    BodyTooSlow,
    /// `If-Match` names another revision than the stored one.
    PreconditionFailed {
        current: conditional::ETag,
    },
    Overloaded {
        retry_after: Duration,
    },
    Unavailable(Cause),
    TimedOut,
    Internal(Cause),
}

/// Why a request failed on our side: for the log, never for the client.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

impl ApiError {
    /// A 500 whose cause is logged.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// A 422 that asks for these fields.
    pub fn missing<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let problem = |field| Problem { pointer: format!("/{field}"), message: "is required".to_owned() };
        Self::Invalid(fields.into_iter().map(problem).collect())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(_) => Self::EmailTaken,
            StoreError::OwnerGone => Self::CallerGone,
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            HashError::TooLong { .. } | HashError::Nul => {
                Self::Invalid(vec![Problem { pointer: "/password".into(), message: error.to_string() }])
            }
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<Vec<Problem>> for ApiError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Invalid(problems)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        let report = self.report(response.headers_mut());
        *response.status_mut() = report.status;
        response.extensions_mut().insert(Arc::new(report));
        response
    }
}

/// What the client will be told, still without a shape.
#[derive(Debug)]
pub struct Report {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    errors: Vec<Problem>,
    cause: Option<Cause>,
}

impl ApiError {
    #[expect(clippy::too_many_lines, reason = "one match over all errors is the table of them")]
    fn report(self, headers: &mut http::HeaderMap) -> Report {
        let plain = |status, code, message: &'static str| Report {
            status,
            code,
            message: message.into(),
            errors: Vec::new(),
            cause: None,
        };
        match self {
            Self::RecipeNotFound => plain(StatusCode::NOT_FOUND, "recipe_not_found", "Recipe not found"),
            Self::NoSuchRoute => {
                plain(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address")
            }
            Self::MethodNotAllowed => plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This address does not answer that method; the Allow header lists those it does",
            ),
            Self::Refused(refusal) => refused(refusal, headers),
            Self::CallerGone => {
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static(r#"Bearer error="invalid_token""#),
                );
                plain(StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized")
            }
            Self::NotTheOwner => {
                plain(StatusCode::FORBIDDEN, "not_the_owner", "Only its owner may change this recipe")
            }
            Self::EmailTaken => plain(StatusCode::CONFLICT, "email_taken", "Email already exists!"),
            Self::Invalid(errors) => Report {
                errors,
                ..plain(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    "Some fields are not valid; see errors for each",
                )
            },
            Self::Malformed(message) => Report { message, ..plain(StatusCode::BAD_REQUEST, "malformed", "") },
            Self::UnknownFields(errors) => Report {
                errors,
                ..plain(
                    StatusCode::BAD_REQUEST,
                    "unknown_fields",
                    "Some fields are not known, and strict handling was asked for",
                )
            },
            Self::UnsupportedMediaType => plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as application/json or application/x-www-form-urlencoded",
            ),
            Self::NotAcceptable => plain(
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                "This API answers application/json, and application/problem+json for errors",
            ),
            Self::BodyTooLarge { limit } => Report {
                message: format!("The body may be at most {limit} bytes").into(),
                ..plain(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "")
            },
            Self::BodyTooSlow => plain(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The body did not arrive in time; send the request again",
            ),
            Self::PreconditionFailed { current } => {
                headers.insert(header::ETAG, current.to_header());
                plain(
                    StatusCode::PRECONDITION_FAILED,
                    "precondition_failed",
                    "The recipe has changed since you read it; read it again, then repeat your change",
                )
            }
            Self::Overloaded { retry_after } => {
                headers.insert(header::RETRY_AFTER, seconds(retry_after));
                plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "overloaded",
                    "Too many log-ins and sign-ups at once; try again in a moment",
                )
            }
            Self::Unavailable(cause) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                Report {
                    cause: Some(cause),
                    ..plain(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "unavailable",
                        "The service cannot do this right now; try again in a moment",
                    )
                }
            }
            Self::TimedOut => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "timed_out",
                "The request took too long and was given up",
            ),
            Self::Internal(cause) => Report {
                cause: Some(cause),
                ..plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "Something went wrong on our side; tell the operator the request id",
                )
            },
        }
    }
}

/// The door's conclusion in the words of this API; its challenges stay as they are.
fn refused(refusal: Refusal, headers: &mut http::HeaderMap) -> Report {
    for challenge in refusal.challenges() {
        headers.append(header::WWW_AUTHENTICATE, challenge.clone());
    }
    let (status, code, message): (_, _, Cow<'static, str>) = match refusal.reason() {
        Reason::NoCredentials => (StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized".into()),
        Reason::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized".into()),
        Reason::WrongCredentials => {
            // RFC 9110 section 11.6.1 wants a challenge with every 401; logging in leads to a Bearer token.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            (StatusCode::UNAUTHORIZED, "unable_to_log_in", "Unable to login".into())
        }
        Reason::InsufficientScope => {
            (StatusCode::FORBIDDEN, "insufficient_scope", "This token does not allow that".into())
        }
        Reason::InvalidRequest if !refusal.missing_fields().is_empty() => {
            return ApiError::missing(refusal.missing_fields().iter().map(String::as_str)).report(headers);
        }
        Reason::BodyTooLarge => return ApiError::BodyTooLarge { limit: limits::BODY_BYTES }.report(headers),
        Reason::InvalidRequest => {
            (StatusCode::BAD_REQUEST, "invalid_request", refusal.description().to_owned().into())
        }
        Reason::Undecided => {
            let error = refusal.error();
            return match error.and_then(|e| e.downcast_ref::<HashError>()) {
                Some(HashError::Overloaded { retry_after }) => {
                    ApiError::Overloaded { retry_after: *retry_after }
                }
                _ => ApiError::Unavailable(refusal.into()),
            }
            .report(headers);
        }
        _ => return ApiError::Internal(refusal.into()).report(headers),
    };
    Report { status, code, message, errors: Vec::new(), cause: None }
}

/// `Retry-After` in whole seconds, rounded up: coming back too early is another refusal (RFC 9110 10.2.3).
fn seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
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
