//! Reads a body as a whole, within the limits of size, time and memory.

use std::ops::Deref;

use http::Extensions;
use http_body::Body as _;
use http_body_util::BodyExt as _;

use crate::http::error::RequestError;
use crate::http::memory_budget::{BudgetExhausted, CONNECTION_BUFFERS, MemoryBudget, Reservation, UNCOUNTED};
use crate::limits;

/// A body, and the memory that is reserved for it.
#[derive(Default)]
pub(super) struct Collected {
    bytes: Vec<u8>,
    reserved: Reservation,
}

impl Deref for Collected {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The whole body of a request with these extensions, of at most `limit` bytes.
pub(super) async fn collect(
    extensions: &Extensions,
    body: axum::body::Body,
    limit: usize,
) -> Result<Collected, RequestError> {
    // A client that announces too large a body gets the error before it sends the body.
    if body.size_hint().lower() > limit as u64 {
        return Err(RequestError::BodyTooLarge { limit });
    }
    match tokio::time::timeout(limits::BODY_READ, read(MemoryBudget::of(extensions), body, limit)).await {
        Ok(collected) => collected,
        Err(_) => Err(RequestError::BodyTooSlow),
    }
}

/// Copies the frames into one buffer. Kept as they are, each frame of a byte would hold a buffer of the connection.
async fn read(
    budget: Option<&MemoryBudget>,
    mut body: axum::body::Body,
    limit: usize,
) -> Result<Collected, RequestError> {
    let mut collected = Collected::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| RequestError::Malformed("The body ended too early".into()))?;
        let Ok(data) = frame.into_data() else { continue };
        if collected.bytes.len() + data.len() > limit {
            return Err(RequestError::BodyTooLarge { limit });
        }
        collected.make_room(data.len(), limit, budget).map_err(|_| RequestError::MemoryExhausted)?;
        collected.bytes.extend_from_slice(&data);
    }
    Ok(collected)
}

impl Collected {
    /// Makes room for `more` bytes: twice as much as before, so that a body of many frames is copied seldom.
    fn make_room(
        &mut self,
        more: usize,
        limit: usize,
        budget: Option<&MemoryBudget>,
    ) -> Result<(), BudgetExhausted> {
        let Self { bytes, reserved } = self;
        let (length, before) = (bytes.len() + more, bytes.capacity());
        if length <= before {
            return Ok(());
        }
        let capacity = length.max(2 * before).min(limit);
        if let Some(budget) = budget.filter(|_| capacity > UNCOUNTED) {
            let counted = if before > UNCOUNTED { before } else { 0 };
            let buffers = if counted == 0 { CONNECTION_BUFFERS } else { 0 };
            reserved.grow(budget, capacity - counted + buffers)?;
        }
        bytes.reserve_exact(capacity - bytes.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::{body::Body, response::IntoResponse as _};
    use bytes::Bytes;
    use futures_util::stream;
    use http::StatusCode;

    use super::*;

    fn frames(count: usize, size: usize) -> Body {
        let frame = Bytes::from(vec![b'x'; size]);
        Body::from_stream(stream::iter((0..count).map(move |_| Ok::<_, Infallible>(frame.clone()))))
    }

    async fn length(budget: &MemoryBudget, body: Body) -> Result<usize, StatusCode> {
        let read = read(Some(budget), body, 100_000).await;
        read.map(|body| body.len()).map_err(|error| error.into_response().status())
    }

    #[tokio::test]
    async fn body_beyond_the_budget_is_refused_and_its_bytes_are_returned() {
        let budget = MemoryBudget::new(CONNECTION_BUFFERS + 65_536);
        assert_eq!(length(&budget, frames(40_000, 1)).await, Ok(40_000));
        assert_eq!(length(&budget, frames(70_000, 1)).await, Err(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(length(&budget, frames(1, 65_536)).await, Ok(65_536));
        assert_eq!(length(&budget, frames(1, 65_537)).await, Err(StatusCode::SERVICE_UNAVAILABLE));
        budget.reserve(CONNECTION_BUFFERS + 65_536).unwrap();
    }

    #[tokio::test]
    async fn small_body_is_read_while_the_budget_is_used_up() {
        let budget = MemoryBudget::new(0);
        assert_eq!(length(&budget, frames(4, 1_024)).await, Ok(4_096));
        assert_eq!(length(&budget, frames(4_097, 1)).await, Err(StatusCode::SERVICE_UNAVAILABLE));
    }

    #[tokio::test]
    async fn body_above_the_limit_is_refused() {
        let budget = MemoryBudget::new(1 << 20);
        assert_eq!(length(&budget, frames(100_001, 1)).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
