//! Protection against requests that other sites cause (CSRF), by tower-http's check.

use std::convert::Infallible;
use std::fmt;
use std::future::Ready;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response};
use pin_project_lite::pin_project;
use tower_http::csrf::CsrfLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::{DefaultResponse, Rejection, Respond};

/// A layer that rejects requests that another site causes a browser to send (CSRF): 403.
///
/// `Session` has this protection built in. A log-in needs it as well: a page that makes its visitor's browser post the
/// *attacker's* name and password logs the visitor in to the attacker's account (login CSRF). Put it around the route of
/// `Local` in front of cookie sessions, and around routes with `Basic`: browsers store its credentials and send them with
/// every request.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use tower_passport::CrossOriginProtection;
///
/// async fn log_in() {}
///
/// # fn main() -> Result<(), tower_passport::InvalidOrigin> {
/// let app: Router = Router::new()
///     .route("/login", post(log_in))
///     .layer(CrossOriginProtection::new().trust_origin("https://app.example")?);
/// # Ok(()) }
/// ```
///
/// | the request | outcome |
/// | --- | --- |
/// | is `GET`, `HEAD`, `OPTIONS` or `TRACE`, which must change nothing | allowed |
/// | has an `Origin` that is [trusted](Self::trust_origin) | allowed |
/// | has `Sec-Fetch-Site: same-origin` or `none` | allowed |
/// | has another `Sec-Fetch-Site` | 403 `access_denied` |
/// | has only `Origin`, from an older browser, and it matches `Host` | allowed |
/// | has only `Origin`, and it does not match | 403 `access_denied` |
/// | has neither, and so is not from a browser | allowed |
///
/// Forms need no tokens. A callback that an identity provider's page posts (`form_post`) comes from another site: leave it
/// outside of the layer, or trust the provider's origin.
///
/// The check is [`tower_http::csrf`]'s. Sources: Fetch Metadata (W3C); OWASP Cross-Site Request Forgery Prevention;
/// RFC 6265bis, section 8.8.
pub struct CrossOriginProtection<R = DefaultResponse> {
    check: OriginCheck,
    respond: Arc<R>,
}

impl CrossOriginProtection {
    /// The layer that allows pages of this origin only.
    pub fn new() -> Self {
        Self { check: OriginCheck::new(), respond: Arc::new(DefaultResponse) }
    }
}

impl Default for CrossOriginProtection {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> CrossOriginProtection<R> {
    /// Allows requests from pages of this origin too: `https://app.example`, exactly as browsers write it.
    ///
    /// # Errors
    /// [`InvalidOrigin`] if it is not a scheme and a host.
    pub fn trust_origin(self, origin: &str) -> Result<Self, InvalidOrigin> {
        Ok(Self { check: self.check.trust(origin)?, ..self })
    }

    /// Responds to rejected requests in another way: see [`Authenticate::respond_as`](crate::Authenticate::respond_as).
    pub fn respond_as<Other>(self, respond: Other) -> CrossOriginProtection<Other> {
        CrossOriginProtection { check: self.check, respond: Arc::new(respond) }
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
        Self { check: self.check.clone(), respond: Arc::clone(&self.respond) }
    }
}

impl<R> fmt::Debug for CrossOriginProtection<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CrossOriginProtection").field("check", &self.check).finish_non_exhaustive()
    }
}

/// The service of [`CrossOriginProtection`].
pub struct CrossOriginProtectionService<Inner, R = DefaultResponse> {
    inner: Inner,
    protection: CrossOriginProtection<R>,
}

impl<Inner, R, B, Answer> Service<Request<B>> for CrossOriginProtectionService<Inner, R>
where
    Inner: Service<Request<B>, Response = Response<Answer>>,
    R: Respond<Answer>,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    type Future = CrossOriginProtectionFuture<Inner::Future, Response<Answer>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let kind = if self.protection.check.allows(&head) {
            FutureKind::Allowed { future: self.inner.call(Request::from_parts(head, body)) }
        } else {
            let rejection = cross_origin().logged(|| "CrossOriginProtection".into(), Some(head.uri.path()));
            FutureKind::Rejected { response: Some(self.protection.respond.respond(&rejection, &head)) }
        };
        CrossOriginProtectionFuture { kind }
    }
}

pin_project! {
    /// The response future of [`CrossOriginProtectionService`].
    pub struct CrossOriginProtectionFuture<F, Response> {
        #[pin]
        kind: FutureKind<F, Response>,
    }
}

pin_project! {
    #[project = FutureKindProjection]
    enum FutureKind<F, Response> {
        Allowed { #[pin] future: F },
        Rejected { response: Option<Response> },
    }
}

impl<F, Response, Error> Future for CrossOriginProtectionFuture<F, Response>
where
    F: Future<Output = Result<Response, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            FutureKindProjection::Allowed { future } => future.poll(context),
            FutureKindProjection::Rejected { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // Polled again after it was ready.
                None => Poll::Pending,
            },
        }
    }
}

impl<F, Response> fmt::Debug for CrossOriginProtectionFuture<F, Response> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CrossOriginProtectionFuture(..)")
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
    Rejection::access_denied("Another site caused this request.").with_cause("cross_origin")
}

/// An origin that is not a scheme (`https` or `http`), a host and perhaps a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin must be a scheme and a host, such as `https://app.example`")]
pub struct InvalidOrigin;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// tower-http's check for the head of a request, for `CrossOriginProtection` and `Session`.
///
/// tower-http offers the check as a service only. So this sends it a request with the method, the URI and the three
/// headers that it reads, and an inner service that accepts everything.
#[derive(Clone, Debug)]
pub(crate) struct OriginCheck(CsrfLayer);

impl OriginCheck {
    pub(crate) fn new() -> Self {
        // `TRACE` is a safe method (RFC 9110, section 9.2.1), which tower-http does not exempt.
        Self(CsrfLayer::new().with_insecure_bypass(|method, _| method == Method::TRACE))
    }

    pub(crate) fn trust(self, origin: &str) -> Result<Self, InvalidOrigin> {
        self.0.add_trusted_origin(origin).map(Self).map_err(|_| InvalidOrigin)
    }

    pub(crate) fn allows(&self, request: &Parts) -> bool {
        if request.method.is_safe() {
            return true;
        }
        let mut checked = Request::new(());
        checked.method_mut().clone_from(&request.method);
        checked.uri_mut().clone_from(&request.uri);
        for name in [HOST, ORIGIN, SEC_FETCH_SITE] {
            if let Some(value) = request.headers.get(&name) {
                checked.headers_mut().insert(name, value.clone());
            }
        }
        let response = pin!(self.0.layer(AcceptAll).call(checked));
        let ready = response.poll(&mut Context::from_waker(Waker::noop()));
        matches!(ready, Poll::Ready(Ok(response)) if response.status().is_success())
    }
}

#[derive(Clone, Copy)]
struct AcceptAll;

impl Service<Request<()>> for AcceptAll {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        std::future::ready(Ok(Response::new(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, headers: &[(&str, &str)], want: bool) {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.header("host", "recipes.example").body(()).unwrap().into_parts();
        let protection = OriginCheck::new().trust("https://app.example").unwrap();
        assert_eq!(protection.allows(&head), want, "{method} {headers:?}");
    }

    #[test]
    fn safe_methods_are_allowed_from_everywhere() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], true);
        }
    }

    #[test]
    fn sec_fetch_site_decides_for_current_browsers() {
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
    fn origin_decides_for_older_browsers() {
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
        assert!(OriginCheck::new().allows(&head));
    }

    #[test]
    fn a_trusted_origin_is_a_scheme_and_a_host() {
        for wrong in ["", "app.example", "https://app.example/path", "file:///a"] {
            assert_eq!(OriginCheck::new().trust(wrong).err(), Some(InvalidOrigin), "{wrong}");
        }
    }
}
