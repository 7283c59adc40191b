//! The name of one request, in its answer, in the log and in every event about it.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue};
use ids::Uid;
use jiff::Timestamp;

use super::X_REQUEST_ID;

/// A request's id: printable ASCII of at most [`RequestId::MAX`] bytes, so that no log line can be forged with it.
pub(super) enum RequestId {
    Brought(HeaderValue),
    Made([u8; Uid::LENGTH]),
}

impl RequestId {
    const MAX: usize = 64;

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Brought(id) => id.to_str().unwrap_or_default(),
            Self::Made(id) => str::from_utf8(id).unwrap_or_default(),
        }
    }

    pub(super) fn to_header(&self) -> HeaderValue {
        match self {
            Self::Brought(id) => id.clone(),
            // Hexadecimal digits and dashes are a header value.
            Self::Made(id) => HeaderValue::from_bytes(id).unwrap_or(HeaderValue::from_static("unknown")),
        }
    }

    /// The client's own id, if it is sane: a proxy in front of us has usually named the request already.
    fn brought(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(X_REQUEST_ID)?;
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let bytes = value.as_bytes();
        ((1..=Self::MAX).contains(&bytes.len()) && bytes.iter().all(sane))
            .then(|| Self::Brought(value.clone()))
    }
}

/// Makes `UUIDv7` request ids from the time and a seeded sequence: they must be distinct, not unguessable, and a
/// system call for randomness would cost ten times as much as everything else here.
pub(super) struct RequestIds {
    sequence: AtomicU64,
}

impl RequestIds {
    pub(super) fn seeded(seed: [u8; 8]) -> Self {
        Self { sequence: AtomicU64::new(u64::from_ne_bytes(seed)) }
    }

    pub(super) fn of(&self, headers: &HeaderMap, now: Timestamp) -> RequestId {
        RequestId::brought(headers).unwrap_or_else(|| self.next(now))
    }

    fn next(&self, now: Timestamp) -> RequestId {
        // SplitMix64: a bijection of the sequence, so ids of one process cannot repeat before 2^64 requests.
        let step = self.sequence.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (step ^ (step >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mut random = [0; 10];
        random[2..].copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
        let mut id = [0; Uid::LENGTH];
        Uid::new(now, random).encode(&mut id);
        RequestId::Made(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(brought: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(brought) = brought {
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(brought.as_bytes()).unwrap());
        }
        RequestIds::seeded([7; 8]).of(&headers, Timestamp::UNIX_EPOCH).as_str().to_owned()
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(of(Some("proxy-1.a_B")), "proxy-1.a_B");
        for strange in [None, Some(""), Some("a b"), Some("a\"b"), Some("ü"), Some(&*"x".repeat(65))] {
            assert_eq!(of(strange).len(), 36, "{strange:?}");
        }
    }

    #[test]
    fn ids_are_distinct_within_a_millisecond() {
        let ids = RequestIds::seeded([0; 8]);
        let mut made: Vec<_> =
            (0..1_000).map(|_| ids.next(Timestamp::UNIX_EPOCH).as_str().to_owned()).collect();
        made.sort();
        made.dedup();
        assert_eq!(made.len(), 1_000);
    }
}
