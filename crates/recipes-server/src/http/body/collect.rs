//! Reads a body as a whole, within the limits of size, time and memory.

use std::ops::Deref;
use std::time::Instant;

use http::Extensions;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use memmap2::MmapMut;
use tokio::time::timeout;
use zeroize::Zeroize as _;

use crate::http::error::RequestError;
use crate::http::memory_budget::{BudgetExhausted, CONNECTION_BUFFERS, MemoryBudget, Reservation, UNCOUNTED};
use crate::limits;
use crate::telemetry::waits;

/// A body, and the memory that is reserved for it.
pub(super) struct Collected {
    bytes: Buffer,
    /// Where the body begins in the bytes.
    start: usize,
    reserved: Reservation,
}

impl Collected {
    pub(super) fn without_prefix(self, prefix: &[u8]) -> Self {
        let start = if self.starts_with(prefix) { self.start + prefix.len() } else { self.start };
        Self { start, ..self }
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
        self.wipe();
        Ok(Self { bytes: Buffer::Allocated(bytes), start: 0, reserved: self.reserved })
    }

    /// For a body with a password.
    pub(super) fn wipe(&mut self) {
        match &mut self.bytes {
            Buffer::Allocated(bytes) => bytes.zeroize(),
            Buffer::Mapped { map, .. } => map.zeroize(),
        }
    }
}

impl Deref for Collected {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
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
    let begun = Instant::now();
    let time = if limit > limits::BODY_BYTES { limits::IMPORT_READ } else { limits::BODY_READ };
    let collected = timeout(time, read(MemoryBudget::of(extensions), body, limit)).await;
    waits::for_body(begun);
    match collected {
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
    let (mut bytes, mut counted) = (Buffer::default(), Counted::default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| RequestError::Malformed("The body ended too early".into()))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = bytes.len() + data.len();
        if length > limit {
            return Err(RequestError::BodyTooLarge { limit });
        }
        if let Some(budget) = budget {
            counted.count(length, budget).map_err(|_| RequestError::MemoryExhausted)?;
        }
        bytes.append(&data, limit)?;
    }
    Ok(Collected { bytes, start: 0, reserved: counted.reserved })
}

/// Bytes that have arrived, in one piece.
enum Buffer {
    /// Up to [`UNCOUNTED`] bytes.
    Allocated(Vec<u8>),
    /// Pages of the system, which gets them back at once, for a few microseconds. Thousands of large bodies that are given up together would leave pages
    /// of the allocator behind, most of which stay with a thread that does not need them.
    Mapped { map: MmapMut, length: usize },
}

impl Default for Buffer {
    fn default() -> Self {
        Self::Allocated(Vec::new())
    }
}

impl Buffer {
    fn append(&mut self, data: &[u8], limit: usize) -> Result<(), RequestError> {
        let end = self.len() + data.len();
        if let Self::Allocated(bytes) = self {
            if end <= UNCOUNTED {
                bytes.extend_from_slice(data);
                return Ok(());
            }
            // Only written pages take memory.
            let mut map = MmapMut::map_anon(limit.max(end)).map_err(|_| RequestError::MemoryExhausted)?;
            map[..bytes.len()].copy_from_slice(bytes);
            *self = Self::Mapped { map, length: bytes.len() };
        }
        if let Self::Mapped { map, length } = self {
            map[*length..end].copy_from_slice(data);
            *length = end;
        }
        Ok(())
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Allocated(bytes) => bytes,
            Self::Mapped { map, length } => &map[..*length],
        }
    }
}

/// The share of a body in the memory budget. It grows while the body arrives: announced bytes take no memory.
#[derive(Default)]
struct Counted {
    bytes: usize,
    reserved: Reservation,
}

/// The step in which a share grows.
const STEP: usize = 8 * 1024;

impl Counted {
    fn count(&mut self, length: usize, budget: &MemoryBudget) -> Result<(), BudgetExhausted> {
        if length <= UNCOUNTED.max(self.bytes) {
            return Ok(());
        }
        let buffers = if self.bytes == 0 { CONNECTION_BUFFERS } else { 0 };
        let bytes = length.next_multiple_of(STEP);
        self.reserved.grow(budget, bytes - self.bytes + buffers)?;
        self.bytes = bytes;
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
        let budget = MemoryBudget::new(CONNECTION_BUFFERS + 3 * STEP);
        for (count, size) in [(3 * STEP, 1), (20, 1_000), (1, 3 * STEP), (3, STEP)] {
            assert_eq!(length(&budget, frames(count, size)).await, Ok(count * size));
        }
        for (count, size) in [(60_000, 1), (60, 1_000), (1, 3 * STEP + UNCOUNTED + 1), (4, STEP)] {
            assert_eq!(length(&budget, frames(count, size)).await, Err(StatusCode::SERVICE_UNAVAILABLE));
        }
        budget.reserve(CONNECTION_BUFFERS + 3 * STEP).unwrap();
    }

    #[tokio::test]
    async fn frames_are_joined_in_order() {
        let text: Vec<u8> = (0..90_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
        for size in [1, 1_000, 5_000, STEP, 90_000] {
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
