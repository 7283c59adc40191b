//! The body of a request over HTTP/1.1 is read to its end even if the handler does not want it.
//!
//! A server that answers early (413, 401, ...) and closes the connection while the client still sends makes the client's system
//! discard the response: the client reports a broken connection instead (RFC 9112 section 9.6). So the rest of the body is
//! read and discarded beside the response, up to a limit in bytes and time. HTTP/2 ends the stream by itself.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Version, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;

use crate::limits;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Makes the rest of the body be read when the body is dropped. A request without a body stays as it is.
pub(super) fn drained<B>(request: Request<B>) -> Request<Body>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Error>,
{
    // A client that waits for `100 Continue` sends no body after another response.
    let is_sent = request.version() < Version::HTTP_2 && !request.headers().contains_key(header::EXPECT);
    if !is_sent || request.body().is_end_stream() {
        return request.map(Body::new);
    }
    request.map(|body| Body::new(Drained(Some(body))))
}

/// `None`: the body has ended.
struct Drained<B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static>(Option<B>);

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
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.0 = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl<B> Drop for Drained<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
{
    fn drop(&mut self) {
        if let Some(body) = self.0.take().filter(|body| !body.is_end_stream())
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(tokio::time::timeout(limits::DRAIN_TIME, drain(body)));
        }
    }
}

async fn drain<B: http_body::Body<Data = Bytes> + Unpin>(mut body: B) {
    let mut rest = limits::DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = rest.checked_sub(length) else { return };
        rest = left;
    }
}
