//! `Accept-Patch` in the responses to `OPTIONS` (RFC 5789 section 3.1).

use http::{HeaderMap, HeaderValue, Method, header};

use crate::http::error::ACCEPT_PATCH;

/// Names the format of patches where `Allow` lists the method.
pub(super) fn add(method: &Method, headers: &mut HeaderMap) {
    let allows_patch = |allow: &HeaderValue| {
        allow.to_str().is_ok_and(|allow| allow.split(',').any(|method| method.trim() == "PATCH"))
    };
    if *method == Method::OPTIONS && headers.get(header::ALLOW).is_some_and(allows_patch) {
        headers.insert(ACCEPT_PATCH, HeaderValue::from_static("application/merge-patch+json"));
    }
}
