//! `BufferBody`: a body that a strategy can read and the handler still gets.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tower_layer::Layer;
use tower_service::Service;

use crate::{DefaultResponse, Rejection, Respond};

/// A layer that reads the whole body, up to a limit, before it calls the service.
///
/// Strategies with credentials in the body ([`Local`](crate::Local)) need it and read [`BufferedBody`]. The service gets
/// the whole body as well. A larger body is rejected with 413, before it is read if the client announced its length. Trailers
/// are dropped.
///
/// Use it on the log-in route only: an upload should not be held in memory.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use tower_passport::BufferBody;
///
/// async fn log_in() {}
///
/// let app: Router = Router::new().route("/login", post(log_in)).layer(BufferBody::new(16 * 1024));
/// ```
pub struct BufferBody<R = DefaultResponse> {
    limit: usize,
    respond: Arc<R>,
}

impl BufferBody {
    /// A layer for bodies of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, respond: Arc::new(DefaultResponse) }
    }
}

impl<R> BufferBody<R> {
    /// Responds to bodies that are too large or broken with this function: see
    /// [`Authenticate::respond_with`](crate::Authenticate::respond_with).
    pub fn respond_with<F, B>(self, respond: F) -> BufferBody<F>
    where
        F: Fn(&Rejection, &Parts) -> Response<B> + Send + Sync + 'static,
    {
        self.respond_as(respond)
    }

    /// Responds to bodies that are too large or broken with this type: see
    /// [`Authenticate::respond_as`](crate::Authenticate::respond_as).
    pub fn respond_as<Other>(self, respond: Other) -> BufferBody<Other> {
        BufferBody { limit: self.limit, respond: Arc::new(respond) }
    }
}

impl<R, Inner> Layer<Inner> for BufferBody<R> {
    type Service = BufferBodyService<Inner, R>;

    fn layer(&self, inner: Inner) -> Self::Service {
        BufferBodyService { inner, buffer: self.clone() }
    }
}

impl<R> Clone for BufferBody<R> {
    fn clone(&self) -> Self {
        Self { limit: self.limit, respond: Arc::clone(&self.respond) }
    }
}

impl<R> fmt::Debug for BufferBody<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BufferBody").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// The whole body of a request, as an extension of the request. The body of the service shares its bytes.
///
/// `Debug` shows only the length: the body may contain a password.
#[derive(Clone)]
pub struct BufferedBody(pub Bytes);

impl fmt::Debug for BufferedBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BufferedBody({} bytes)", self.0.len())
    }
}

/// The service of [`BufferBody`].
pub struct BufferBodyService<Inner, R = DefaultResponse> {
    inner: Inner,
    buffer: BufferBody<R>,
}

impl<Inner, R, B, Answer> Service<Request<B>> for BufferBodyService<Inner, R>
where
    Inner: Service<Request<Full<Bytes>>, Response = Response<Answer>> + Clone + Send + 'static,
    Inner::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    R: Respond<Answer>,
{
    type Response = Response<Answer>;
    type Error = Inner::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Call the service that was polled ready. Its clone was not.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let buffer = self.buffer.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match read(body, buffer.limit).await {
                Ok(bytes) => {
                    head.extensions.insert(BufferedBody(bytes.clone()));
                    ready.call(Request::from_parts(head, Full::new(bytes))).await
                }
                Err(rejection) => Ok(buffer
                    .respond
                    .respond(&rejection.logged(|| "BufferBody".into(), Some(head.uri.path())), &head)),
            }
        })
    }
}

async fn read<B>(body: B, limit: usize) -> Result<Bytes, Rejection>
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(Rejection::body_too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Rejection::body_too_large()),
        Err(_) => Err(Rejection::invalid_request("The body ended too early.").with_cause("broken_body")),
    }
}

impl<Inner: Clone, R> Clone for BufferBodyService<Inner, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), buffer: self.buffer.clone() }
    }
}

impl<Inner: fmt::Debug, R> fmt::Debug for BufferBodyService<Inner, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BufferBodyService")
            .field("inner", &self.inner)
            .field("buffer", &self.buffer)
            .finish()
    }
}
