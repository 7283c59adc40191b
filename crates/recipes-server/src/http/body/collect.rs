//! Reads a body as a whole, within the limits of size, time and memory.

use std::ops::Deref;

use http::Extensions;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use zeroize::Zeroize as _;

use crate::http::error::RequestError;
use crate::http::memory_budget::{BudgetExhausted, CONNECTION_BUFFERS, MemoryBudget, Reservation, UNCOUNTED};
use crate::limits;

/// A body, and the memory that is reserved for it.
pub(super) struct Collected {
    bytes: Vec<u8>,
    reserved: Reservation,
}

impl Collected {
    pub(super) fn without_prefix(mut self, prefix: &[u8]) -> Self {
        if self.starts_with(prefix) {
            self.bytes.drain(..prefix.len());
        }
        self
    }

    /// Other bytes in place of these, in the memory budget as well.
    pub(super) fn replaced_by(
        mut self,
        bytes: Vec<u8>,
        extensions: &Extensions,
    ) -> Result<Self, RequestError> {
        if let Some(budget) = MemoryBudget::of(extensions).filter(|_| bytes.len() > UNCOUNTED) {
            self.reserved.grow(budget, bytes.len()).map_err(|_| RequestError::MemoryExhausted)?;
        }
        // Packed passwords are not unreadable: a coding may store bytes as they are.
        self.bytes.zeroize();
        Ok(Self { bytes, ..self })
    }

    /// For a body with a password.
    pub(super) fn wipe(&mut self) {
        self.bytes.zeroize();
    }
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

/// Copies the frames. Kept as they are, each frame of a byte would hold a buffer of the connection.
async fn read(
    budget: Option<&MemoryBudget>,
    mut body: axum::body::Body,
    limit: usize,
) -> Result<Collected, RequestError> {
    let mut parts = Parts::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| RequestError::Malformed("The body ended too early".into()))?;
        let Ok(data) = frame.into_data() else { continue };
        if parts.length + data.len() > limit {
            return Err(RequestError::BodyTooLarge { limit });
        }
        parts.append(&data, budget).map_err(|_| RequestError::MemoryExhausted)?;
    }
    Ok(parts.join())
}

/// What has arrived of a body. In parts of one size, so that a part of another request that was freed can be used again:
/// buffers that grow leave gaps of all sizes.
#[derive(Default)]
struct Parts {
    first: Vec<u8>,
    more: Vec<Vec<u8>>,
    length: usize,
    reserved: Reservation,
}

/// The allocator adds a page to each allocation of 16 KiB or more.
const PART: usize = 8 * 1024;

impl Parts {
    fn append(&mut self, mut data: &[u8], budget: Option<&MemoryBudget>) -> Result<(), BudgetExhausted> {
        self.length += data.len();
        if self.more.is_empty() && self.first.len() + data.len() <= UNCOUNTED {
            self.first.extend_from_slice(data);
            return Ok(());
        }
        while !data.is_empty() {
            if self.more.last().is_none_or(|part| part.len() == PART) {
                if let Some(budget) = budget {
                    let buffers = if self.more.is_empty() { CONNECTION_BUFFERS } else { 0 };
                    self.reserved.grow(budget, PART + buffers)?;
                }
                self.more.push(Vec::with_capacity(PART));
            }
            let Some(part) = self.more.last_mut() else { break };
            let (now, later) = data.split_at(data.len().min(PART - part.len()));
            part.extend_from_slice(now);
            data = later;
        }
        Ok(())
    }

    fn join(self) -> Collected {
        let Self { first: mut bytes, more, reserved, .. } = self;
        if !more.is_empty() {
            bytes.reserve_exact(more.iter().map(Vec::len).sum());
            for part in more {
                bytes.extend_from_slice(&part);
            }
        }
        Collected { bytes, reserved }
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
        let budget = MemoryBudget::new(CONNECTION_BUFFERS + 3 * PART);
        for (count, size) in [(3 * PART, 1), (20, 1_000), (1, 3 * PART), (3, PART)] {
            assert_eq!(length(&budget, frames(count, size)).await, Ok(count * size));
        }
        for (count, size) in [(60_000, 1), (60, 1_000), (1, 3 * PART + UNCOUNTED + 1), (4, PART)] {
            assert_eq!(length(&budget, frames(count, size)).await, Err(StatusCode::SERVICE_UNAVAILABLE));
        }
        budget.reserve(CONNECTION_BUFFERS + 3 * PART).unwrap();
    }

    #[tokio::test]
    async fn parts_are_joined_in_order() {
        let text: Vec<u8> = (0..90_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        for size in [1, 1_000, 5_000, PART, 90_000] {
            let chunks: Vec<_> =
                text.chunks(size).map(|chunk| Ok::<_, Infallible>(Bytes::copy_from_slice(chunk))).collect();
            let body = Body::from_stream(stream::iter(chunks));
            assert!(*read(None, body, 100_000).await.unwrap_or_else(|_| panic!("{size}")) == *text, "{size}");
        }
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
