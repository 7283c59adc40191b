//! What every request passes, in one pass: the front of the house.
//!
//! Eleven separate layers cost 61 % of a bare route's throughput, this one service 11 %. In order:
//!
//! 1. a trailing slash is taken off; the request gets an id (its own, if it brings a sane one), so that everything after can name it;
//! 2. a preflight is answered here: it never has credentials, so no route could judge it;
//! 3. a client that cannot read JSON is told so before anything is changed on its behalf;
//! 4. a change that a page of another site may have made a browser send with its cookies is refused (CSRF);
//! 5. the router answers, with a time-out (its timer is made only when the answer is not there at once) and
//!    with panics caught; large bodies are compressed for those who can read that;
//! 6. an error gets its body, now that the shape and the id are known;
//! 7. security, CORS and request-id headers; then the line in the access log.
//!
//! The body limit is not here: it belongs to who reads a body ([`crate::http::body`]), as most requests have none.

mod cors;
mod request_id;

use std::{
    any::Any,
    convert::Infallible,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Once},
    task::{Context, Poll, ready},
    time::Instant,
};

use crate::clock::Clock;
use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::future::RouteFuture,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header, uri::PathAndQuery};
use jiff::Timestamp;
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_http::{
    compression::{Compression, ResponseFuture as CompressedFuture},
    csrf::{Csrf, CsrfLayer, ProtectionError, ResponseFuture as CheckedFuture},
};
use tower_layer::Layer as _;
use tower_service::Service;

pub use self::cors::Origins;
use self::request_id::{RequestId, RequestIds};
use crate::http::accept;
use crate::http::client_address::{ClientAddress, TrustedProxies};
use crate::http::cookies;
use crate::http::error::{Report, RequestError};
use crate::limits;
use crate::telemetry::{Access, AccessLog};

/// The router behind everything that all requests pass.
#[derive(Clone)]
pub struct Front {
    desk: Arc<Desk>,
    /// The other end of the connection.
    peer: Option<IpAddr>,
}

/// What the front needs for each request and shares between all: a front is cloned for each of them, so it is one pointer.
struct Desk {
    plain: Router,
    compressing: Compression<Router, WorthCompressing>,
    checking_origin: Compression<Csrf<Router, RefuseOrigin>, WorthCompressing>,
    clock: Clock,
    ids: RequestIds,
    origins: Origins,
    log: AccessLog,
    proxies: TrustedProxies,
    warned: Once,
}

impl Front {
    pub fn new(
        router: Router,
        clock: Clock,
        seed: [u8; 8],
        origins: Origins,
        proxies: TrustedProxies,
        log: AccessLog,
    ) -> Self {
        let compressing = Compression::new(router.clone()).compress_when(WORTH_COMPRESSING);
        let check = CsrfLayer::new().with_rejection_response(REFUSE_ORIGIN);
        let checking_origin = Compression::new(check.layer(router.clone())).compress_when(WORTH_COMPRESSING);
        let ids = RequestIds::seeded(seed);
        let desk = Desk {
            plain: router,
            compressing,
            checking_origin,
            clock,
            ids,
            origins,
            log,
            proxies,
            warned: Once::new(),
        };
        Self { desk: Arc::new(desk), peer: None }
    }

    /// For the requests of one connection.
    #[must_use]
    pub fn facing(&self, peer: IpAddr) -> Self {
        Self { peer: Some(peer), ..self.clone() }
    }
}

type RefuseOrigin = fn(ProtectionError) -> Response;

const REFUSE_ORIGIN: RefuseOrigin = |_| RequestError::CrossOrigin.into_response();

type WorthCompressing = fn(StatusCode, http::Version, &HeaderMap, &http::Extensions) -> bool;

/// Compressing what contains a secret beside what a client chose leaks the secret's length (BREACH); everything
/// with a token is `no-store`.
const WORTH_COMPRESSING: WorthCompressing = |_, _, headers, _| {
    headers.get(header::CACHE_CONTROL).is_none_or(|value| value != "no-store")
        && headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok())
            .is_none_or(|length| length > u64::from(limits::COMPRESS_ABOVE))
};

impl<B> Service<Request<B>> for Front
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // A router is always ready.
    }

    fn call(&mut self, mut request: Request<B>) -> Answering {
        let started = Instant::now();
        trim_trailing_slash(request.uri_mut());
        let desk = Arc::clone(&self.desk);
        // Nobody asks where those come from that only read, and the first extension of a request costs an allocation.
        if !request.method().is_safe() {
            let client = self.peer.map(|peer| desk.client(peer, request.headers()));
            request.extensions_mut().insert(ClientAddress(client));
        }
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN).cloned();
        let at = desk.clock.now();
        let kept = Kept {
            at,
            id: desk.ids.of(headers, at),
            accept: headers.get_all(header::ACCEPT).iter().cloned().collect(),
            method: request.method().clone(),
            path: request.uri().path_and_query().cloned(),
            started,
            origin,
        };
        let answer = if let Some(preflight) = Origins::preflight(&request) {
            Answer::Known { response: Some(preflight) }
        } else if request.uri().path().starts_with("/api/") && !accept::reads_json(headers) {
            Answer::Known { response: Some(RequestError::NotAcceptable.into_response()) }
        } else if cookies::are_at_stake(&request) {
            Answer::Checked { future: desk.checking_origin.clone().call(request.map(boxed)) }
        } else if headers.contains_key(header::ACCEPT_ENCODING) {
            Answer::Compressed { future: desk.compressing.clone().call(request.map(boxed)) }
        } else {
            Answer::Plain { future: desk.plain.clone().call(request.map(boxed)) }
        };
        Answering { answer, deadline: None, kept, desk }
    }
}

/// `/api/v1/recipes/` is `/api/v1/recipes`, as the original's router has it and its clients may send it.
fn trim_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    if !path.starts_with("/api/") || !path.ends_with('/') {
        return;
    }
    let mut trimmed = path.trim_end_matches('/').to_owned();
    if let Some(query) = uri.query() {
        trimmed.push('?');
        trimmed.push_str(query);
    }
    // What was a path without its last character is a path still.
    if let Ok(trimmed) = trimmed.parse() {
        *uri = trimmed;
    }
}

/// Most requests have no body, and an empty one needs no box.
fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() { Body::empty() } else { Body::new(body) }
}

pin_project! {
    /// The answer to one request in the making.
    pub struct Answering {
        #[pin]
        answer: Answer,
        // In a box, as it is rare: the future of every request is moved several times.
        deadline: Option<Pin<Box<Sleep>>>,
        kept: Kept,
        desk: Arc<Desk>,
    }
}

pin_project! {
    #[project = AnswerProjection]
    enum Answer {
        Known { response: Option<Response> },
        Plain { #[pin] future: RouteFuture<Infallible> },
        Compressed { #[pin] future: CompressedFuture<RouteFuture<Infallible>, WorthCompressing> },
        Checked { #[pin] future: CompressedFuture<CheckedFuture<RouteFuture<Infallible>>, WorthCompressing> },
    }
}

/// What is remembered of the request once the router has it.
struct Kept {
    at: Timestamp,
    id: RequestId,
    /// As it came: only an error asks what is in it.
    accept: Vec<HeaderValue>,
    method: http::Method,
    path: Option<PathAndQuery>,
    started: Instant,
    origin: Option<HeaderValue>,
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match catch_unwind(AssertUnwindSafe(|| this.answer.poll(context))) {
            Ok(Poll::Ready(response)) => response,
            Ok(Poll::Pending) => {
                let deadline = || Box::pin(tokio::time::sleep(limits::REQUEST));
                ready!(this.deadline.get_or_insert_with(deadline).as_mut().poll(context));
                RequestError::TimedOut.into_response()
            }
            Err(panic) => RequestError::internal(panic_message(&*panic)).into_response(),
        };
        Poll::Ready(Ok(this.desk.finish(this.kept, response)))
    }
}

impl Answer {
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        let infallible =
            |response: Result<Response, Infallible>| response.unwrap_or_else(|never| match never {});
        match self.project() {
            AnswerProjection::Known { response } => Poll::Ready(response.take().unwrap_or_default()),
            AnswerProjection::Plain { future } => future.poll(context).map(infallible),
            AnswerProjection::Compressed { future } => {
                future.poll(context).map_ok(|response| response.map(Body::new)).map(infallible)
            }
            AnswerProjection::Checked { future } => {
                future.poll(context).map_ok(|response| response.map(Body::new)).map(infallible)
            }
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a handler panicked: {}", message.unwrap_or("without a message"))
}

const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers of every answer, and room for its own. An answer may begin with them: to put them in place of themselves
/// costs less than to make room for them.
pub(crate) fn common_headers() -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(12);
    put_common(&mut headers, HeaderValue::from_static(""));
    headers
}

fn put_common(headers: &mut HeaderMap, request_id: HeaderValue) {
    headers.insert(X_REQUEST_ID, request_id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
}

impl Desk {
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.warned.is_completed() && self.proxies.seem_to_lack(peer, headers) {
            self.warned.call_once(|| {
                tracing::warn!(
                    "{peer} says whom it speaks for and is not believed, so that all clients behind it share one \
                     address and its limits: if it is your proxy, name it in TRUSTED_PROXIES"
                );
            });
        }
        self.proxies.client(peer, headers)
    }

    fn finish(&self, kept: &Kept, mut response: Response) -> Response {
        if response.status().as_u16() >= 400 {
            response = with_error_body(response, kept);
        }
        let headers = response.headers_mut();
        put_common(headers, kept.id.to_header());
        self.origins.allow(kept.origin.as_ref(), headers);
        self.log.write(&Access {
            at: kept.at,
            method: &kept.method,
            path: kept.path.as_ref().map_or("", PathAndQuery::path),
            status: response.status(),
            took: kept.started.elapsed(),
            request_id: kept.id.as_str(),
        });
        response
    }
}

fn with_error_body(mut response: Response, kept: &Kept) -> Response {
    let Some(report) = response.extensions_mut().remove::<Arc<Report>>() else { return response };
    let (media_type, body) = report.render(accept::shape(&kept.accept), kept.id.as_str());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    // RFC 9110 section 9.3.2: the answer to HEAD has the headers of the one to GET, and no body.
    let body = if kept.method == http::Method::HEAD { Body::empty() } else { body.into() };
    response.map(|_| body)
}
