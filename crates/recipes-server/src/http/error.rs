//! Errors as responses.
//!
//! Three small enums say what can go wrong: [`AccountError`] and [`RecipeError`] in the use cases, [`RequestError`] here.
//! Each becomes a [`Report`] (status, code, message, headers, cause), which is a response without a body. The outermost
//! service ([`crate::http::stack`]) renders the body once, in the shape that the client accepts:
//!
//! * the original API's, `{"status":"error","statusCode":404,"message":"Recipe not found",..}`,
//! * RFC 9457 problem details, for `Accept: application/problem+json`.
//!
//! The two are never merged, because `status` is a word in one and a number in the other. The cause of a 5xx goes to the
//! log with the request id, never to the client.
//!
//! [`AccountError`]: crate::use_cases::accounts::AccountError
//! [`RecipeError`]: crate::use_cases::recipes::RecipeError

mod account;
mod client;
mod plan;
mod recipe;
mod rejection;
mod repeat;
mod report;
mod webhook;

use std::{borrow::Cow, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use recipes::FieldError;

pub use self::report::{Cause, ErrorMember, Report};
use crate::auth::rate_limit::LimitReached;
use crate::http::memory_budget::BudgetExhausted;

/// A request that was rejected before a use case ran.
#[derive(Debug)]
pub enum RequestError {
    NoSuchRoute,
    MethodNotAllowed,
    /// The client accepts none of the media types that the route sends.
    NotAcceptable {
        offered: String,
    },
    /// A page of another site made a browser send this request with cookies. The message says what was compared.
    CrossOrigin(String),
    /// The browser would discard the cookies that the request asks for.
    CookiesNeedHttps,
    RateLimited(LimitReached),
    /// The request cannot be parsed.
    Malformed(Cow<'static, str>),
    /// A field appears twice where that is not allowed.
    DuplicateField,
    /// A change that must name the revision that it replaces.
    PreconditionRequired,
    UnsupportedMediaType,
    UnsupportedPatch,
    /// The body has a content coding that this server does not unpack.
    UnsupportedCoding,
    BodyTooLarge {
        limit: usize,
    },
    BodyTooSlow,
    /// The representation has no byte of the range.
    RangeNotSatisfiable {
        length: usize,
    },
    /// Unknown fields together with `Prefer: handling=strict`.
    UnknownFields(Vec<FieldError>),
    /// The body is well-formed, but some values are not valid: all problems at once.
    Invalid(Vec<FieldError>),
    TimedOut,
    /// The bodies of other requests and responses take all memory that is set aside for them.
    MemoryExhausted,
    Internal(Cause),
}

impl RequestError {
    /// A 500. The cause is logged.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// A 422 that names the missing fields.
    pub fn missing<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let problem = |field| FieldError { pointer: format!("/{field}"), message: "is required".to_owned() };
        Self::Invalid(fields.into_iter().map(problem).collect())
    }
}

impl From<RequestError> for Report {
    fn from(error: RequestError) -> Self {
        use RequestError as E;
        match error {
            E::NoSuchRoute => {
                Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address")
            }
            E::MethodNotAllowed => Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This address does not support the method; the Allow header lists the supported ones",
            ),
            E::NotAcceptable { offered } => Self::new(
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                format!("This address sends {offered}; errors are also sent as application/problem+json"),
            ),
            E::CrossOrigin(message) => Self::new(StatusCode::FORBIDDEN, "cross_origin", message),
            E::CookiesNeedHttps => Self::new(
                StatusCode::BAD_REQUEST,
                "cookies_need_https",
                "cookies=true needs HTTPS: over plain HTTP browsers discard these cookies, except on localhost. Open the \
                 service at its https:// address (the operator sets PUBLIC_URL to it), or leave out cookies=true and send \
                 the token as Authorization: Bearer",
            ),
            E::RateLimited(reached) => Self::rate_limited(&reached),
            E::Malformed(message) => Self::new(StatusCode::BAD_REQUEST, "malformed", message),
            E::DuplicateField => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_request", "A field appears twice.")
            }
            E::PreconditionRequired => Self::new(
                StatusCode::PRECONDITION_REQUIRED,
                "precondition_required",
                "This service requires If-Match with the ETag of the recipe that you read, or If-Unmodified-Since with its \
                 Last-Modified (REQUIRE_IF_MATCH), so that no change of others is lost; If-Match: * changes the recipe in \
                 any case",
            ),
            E::UnsupportedMediaType => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as application/json or application/x-www-form-urlencoded",
            ),
            E::UnsupportedPatch => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the changes as application/merge-patch+json or application/json",
            )
            // RFC 5789 section 2.2.
            .with_header(ACCEPT_PATCH, HeaderValue::from_static("application/merge-patch+json")),
            E::UnsupportedCoding => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_content_encoding",
                "Send the body without Content-Encoding, or compressed once with gzip or deflate",
            )
            // RFC 9110 section 15.5.16.
            .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate")),
            E::BodyTooLarge { limit } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("The body may be at most {limit} bytes"),
            ),
            E::BodyTooSlow => Self::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The body did not arrive in time; send the request again",
            ),
            E::RangeNotSatisfiable { length } => {
                let message = format!("The picture has {length} bytes, none of them in this range");
                let report = Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", message);
                match HeaderValue::try_from(format!("bytes */{length}")) {
                    Ok(range) => report.with_header(header::CONTENT_RANGE, range),
                    Err(_) => report,
                }
            }
            E::UnknownFields(errors) => Self::new(
                StatusCode::BAD_REQUEST,
                "unknown_fields",
                "Some fields are unknown, and the request asked for strict handling",
            )
            .with_errors(errors),
            E::Invalid(errors) => Self::invalid(errors),
            E::TimedOut => {
                let message = "The request took too long and was cancelled";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", message).retry_after_seconds(1)
            }
            E::MemoryExhausted => Self::overloaded(Duration::from_secs(2))
                // An idle connection would keep the buffers of this request.
                .with_header(header::CONNECTION, HeaderValue::from_static("close"))
                .caused_by(BudgetExhausted),
            E::Internal(cause) => Self::internal(cause),
        }
    }
}

pub(crate) const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        Report::from(self).into_response()
    }
}
