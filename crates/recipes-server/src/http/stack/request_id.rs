//! The id of a request, in its response and in every log line about it.

use http::{HeaderMap, HeaderValue};
use ids::Uid;
use jiff::Timestamp;

use super::X_REQUEST_ID;
use crate::entropy::Entropy;

/// Printable ASCII of at most [`RequestId::MAX`] bytes, so that no client can forge a log line with it.
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    const MAX: usize = 64;

    /// The client's own id, if it is well-formed: a proxy has often named the request already. Otherwise a new `UUIDv7`.
    pub(super) fn new(headers: &HeaderMap, now: Timestamp, entropy: &Entropy) -> Self {
        let sent = headers.get(X_REQUEST_ID).filter(|id| Self::is_well_formed(id.as_bytes()));
        Self(sent.cloned().unwrap_or_else(|| {
            let mut id = [0; Uid::LENGTH];
            Uid::new(now, entropy.bytes()).encode(&mut id);
            // Hexadecimal digits and dashes: always a valid header value.
            HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static("unknown"))
        }))
    }

    fn is_well_formed(id: &[u8]) -> bool {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=Self::MAX).contains(&id.len()) && id.iter().all(allowed)
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(super) fn to_header(&self) -> HeaderValue {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sent: Option<&str>) -> String {
        let headers = sent.map(|sent| (X_REQUEST_ID, HeaderValue::from_bytes(sent.as_bytes()).unwrap()));
        let id = RequestId::new(&headers.into_iter().collect(), Timestamp::UNIX_EPOCH, &Entropy::seeded(7));
        id.as_str().to_owned()
    }

    #[test]
    fn well_formed_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(id(Some("proxy-1.a_B")), "proxy-1.a_B");
        for malformed in [None, Some(""), Some("a b"), Some("a\"b"), Some("ü"), Some(&*"x".repeat(65))] {
            assert_eq!(id(malformed).len(), 36, "{malformed:?}");
        }
    }

    #[test]
    fn ids_are_distinct_within_a_millisecond() {
        let entropy = Entropy::system();
        let new = || RequestId::new(&HeaderMap::new(), Timestamp::UNIX_EPOCH, &entropy).as_str().to_owned();
        let mut ids: Vec<_> = (0..1_000).map(|_| new()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 1_000);
    }
}
