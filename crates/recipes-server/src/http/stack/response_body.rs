//! The body of a large response: counted, sent in pieces, and compressed if the client accepts it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    BoxError,
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body::{Frame, SizeHint};

use super::compression::{self, Compressors, Gzip};
use crate::http::memory_budget::{BudgetExhausted, CONNECTION_BUFFERS, MemoryBudget, Reservation, UNCOUNTED};
use crate::http::static_body::StaticBody;
use crate::http::turn::{Turn, TurnQueue};
use crate::limits;
use crate::telemetry::request::LoggedRequest;

/// Bytes that hyper gets at a time. It copies them, and asks for more once they are sent.
const PIECE: usize = 16 * 1024;

/// Bytes of a turn. A client that reads as fast as we write would have all of its response in one: beside four clients that read
/// pages of 4 MiB, others waited 4 ms (median).
const TURN: usize = 64 * 1024;

/// Memory that is reserved for a body of unknown length: one part of it, which may be one recipe of the largest size.
const STREAMED: usize = limits::BODY_BYTES + 16 * 1024;

/// What all responses share.
pub(super) struct Sending {
    pub(super) memory: MemoryBudget,
    pub(super) compressors: Compressors,
    pub(super) turns: TurnQueue,
}

impl Sending {
    /// `budget`: bytes for all bodies that are being read and all responses that are being sent.
    pub(super) fn new(budget: usize) -> Self {
        let (memory, compressors) = (MemoryBudget::new(budget), Compressors::new());
        Self { memory, compressors, turns: TurnQueue::default() }
    }

    /// The response as it is sent to a client that accepts gzip, or does not.
    pub(super) fn prepare(
        &self,
        mut response: Response,
        request: &LoggedRequest,
        accepts_gzip: bool,
    ) -> Result<Response, BudgetExhausted> {
        let length = response.body().size_hint().exact();
        if response.body().is_end_stream() || response.status() == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let is_compressible = compression::is_useful(response.status(), response.headers(), length);
        if is_compressible {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        let mut gzip = is_compressible && accepts_gzip;
        if gzip {
            compression::mark(response.headers_mut());
        }
        // A shared body takes no memory.
        let fixed = response.extensions_mut().remove::<StaticBody>();
        let compressed = fixed.as_ref().filter(|_| gzip).and_then(StaticBody::gzip);
        if let Some(compressed) = compressed {
            gzip = false;
            response = response.map(|_| Body::from(compressed));
        }
        let held = match length.map(|length| usize::try_from(length).unwrap_or(usize::MAX)) {
            _ if fixed.is_some() => 0,
            Some(length) => length,
            None => STREAMED,
        };
        let working = if gzip { 2 * compression::PIECE } else { 0 };
        if fixed.is_none() && held <= UNCOUNTED && !gzip {
            return Ok(response);
        }
        let reserved = match held + working {
            ..=UNCOUNTED => Reservation::default(),
            bytes => self.memory.reserve(bytes.saturating_add(CONNECTION_BUFFERS))?,
        };
        Ok(response.map(|source| {
            Body::new(ResponseBody {
                source,
                unsent: Bytes::new(),
                gzip: gzip.then(|| Gzip::new(self.compressors.clone())),
                reserved: Arc::new(reserved),
                turn: self.turns.turn_of_bytes(TURN),
                request: request.clone(),
            })
        }))
    }
}

struct ResponseBody {
    source: Body,
    /// What the source has given and hyper has not asked for yet.
    unsent: Bytes,
    gzip: Option<Gzip>,
    reserved: Arc<Reservation>,
    turn: Turn,
    request: LoggedRequest,
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        ready!(this.turn.poll(context));
        let mut frame = |piece: Bytes| {
            this.turn.add(piece.len());
            let piece = CountedPiece { piece, _reserved: Arc::clone(&this.reserved) };
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
        };
        loop {
            if let Some(gzip) = &mut this.gzip {
                if let Some(compressed) = ready!(gzip.poll_job(context)) {
                    return match compressed {
                        Ok(piece) => frame(piece.into()),
                        Err(error) => Poll::Ready(Some(Err(error.into()))),
                    };
                }
                if !this.unsent.is_empty() {
                    let piece = this.unsent.split_to(this.unsent.len().min(compression::PIECE));
                    match gzip.write(piece) {
                        Some(piece) => return frame(piece.into()),
                        None => continue,
                    }
                }
            } else if !this.unsent.is_empty() {
                return frame(this.unsent.split_to(this.unsent.len().min(PIECE)));
            }
            let source = Pin::new(&mut this.source);
            match ready!(this.request.scope(|| source.poll_frame(context))) {
                Some(Ok(more)) => match more.into_data() {
                    Ok(data) => this.unsent = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Some(Err(error)) => {
                    this.request.scope(|| tracing::warn!(%error, "A response was cut off"));
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    return match this.gzip.as_mut().and_then(Gzip::finish) {
                        Some(end) => frame(end.into()),
                        None => Poll::Ready(None),
                    };
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        if self.gzip.is_some() {
            return SizeHint::default();
        }
        let (mut hint, unsent) = (self.source.size_hint(), self.unsent.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + unsent);
        }
        hint.set_lower(hint.lower() + unsent);
        hint
    }
}

/// A piece on its way through hyper. The memory of its response is reserved until the last piece is sent.
struct CountedPiece {
    piece: Bytes,
    _reserved: Arc<Reservation>,
}

impl AsRef<[u8]> for CountedPiece {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream;
    use http_body_util::BodyExt as _;

    use super::*;

    fn request() -> LoggedRequest {
        LoggedRequest {
            id: HeaderValue::from_static("r-1"),
            client: None,
            span: crate::telemetry::traces::RequestSpan::none(),
        }
    }

    fn response(body: impl Into<Body>) -> Response {
        let mut response = Response::new(body.into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    #[tokio::test]
    async fn memory_is_reserved_until_the_last_piece_is_dropped() {
        let length = 3 * PIECE + 1;
        let sending = Sending::new(length + CONNECTION_BUFFERS);
        let prepared = sending.prepare(response(vec![b'x'; length]), &request(), false).unwrap();
        assert_eq!(prepared.body().size_hint().exact(), Some(length as u64));
        sending.prepare(response(vec![b'x'; length]), &request(), false).unwrap_err();
        let mut body = prepared.into_body();
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        drop(body);
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, PIECE, PIECE, 1]);
        sending.memory.reserve(1).unwrap_err();
        drop(pieces);
        sending.memory.reserve(length + CONNECTION_BUFFERS).unwrap();
    }

    #[tokio::test]
    async fn others_get_their_turn_while_a_large_body_is_sent() {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        for accepts_gzip in [false, true] {
            let before = turns.load(Ordering::Relaxed);
            // Nothing else in this body makes the task wait.
            let body = vec![b'x'; 16 * TURN];
            let sending = Sending { compressors: Compressors::none(), ..Sending::new(64 << 20) };
            let prepared = sending.prepare(response(body), &request(), accepts_gzip).unwrap();
            prepared.into_body().collect().await.unwrap();
            assert!(turns.load(Ordering::Relaxed) - before >= 15, "{accepts_gzip}");
        }
    }

    #[test]
    fn small_and_shared_bodies_are_sent_while_the_budget_is_used_up() {
        let sending = Sending::new(0);
        sending.prepare(response(vec![b'x'; UNCOUNTED]), &request(), false).unwrap();
        sending.prepare(response(vec![b'x'; UNCOUNTED + 1]), &request(), false).unwrap_err();
        sending.prepare(StaticBody::new(vec![b'x'; 1 << 20]).response(), &request(), false).unwrap();
        let endless = || Body::from_stream(stream::pending::<Result<Bytes, BoxError>>());
        sending.prepare(response(endless()), &request(), false).unwrap_err();
    }

    #[tokio::test]
    async fn compressed_body_is_the_plain_one() {
        use std::io::Read as _;
        let text = "a few tablespoons of olive oil".repeat(10_000);
        let prepared = Sending::new(1 << 20).prepare(response(text.clone()), &request(), true).unwrap();
        assert_eq!(prepared.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(prepared.body().size_hint().exact(), None);
        let gzip = prepared.into_body().collect().await.unwrap().to_bytes();
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&*gzip).read_to_string(&mut plain).unwrap();
        assert!(plain == text && gzip.len() < text.len() / 10);
    }
}
