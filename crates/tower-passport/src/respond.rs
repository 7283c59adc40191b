//! How a refusal is told: as JSON, as a problem document, as a gRPC status, as the way to a log-in page.

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
use crate::{Reason, Refusal};

/// How a layer answers a refused request: see [`Authenticate::respond_with`](crate::Authenticate::respond_with).
/// Implemented for functions of a refusal and the head of its request.
pub trait Respond<B>: Send + Sync + 'static {
    /// The answer to a refused request. Beside what it says itself it should carry the refusal's
    /// [cookies](Refusal::cookies) and, if it has the refusal's status, its challenges and when to try again; it should be
    /// kept by no cache, and have the refusal in its extensions. For functions the layer sees to all of that, but leaves
    /// alone what they set themselves.
    fn respond(&self, refusal: &Refusal, request: &Parts) -> Response<B>;
}

/// The answer of a [`Refusal`] as it is: [`Refusal::to_response`].
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

impl<B: From<Bytes>> Respond<B> for AsItIs {
    fn respond(&self, refusal: &Refusal, _request: &Parts) -> Response<B> {
        refusal.to_response()
    }
}

/// A problem document: `application/problem+json` with `title`, `status`, `detail`, and the machine's word as `error`.
///
/// ```text
/// {"title":"Unauthorized","status":401,"detail":"The token is not valid.","error":"invalid_token"}
/// ```
///
/// Source: RFC 9457. There is no `type`, which means `about:blank`: no more than the status is said by the title.
#[derive(Clone, Copy, Debug)]
pub struct ProblemJson;

impl<B: From<Bytes>> Respond<B> for ProblemJson {
    fn respond(&self, refusal: &Refusal, _request: &Parts) -> Response<B> {
        let mut problem = serde_json::json!({
            "title": refusal.status().canonical_reason(),
            "status": refusal.status().as_u16(),
            "detail": refusal.description(),
            "error": refusal.reason().as_str(),
        });
        if !refusal.missing_fields().is_empty() {
            problem["missing_fields"] = refusal.missing_fields().into();
        }
        refusal.with_body("application/problem+json", problem.to_string().into())
    }
}

/// A gRPC status without a message before it, for services of tonic: 200, `grpc-status`, `grpc-message`, no body.
///
/// | refused because | `grpc-status` |
/// | --- | --- |
/// | 401, and 400: the credentials cannot be read | 16 `UNAUTHENTICATED` |
/// | 403 | 7 `PERMISSION_DENIED` |
/// | 413 | 8 `RESOURCE_EXHAUSTED` |
/// | 503 | 14 `UNAVAILABLE`, with `grpc-retry-pushback-ms` if it is known when |
/// | 500 | 13 `INTERNAL` |
///
/// Source: "gRPC over HTTP/2" (Trailers-Only); gRPC status codes; gRFC A6 (push-back).
#[derive(Clone, Copy, Debug)]
pub struct GrpcStatus;

impl<B: Default> Respond<B> for GrpcStatus {
    fn respond(&self, refusal: &Refusal, _request: &Parts) -> Response<B> {
        let mut response = Response::new(B::default());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(HeaderName::from_static("grpc-status"), grpc_code(refusal.reason()).into());
        let message = utf8_percent_encode(refusal.description(), GRPC_MESSAGE).to_string();
        if let Ok(message) = HeaderValue::try_from(message) {
            headers.insert(HeaderName::from_static("grpc-message"), message);
        }
        if let Some(after) = refusal.retry_after() {
            let milliseconds = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            headers.insert(HeaderName::from_static("grpc-retry-pushback-ms"), milliseconds.into());
        }
        for challenge in refusal.challenges() {
            headers.append(header::WWW_AUTHENTICATE, challenge.clone());
        }
        refusal.add_cookies(headers);
        response.extensions_mut().insert(refusal.clone());
        response
    }
}

/// What a `grpc-message` cannot have as it is.
const GRPC_MESSAGE: &AsciiSet = &CONTROLS.add(b'%');

const fn grpc_code(reason: Reason) -> u16 {
    match reason {
        Reason::NoCredentials
        | Reason::WrongCredentials
        | Reason::InvalidToken
        | Reason::InvalidRequest
        | Reason::Redirect => 16,
        Reason::InsufficientScope | Reason::AccessDenied => 7,
        Reason::BodyTooLarge => 8,
        Reason::Undecided => 14,
        Reason::Misconfigured => 13,
    }
}

impl<B, R: Respond<B> + ?Sized> Respond<B> for Arc<R> {
    fn respond(&self, refusal: &Refusal, request: &Parts) -> Response<B> {
        (**self).respond(refusal, request)
    }
}

impl<B, F> Respond<B> for F
where
    F: Fn(&Refusal, &Parts) -> Response<B> + Send + Sync + 'static,
{
    fn respond(&self, refusal: &Refusal, request: &Parts) -> Response<B> {
        let mut response = self(refusal, request);
        refusal.complete(&mut response);
        response
    }
}
