//! The `Host` of a request over HTTP/1.

use http::{HeaderValue, Request, Version, header};

use crate::http::error::RequestError;

/// HTTP/1.1 requires one `Host`, because a proxy may route by another one than the server (RFC 9112 section 3.2).
pub(super) fn refusal<B>(request: &Request<B>) -> Option<RequestError> {
    if request.version() > Version::HTTP_11 {
        return None;
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_valid = |host: &HeaderValue| {
        let forbidden = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'@' | b',' | b' ' | b'\t' | b'\\');
        !host.as_bytes().iter().any(forbidden)
    };
    let is_right = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => is_valid(host),
        (Some(_), Some(_)) => false,
    };
    (!is_right).then(|| RequestError::Malformed("The request must have one valid Host header".into()))
}
