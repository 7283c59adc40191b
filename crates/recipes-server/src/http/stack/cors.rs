//! Cross-origin resource sharing (CORS, Fetch standard): which web pages may read the responses.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use crate::http::origin::Origin;

/// The origins of the web pages that may call this API.
///
/// With `*` credentials (cookies) are never allowed, so a page can do no more than `curl`. Pages of listed origins may use
/// cookies: the operator has chosen them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    Any,
    Only(Vec<Origin>),
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
/// For preflights that ask for no header in particular. Listed, because `*` does not include `Authorization`.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, dpop, idempotency-key, if-match, if-none-match, prefer, x-request-id",
);
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "dpop-nonce, etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-request-id",
);
const ONE_DAY: HeaderValue = HeaderValue::from_static("86400");
const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");
const VARY_REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("access-control-request-headers");

impl CorsOrigins {
    /// The response to a preflight request; `None` for any other request.
    ///
    /// It allows all headers that the page asks for, as Express does: libraries for tracing and caching add headers that their
    /// users do not know of (`traceparent`, `x-requested-with`), and no header means more than the request that carries it.
    pub(super) fn preflight<B>(&self, request: &Request<B>) -> Option<Response> {
        let headers = request.headers();
        let is_preflight = request.method() == Method::OPTIONS
            && headers.contains_key(header::ORIGIN)
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let is_allowed = self.permission(headers.get(header::ORIGIN)).is_some();
        let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| is_allowed);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.cloned().unwrap_or(REQUEST_HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, ONE_DAY);
        headers.insert(header::VARY, VARY_REQUEST_HEADERS);
        Some(response)
    }

    /// Allows a page of `origin` to read the response, if the origin is listed.
    pub(super) fn allow(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if let Self::Only(_) = self {
            // A cache must not reuse the permission of one origin for another.
            headers.append(header::VARY, VARY_ORIGIN);
        }
        let Some(allowed) = self.permission(origin) else { return };
        if allowed != ANY {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
    }

    fn permission(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        match self {
            Self::Any => origin.map(|_| ANY),
            Self::Only(origins) => {
                let is_listed = |sent: &&HeaderValue| {
                    origins.iter().any(|origin| origin.as_str().as_bytes() == sent.as_bytes())
                };
                origin.filter(is_listed).cloned()
            }
        }
    }
}
