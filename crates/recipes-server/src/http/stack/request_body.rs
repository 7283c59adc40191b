//! The body of a request over HTTP/1.1 is read to its end even if the handler does not want it.
//!
//! A server that answers early (413, 401, ...) and closes the connection while the client still sends makes the client's system
//! discard the response: the client reports a broken connection instead (RFC 9112 section 9.6). So the rest of the body is
//! read and discarded beside the response, up to a limit in bytes and time. HTTP/2 ends the stream by itself.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Version, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::{runtime::Handle, sync::Semaphore};

use crate::limits;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Bounds how many bodies are read to their end at the same time: each takes the buffers of a connection, which the memory
/// budget does not count. Beyond it the connection closes after the response. Clones share the bound.
#[derive(Clone)]
pub(super) struct Drains(Arc<Semaphore>);

impl Drains {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(limits::DRAINS)))
    }

    fn drain<B: http_body::Body<Data = Bytes> + Send + Unpin + 'static>(self, body: B) {
        if let (Ok(place), Ok(runtime)) = (self.0.try_acquire_owned(), Handle::try_current()) {
            runtime.spawn(async move {
                // A slow body is given up, which is no error.
                let _ = tokio::time::timeout(limits::DRAIN_TIME, read_to_end(body)).await;
                drop(place);
            });
        }
    }
}

/// Makes the rest of the body be read when the body is dropped. A request without a body stays as it is.
pub(super) fn drained<B>(request: Request<B>, drains: &Drains) -> Request<Body>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Error>,
{
    // A client that waits for `100 Continue` sends no body after another response.
    let is_sent = request.version() < Version::HTTP_2 && !request.headers().contains_key(header::EXPECT);
    if !is_sent || request.body().is_end_stream() {
        return request.map(Body::new);
    }
    request.map(|body| Body::new(Drained { body: Some(body), drains: drains.clone() }))
}

struct Drained<B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static> {
    /// `None`: the body has ended.
    body: Option<B>,
    drains: Drains,
}

impl<B> http_body::Body for Drained<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl<B> Drop for Drained<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
{
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.drains.clone().drain(body);
        }
    }
}

async fn read_to_end<B: http_body::Body<Data = Bytes> + Unpin>(mut body: B) {
    let mut rest = limits::DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = rest.checked_sub(length) else { return };
        rest = left;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::sync::mpsc::{self, Sender};
    use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};

    use super::*;

    /// A body that its sender has not finished.
    fn unfinished() -> (Sender<Bytes>, Request<Body>) {
        let (sender, receiver) = mpsc::channel(1);
        let body = Body::from_stream(ReceiverStream::new(receiver).map(Ok::<_, Infallible>));
        (sender, Request::new(body))
    }

    #[tokio::test]
    async fn unwanted_bodies_are_read_to_their_end_up_to_a_number() {
        let drains = Drains(Arc::new(Semaphore::new(1)));
        let ((first, request), (second, another)) = (unfinished(), unfinished());
        drop(drained(request, &drains));
        drop(drained(another, &drains));
        second.closed().await;
        for _ in 0..3 {
            first.send(Bytes::from_static(b"x")).await.unwrap();
        }
        drop(first);
        while drains.0.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
    }
}
