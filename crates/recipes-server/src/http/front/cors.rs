//! Which web pages may read the answers (the CORS protocol of the Fetch standard).

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

/// The origins whose pages may call this API.
///
/// Credentials (cookies) are never allowed across origins, so `*` gives a page nothing that `curl` has not got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    Any,
    Only(Vec<HeaderValue>),
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
/// Named one by one, because `*` does not include `Authorization`.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, if-match, if-none-match, prefer, x-request-id",
);
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "etag, link, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id",
);
const A_DAY: HeaderValue = HeaderValue::from_static("86400");
const ANY: HeaderValue = HeaderValue::from_static("*");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");

impl Origins {
    /// The answer to a preflight, if this is one.
    pub(super) fn preflight<B>(request: &Request<B>) -> Option<Response> {
        let headers = request.headers();
        let is_preflight = request.method() == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, A_DAY);
        Some(response)
    }

    /// Lets the page of `origin` read this answer, if it may.
    pub(super) fn allow(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        let allowed = match self {
            Self::Any => origin.map(|_| ANY),
            Self::Only(origins) => {
                // A cache must not give one origin the permission of another.
                answer.append(header::VARY, VARY_ORIGIN);
                origin.filter(|origin| origins.contains(origin)).cloned()
            }
        };
        if let Some(allowed) = allowed {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
        }
    }
}
