//! The `Host` of a request over HTTP/1.

use std::net::Ipv6Addr;

use http::{HeaderValue, Request, Version, header};

use crate::http::error::RequestError;

/// Whether the brackets of an IPv6 address are closed, and what follows the host is a port or nothing.
fn has_valid_port(host: &str) -> bool {
    let port = match host.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((address, port))) if address.parse::<Ipv6Addr>().is_ok() => port,
        Some(_) => return false,
        None => host.find(':').map_or("", |colon| host.split_at(colon).1),
    };
    let is_port =
        |digits: &str| digits.is_empty() || digits.parse::<u16>().is_ok_and(|_| !digits.starts_with('+'));
    port.is_empty() || port.strip_prefix(':').is_some_and(is_port)
}

/// HTTP/1.1 requires one `Host`, because a proxy may route by another one than the server (RFC 9112 section 3.2).
pub(super) fn refusal<B>(request: &Request<B>) -> Option<RequestError> {
    if request.version() > Version::HTTP_11 {
        return None;
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_valid = |host: &HeaderValue| {
        let forbidden = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'@' | b',' | b' ' | b'\t' | b'\\');
        !host.as_bytes().iter().any(forbidden) && host.to_str().is_ok_and(has_valid_port)
    };
    let is_right = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => is_valid(host),
        (Some(_), Some(_)) => false,
    };
    (!is_right).then(|| RequestError::Malformed("The request must have one valid Host header".into()))
}
