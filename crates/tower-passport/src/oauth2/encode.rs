//! Encodings of bytes and digests as text.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use http::header::InvalidHeaderValue;

pub(crate) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// `BASE64URL(SHA256(text))`: PKCE's S256 (RFC 7636, section 4.2).
pub(crate) fn sha256(text: &str) -> String {
    base64url(digest(&SHA256, text.as_bytes()).as_ref())
}

/// An `Authorization` value that is marked as sensitive: it is not logged and not kept by header compression.
pub(crate) fn authorization(scheme: &str, secret: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("{scheme} {secret}"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorization_value_is_sensitive() {
        let value = authorization("Bearer", "access").unwrap();
        assert!(value == "Bearer access" && value.is_sensitive());
        assert_eq!(format!("{value:?}"), "Sensitive");
    }
}
