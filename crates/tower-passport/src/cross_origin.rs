//! Requests that a browser sends because another site told it to.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::refusal::logged;
use crate::{AsItIs, Refusal, Rejection, Respond};

/// A layer that refuses requests that another site makes a browser send: 403, before anything inside sees them.
///
/// `Session` has it built in. A log-in has not, and needs it as much: a page that makes its visitor's browser post the
/// *attacker's* name and password logs him in to the attacker's account, into which he then types (login CSRF). Put it
/// around the route of `Local` in front of cookie sessions, and around what takes `Basic`, which browsers remember and
/// send along with everybody's requests.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use tower_passport::CrossOriginProtection;
///
/// async fn log_in() {}
///
/// let app: Router = Router::new()
///     .route("/login", post(log_in))
///     .layer(CrossOriginProtection::new().trust_origin("https://app.example"));
/// ```
///
/// | the request | outcome |
/// | --- | --- |
/// | is `GET`, `HEAD`, `OPTIONS` or `TRACE`, which must change nothing | goes on |
/// | has an `Origin` that is [trusted](Self::trust_origin) | goes on |
/// | has `Sec-Fetch-Site: same-origin` or `none` | goes on |
/// | has another `Sec-Fetch-Site` | 403 `access_denied` |
/// | has only `Origin`, from an older browser, and it is that of `Host` | goes on |
/// | has only another `Origin` | 403 `access_denied` |
/// | has neither, and so is of no browser | goes on |
///
/// No tokens in forms are needed. A callback that an identity provider's page posts (`form_post`) comes from another site
/// by nature: leave it outside, or trust the provider's origin.
///
/// Sources: Fetch Metadata (W3C); OWASP Cross-Site Request Forgery Prevention; RFC 6265bis, section 8.8.
pub struct CrossOriginProtection<R = AsItIs> {
    trusted: Arc<[Box<str>]>,
    respond: Arc<R>,
}

impl CrossOriginProtection {
    /// The layer that lets in no page but those of this origin.
    pub fn new() -> Self {
        Self { trusted: Arc::new([]), respond: Arc::new(AsItIs) }
    }
}

impl Default for CrossOriginProtection {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> CrossOriginProtection<R> {
    /// Takes requests from pages of this origin too: `https://app.example`, exactly as browsers write it.
    #[must_use]
    pub fn trust_origin(self, origin: &str) -> Self {
        let trusted = self.trusted.iter().cloned().chain([origin.into()]).collect();
        Self { trusted, ..self }
    }

    /// Answers refused requests in one of the ready-made ways, or in one of your own: see
    /// [`Authenticate::respond_as`](crate::Authenticate::respond_as).
    pub fn respond_as<Other>(self, respond: Other) -> CrossOriginProtection<Other> {
        CrossOriginProtection { trusted: self.trusted, respond: Arc::new(respond) }
    }
}

impl<R, Inner> Layer<Inner> for CrossOriginProtection<R> {
    type Service = CrossOriginProtectionService<Inner, R>;

    fn layer(&self, inner: Inner) -> Self::Service {
        CrossOriginProtectionService { inner, protection: self.clone() }
    }
}

impl<R> Clone for CrossOriginProtection<R> {
    fn clone(&self) -> Self {
        Self { trusted: Arc::clone(&self.trusted), respond: Arc::clone(&self.respond) }
    }
}

impl<R> fmt::Debug for CrossOriginProtection<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CrossOriginProtection")
            .field("trusted", &self.trusted)
            .finish_non_exhaustive()
    }
}

/// A service behind [`CrossOriginProtection`].
pub struct CrossOriginProtectionService<Inner, R = AsItIs> {
    inner: Inner,
    protection: CrossOriginProtection<R>,
}

impl<Inner, R, B, Answer> Service<Request<B>> for CrossOriginProtectionService<Inner, R>
where
    Inner: Service<Request<B>, Response = Response<Answer>>,
    Inner::Future: Send + 'static,
    Inner::Error: Send + 'static,
    R: Respond<Answer>,
    Answer: Send + 'static,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        if is_same_origin(&head, &self.protection.trusted) {
            return Box::pin(self.inner.call(Request::from_parts(head, body)));
        }
        let refusal = logged(Refusal::from(cross_origin()));
        let response = self.protection.respond.respond(&refusal, &head);
        Box::pin(std::future::ready(Ok(response)))
    }
}

impl<Inner: Clone, R> Clone for CrossOriginProtectionService<Inner, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), protection: self.protection.clone() }
    }
}

impl<Inner: fmt::Debug, R> fmt::Debug for CrossOriginProtectionService<Inner, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CrossOriginProtectionService")
            .field("inner", &self.inner)
            .field("protection", &self.protection)
            .finish()
    }
}

pub(crate) fn cross_origin() -> Rejection {
    Rejection::access_denied("Another site caused this request.").because("cross_origin")
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request that may change something comes from this very origin, from a trusted one, or from no page at all.
///
/// Browsers of since 2023 say so themselves in `Sec-Fetch-Site`, which no page can set. Older ones send `Origin` with
/// every `POST`. What sends neither is no browser, and nobody can make it send a cookie that is not his own.
pub(crate) fn is_same_origin(request: &Parts, trusted: &[Box<str>]) -> bool {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return true;
    }
    let origin = request.headers.get(ORIGIN).map(HeaderValue::as_bytes);
    if origin.is_some_and(|origin| trusted.iter().any(|trusted| trusted.as_bytes() == origin)) {
        return true;
    }
    match (request.headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes), origin) {
        (Some(b"same-origin" | b"none"), _) | (None, None) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => host(request).is_some_and(|host| host_of(origin) == Some(host)),
    }
}

/// HTTP/2 has it in the URI, HTTP/1.1 in a header.
fn host(request: &Parts) -> Option<&[u8]> {
    let authority = request.uri.authority().map(|authority| authority.as_str().as_bytes());
    authority.or_else(|| request.headers.get(HOST).map(HeaderValue::as_bytes))
}

/// The scheme does not count: behind a proxy nobody knows it.
fn host_of(origin: &[u8]) -> Option<&[u8]> {
    origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[track_caller]
    fn check(method: &str, headers: &[(&str, &str)], want: bool) {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.header("host", "recipes.example").body(()).unwrap().into_parts();
        assert_eq!(is_same_origin(&head, &["https://app.example".into()]), want, "{method} {headers:?}");
    }

    #[test]
    fn what_changes_nothing_may_come_from_anywhere() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], true);
        }
    }

    #[test]
    fn the_browser_says_where_a_request_comes_from() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "BREW"] {
            check(method, &[("sec-fetch-site", "same-origin")], true);
            check(method, &[("sec-fetch-site", "none")], true);
            check(method, &[("sec-fetch-site", "same-site")], false);
            check(method, &[("sec-fetch-site", "cross-site")], false);
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://recipes.example")], false);
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")], true);
        }
    }

    #[test]
    fn an_older_browser_says_its_origin() {
        check("POST", &[("origin", "https://recipes.example")], true);
        check("POST", &[("origin", "https://recipes.example:8443")], false);
        check("POST", &[("origin", "https://evil.example")], false);
        check("POST", &[("origin", "https://recipes.example.evil.example")], false);
        check("POST", &[("origin", "null")], false);
        check("POST", &[("origin", "https://app.example")], true);
        check("POST", &[], true);
    }

    #[test]
    fn the_host_may_be_in_the_uri() {
        let request = Request::post("https://recipes.example/").header("origin", "https://recipes.example");
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert!(is_same_origin(&head, &[]));
    }
}
