//! Responses to rejected requests: JSON, a problem document, a gRPC status, or a redirect to a page.

mod failure_page;
mod login_page;
pub(crate) mod navigation;

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

pub use self::failure_page::FailurePage;
pub use self::login_page::LoginPage;
use crate::{Reason, Rejection};

/// Builds the response to a rejected request: see [`Authenticate::respond_as`](crate::Authenticate::respond_as).
///
/// Functions `Fn(&Rejection, &Parts) -> Response<B>` implement it.
pub trait Respond<B>: Send + Sync + 'static {
    /// The response to a rejected request.
    ///
    /// It should carry the [cookies](Rejection::cookies) of the rejection and, if it has the status of the rejection, its
    /// challenges and `Retry-After`. It should not be cacheable, and should have the rejection in its extensions. For functions,
    /// all of this is added unless the function sets it.
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<B>;
}

/// The response of the [`Rejection`] itself: [`Rejection::to_response`].
#[derive(Clone, Copy, Debug)]
pub struct DefaultResponse;

impl<B: From<Bytes>> Respond<B> for DefaultResponse {
    fn respond(&self, rejection: &Rejection, _request: &Parts) -> Response<B> {
        rejection.to_response()
    }
}

/// A problem document: `application/problem+json` with `title`, `status`, `detail`, and the error code as `error`.
///
/// ```text
/// {"title":"Unauthorized","status":401,"detail":"The token is not valid.","error":"invalid_token"}
/// ```
///
/// Source: RFC 9457. There is no `type`, which means `about:blank`: the title says no more than the status.
#[derive(Clone, Copy, Debug)]
pub struct ProblemJson;

impl<B: From<Bytes>> Respond<B> for ProblemJson {
    fn respond(&self, rejection: &Rejection, _request: &Parts) -> Response<B> {
        let mut problem = serde_json::json!({
            "title": rejection.status().canonical_reason(),
            "status": rejection.status().as_u16(),
            "detail": rejection.description(),
            "error": rejection.reason().as_str(),
        });
        if !rejection.missing_fields().is_empty() {
            problem["missing_fields"] = rejection.missing_fields().into();
        }
        rejection.to_response_with("application/problem+json", problem.to_string().into())
    }
}

/// A gRPC status without a message, for services of tonic: 200, `grpc-status`, `grpc-message`, no body.
///
/// | status | `grpc-status` |
/// | --- | --- |
/// | 400, 401 | 16 `UNAUTHENTICATED` |
/// | 403 | 7 `PERMISSION_DENIED` |
/// | 413 | 8 `RESOURCE_EXHAUSTED` |
/// | 429 | 8 `RESOURCE_EXHAUSTED`, with `grpc-retry-pushback-ms` |
/// | 503 | 14 `UNAVAILABLE`, with `grpc-retry-pushback-ms` if the time is known |
/// | 500 | 13 `INTERNAL` |
///
/// Source: "gRPC over HTTP/2" (Trailers-Only); gRPC status codes; gRFC A6 (push-back).
#[derive(Clone, Copy, Debug)]
pub struct GrpcStatus;

impl<B: Default> Respond<B> for GrpcStatus {
    fn respond(&self, rejection: &Rejection, _request: &Parts) -> Response<B> {
        let mut response = Response::new(B::default());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(HeaderName::from_static("grpc-status"), grpc_code(rejection.reason()).into());
        let message = utf8_percent_encode(rejection.description(), GRPC_MESSAGE).to_string();
        if let Ok(message) = HeaderValue::try_from(message) {
            headers.insert(HeaderName::from_static("grpc-message"), message);
        }
        if let Some(after) = rejection.retry_after() {
            let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            headers.insert(HeaderName::from_static("grpc-retry-pushback-ms"), milliseconds.into());
        }
        for challenge in rejection.challenges() {
            headers.append(header::WWW_AUTHENTICATE, challenge.clone());
        }
        rejection.add_cookies(headers);
        response.extensions_mut().insert(rejection.clone());
        response
    }
}

/// The characters of a `grpc-message` that must be percent-encoded.
const GRPC_MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

const fn grpc_code(reason: Reason) -> u16 {
    match reason {
        Reason::NoCredentials
        | Reason::WrongCredentials
        | Reason::InvalidToken
        | Reason::InvalidRequest
        | Reason::Redirect => 16,
        Reason::InsufficientScope | Reason::AccessDenied => 7,
        Reason::BodyTooLarge | Reason::TooManyRequests => 8,
        Reason::Undecided => 14,
        Reason::Misconfigured | Reason::Internal => 13,
    }
}

impl<B, R: Respond<B> + ?Sized> Respond<B> for Arc<R> {
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<B> {
        (**self).respond(rejection, request)
    }
}

impl<B, F> Respond<B> for F
where
    F: Fn(&Rejection, &Parts) -> Response<B> + Send + Sync + 'static,
{
    fn respond(&self, rejection: &Rejection, request: &Parts) -> Response<B> {
        let mut response = self(rejection, request);
        rejection.complete(&mut response);
        response
    }
}
