//! What every request passes: one service around the router.
//!
//! Eleven separate layers cost 61 % of a bare route's throughput, this service 11 %. In order:
//!
//! 1. The path of `PUBLIC_URL` and a trailing slash are removed, and the request gets an id: the one it brings, if that is
//!    well-formed.
//! 2. A CORS preflight is answered: it carries no credentials, so no route could authorize it.
//! 3. A change that a page of another site may have made a browser send with cookies is refused (CSRF).
//! 4. The router responds, within a time-out; its timer starts only if the response is not ready at once. Panics are
//!    caught.
//! 5. An error gets its body, in the shape that the client accepts. Large bodies are counted, sent in pieces, and
//!    compressed for clients that accept it.
//! 6. Security, CORS and request-id headers are added, and a line is written to the access log.
//!
//! If the client of a change hangs up, the change runs to its end: else an account could lack its mail.
//!
//! The body limit is not here: [`crate::http::body`] applies it when it reads one.

mod accept_patch;
mod activity;
mod addresses;
mod compression;
mod cors;
mod draining;
mod error_body;
mod host;
mod origin_check;
mod request_body;
mod request_id;
mod resource_metadata;
mod response_body;
mod run_to_end;

use std::{
    convert::Infallible,
    future::poll_fn,
    mem,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Once},
    task::{Context, Poll, ready},
    time::Instant,
};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    response::{IntoResponse, Response},
    routing::future::RouteFuture,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version, header, uri::PathAndQuery};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

pub use self::activity::Activity;
use self::activity::InFlight;
pub use self::cors::CorsOrigins;
pub use self::draining::Draining;
use self::error_body::ErrorFormat;
use self::origin_check::OriginCheck;
use self::request_body::Drains;
use self::response_body::Sending;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::http::client_address::{ClientAddress, TrustedProxies};
use crate::http::error::{Report, RequestError};
use crate::http::memory_budget::BudgetExhausted;
use crate::http::{conditional, cookies::SessionCookies};
use crate::limits;
use crate::public_url::PublicUrl;
use crate::telemetry::access_log::{AccessLog, Entry};
use crate::telemetry::panics;
use crate::telemetry::request::LoggedRequest;
use crate::telemetry::traces::{NewRequest, Traces};
use crate::telemetry::waits::Waits;

/// The router, with everything around it that all requests pass.
#[derive(Clone)]
pub struct HttpService {
    shared: Arc<Shared>,
    /// The address of the other end of the connection.
    peer: Option<IpAddr>,
    /// `None` without a connection, as in tests.
    activity: Option<Arc<Activity>>,
}

pub struct HttpConfig {
    pub clock: Clock,
    pub entropy: Entropy,
    pub cors_origins: CorsOrigins,
    pub trusted_proxies: TrustedProxies,
    pub public_url: Option<PublicUrl>,
    /// The address of the metadata of the API, for clients without a good token.
    pub resource_metadata: Option<String>,
    pub access_log: AccessLog,
    pub traces: Traces,
    /// Bytes for all bodies that are being read and all responses that are being sent.
    pub memory_budget: usize,
    pub draining: Draining,
}

struct Shared {
    router: Router,
    origin_check: OriginCheck,
    cookies: SessionCookies,
    config: HttpConfig,
    sending: Sending,
    drains: Drains,
    /// The warning about a missing trusted proxy is logged once.
    proxy_warning: Once,
}

impl HttpService {
    pub fn new(router: Router, config: HttpConfig) -> Self {
        let public_url = config.public_url.as_ref();
        let shared = Shared {
            origin_check: OriginCheck::new(public_url, &config.cors_origins),
            cookies: SessionCookies::of(public_url),
            router,
            sending: Sending::new(config.memory_budget),
            drains: Drains::new(),
            config,
            proxy_warning: Once::new(),
        };
        Self { shared: Arc::new(shared), peer: None, activity: None }
    }

    /// The service for the requests of a client at this address.
    #[must_use]
    pub fn with_peer(&self, peer: IpAddr) -> Self {
        Self { peer: Some(peer), ..self.clone() }
    }

    /// The service for the requests of one connection.
    #[must_use]
    pub fn with_connection(&self, peer: IpAddr, activity: Arc<Activity>) -> Self {
        Self { activity: Some(activity), ..self.with_peer(peer) }
    }

    pub fn draining(&self) -> &Draining {
        &self.shared.config.draining
    }

    pub fn trusted_proxies(&self) -> &TrustedProxies {
        &self.shared.config.trusted_proxies
    }
}

impl<B> Service<Request<B>> for HttpService
where
    B: http_body::Body<Data = bytes::Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // A router is always ready.
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let started = Instant::now();
        let shared = Arc::clone(&self.shared);
        let in_flight = self.activity.as_ref().map(|activity| activity.begin(started));
        let refusal = in_flight.as_ref().and_then(|_| host::refusal(&request));
        let mut request = match &in_flight {
            Some(_) => request_body::drained(request, &shared.drains),
            None => request.map(Body::new),
        };
        let base = shared.base_path();
        if !base.is_empty() {
            addresses::remove(base, request.uri_mut());
        }
        addresses::remove_trailing_slash(request.uri_mut());
        let client = self.peer.map(|peer| shared.client_address(peer, request.headers()));
        request.extensions_mut().insert(ClientAddress(client));
        if !request.body().is_end_stream() {
            request.extensions_mut().insert(shared.sending.memory.clone());
        }
        if shared.config.draining.has_begun() {
            request.extensions_mut().insert(shared.config.draining.clone());
        }
        let info = RequestInfo::new(&request, started, client, &shared);
        let inner = if let Some(refusal) = refusal.or_else(|| shared.cross_origin(&request)) {
            InnerFuture::Ready { response: Some(refusal.into_response()) }
        } else if let Some(preflight) = shared.config.cors_origins.preflight(&request) {
            InnerFuture::Ready { response: Some(preflight) }
        } else {
            InnerFuture::Plain { future: shared.router.clone().call(request) }
        };
        ResponseFuture { inner, deadline: None, info, shared, in_flight, waits: Waits::default() }
    }
}

/// What the response needs of the request, which the router consumes.
struct RequestInfo {
    received: Timestamp,
    started: Instant,
    logged: LoggedRequest,
    method: http::Method,
    path: Option<PathAndQuery>,
    errors: ErrorFormat,
    accepts_gzip: bool,
    origin: Option<HeaderValue>,
    has_access_cookie: bool,
    is_http2: bool,
}

impl RequestInfo {
    fn new(request: &Request<Body>, started: Instant, client: Option<IpAddr>, shared: &Shared) -> Self {
        let (headers, config) = (request.headers(), &shared.config);
        let received = config.clock.now();
        let id = request_id::of(headers, received, &config.entropy);
        let span = config.traces.begin(&NewRequest { request, id: &id, client, received, started });
        Self {
            received,
            started,
            logged: LoggedRequest { id, client, span },
            method: request.method().clone(),
            path: request.uri().path_and_query().cloned(),
            errors: ErrorFormat::of(request),
            accepts_gzip: compression::is_accepted(headers),
            origin: headers.get(header::ORIGIN).cloned(),
            has_access_cookie: shared.cookies.has_access(headers),
            is_http2: request.version() > Version::HTTP_11,
        }
    }
}

pin_project! {
    /// The future of one response.
    pub struct ResponseFuture {
        #[pin]
        inner: InnerFuture,
        deadline: Option<Pin<Box<Sleep>>>,
        info: RequestInfo,
        shared: Arc<Shared>,
        in_flight: Option<InFlight>,
        waits: Waits,
    }

    impl PinnedDrop for ResponseFuture {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !this.info.method.is_safe() && !matches!(*this.inner, InnerFuture::Ready { .. }) {
                let mut inner = mem::replace(this.inner.get_mut(), InnerFuture::Ready { response: None });
                let handler = poll_fn(move |context| Pin::new(&mut inner).poll(context));
                run_to_end::spawn(this.info.logged.clone(), handler);
            }
        }
    }
}

pin_project! {
    #[project = InnerProjection]
    enum InnerFuture {
        Ready { response: Option<Response> },
        Plain { #[pin] future: RouteFuture<Infallible> },
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut inner, info, shared) = (this.inner, &*this.info, &**this.shared);
        // All events from here on name the request.
        let poll = || {
            let response = match catch_unwind(AssertUnwindSafe(|| inner.as_mut().poll(context))) {
                Ok(Poll::Ready(response)) => response,
                Ok(Poll::Pending) => {
                    let deadline = || Box::pin(tokio::time::sleep(limits::REQUEST));
                    ready!(this.deadline.get_or_insert_with(deadline).as_mut().poll(context));
                    RequestError::TimedOut.into_response()
                }
                Err(panic) => {
                    let message = panics::fixed_message(&*panic);
                    RequestError::internal(format!("a handler panicked: {message}")).into_response()
                }
            };
            inner.set(InnerFuture::Ready { response: None });
            Poll::Ready(shared.finish(info, response))
        };
        let response = ready!(this.waits.scope(|| info.logged.scope(poll)));
        let in_flight = this.in_flight.take().filter(|_| info.is_http2);
        Poll::Ready(Ok(match in_flight {
            // A connection over HTTP/2 reads while it writes, so the server must know of responses that are not written yet.
            Some(in_flight) => response.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _ = &in_flight;
                    frame
                }))
            }),
            None => response,
        }))
    }
}

impl InnerFuture {
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let polled = match self.project() {
            InnerProjection::Ready { response } => Poll::Ready(Ok(response.take().unwrap_or_default())),
            InnerProjection::Plain { future } => future.poll(context),
        };
        polled.map(|response: Result<Response, Infallible>| response.unwrap_or_else(|never| match never {}))
    }
}

const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Shared {
    fn base_path(&self) -> &str {
        self.config.public_url.as_ref().map_or("", PublicUrl::path)
    }

    fn cross_origin(&self, request: &Request<Body>) -> Option<RequestError> {
        let is_at_stake = self.cookies.are_at_stake(request) || origin_check::is_form_of_page(request);
        is_at_stake.then(|| self.origin_check.check(request).err()).flatten()
    }

    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let proxies = &self.config.trusted_proxies;
        if !self.proxy_warning.is_completed() && proxies.may_lack(peer, headers) {
            self.proxy_warning.call_once(|| {
                tracing::warn!(
                    "{peer} sends X-Forwarded-For or Forwarded, but is not in TRUSTED_PROXIES: all clients behind it \
                     share one address and its rate limits. If {peer} is your proxy, add it to TRUSTED_PROXIES"
                );
            });
        }
        proxies.client(peer, headers)
    }

    fn finish(&self, info: &RequestInfo, mut response: Response) -> Response {
        if response.status().as_u16() >= 400 {
            if info.has_access_cookie && is_invalid_token(&response) {
                // The page cannot delete the cookie itself, because no script can read it.
                self.cookies.clear_access(response.headers_mut());
            }
            response = info.errors.write(response, self.base_path(), (&info.method, info.logged.id()));
        }
        let mut response = self.sending.prepare(response, &info.logged, info.accepts_gzip).unwrap_or_else(
            |BudgetExhausted| {
                let response = RequestError::MemoryExhausted.into_response();
                info.errors.write(response, self.base_path(), (&info.method, info.logged.id()))
            },
        );
        let status = response.status();
        let headers = response.headers_mut();
        conditional::add_coding(headers);
        accept_patch::add(&info.method, headers);
        if let Some(address) = &self.config.resource_metadata {
            let path = info.path.as_ref().map_or("", PathAndQuery::path);
            resource_metadata::add(address, path, status, headers);
        }
        let base = self.base_path();
        if !base.is_empty() {
            addresses::add(base, headers);
        }
        headers.insert(X_REQUEST_ID, info.logged.id.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
        headers.entry(header::REFERRER_POLICY).or_insert(NO_REFERRER);
        self.config.cors_origins.allow(info.origin.as_ref(), headers);
        // HTTP/2 has another way to say so (RFC 9113, section 8.2.2), which the server takes when it ends.
        if self.config.draining.has_begun() && !info.is_http2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        self.config.access_log.write(&Entry {
            received: info.received,
            method: &info.method,
            path: info.path.as_ref().map_or("", PathAndQuery::path),
            status: response.status(),
            duration: info.started.elapsed(),
            request: &info.logged,
        });
        info.logged.span.end(response.status());
        response
    }
}

/// Whether the request was refused for its access token. Its source does not matter: a request with the token in two places
/// is refused for that.
fn is_invalid_token(response: &Response) -> bool {
    response.extensions().get::<Arc<Report>>().is_some_and(|report| report.code() == "invalid_token")
}
