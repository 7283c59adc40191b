//! Which responses are compressed.

use http::{Extensions, HeaderMap, StatusCode, Version, header};

use crate::limits;

pub(super) type CompressWhen = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

/// Large bodies without secrets. A compressed body with a secret beside text of an attacker's choice leaks the secret
/// through its length (BREACH); every response with a token is `no-store`.
pub(super) const COMPRESS_WHEN: CompressWhen = |_, _, headers, _| {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    headers.get(header::CACHE_CONTROL).is_none_or(|value| value != "no-store")
        && length.is_none_or(|length| length > u64::from(limits::COMPRESS_ABOVE))
};
