//! The id of a request, in its response and in every log line about it.

use http::{HeaderMap, HeaderValue};
use ids::Uid;
use jiff::Timestamp;

use super::X_REQUEST_ID;
use crate::entropy::Entropy;

const MAX_BYTES: usize = 64;

/// The client's own id, if it is well-formed: a proxy has often named the request already. Otherwise a new `UUIDv7`.
///
/// Printable ASCII without spaces and quotes, so that no client can forge a log line with it.
pub(super) fn of(headers: &HeaderMap, now: Timestamp, entropy: &Entropy) -> HeaderValue {
    let sent = headers.get(X_REQUEST_ID).filter(|id| is_well_formed(id.as_bytes()));
    sent.cloned().unwrap_or_else(|| {
        let mut id = [0; Uid::LENGTH];
        Uid::new(now, entropy.bytes()).encode(&mut id);
        // Hexadecimal digits and dashes: always a valid header value.
        HeaderValue::from_bytes(&id).unwrap_or(HeaderValue::from_static("unknown"))
    })
}

fn is_well_formed(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=MAX_BYTES).contains(&id.len()) && id.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sent: Option<&str>) -> String {
        let headers = sent.map(|sent| (X_REQUEST_ID, HeaderValue::from_bytes(sent.as_bytes()).unwrap()));
        let id = of(&headers.into_iter().collect(), Timestamp::UNIX_EPOCH, &Entropy::seeded(7));
        id.to_str().unwrap().to_owned()
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
        let new = || of(&HeaderMap::new(), Timestamp::UNIX_EPOCH, &entropy).to_str().unwrap().to_owned();
        let mut ids: Vec<_> = (0..1_000).map(|_| new()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 1_000);
    }
}
