//! Each refusal of a token says where clients learn which server gives them one (RFC 9728 section 5.1).

use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Adds the address of the metadata to the challenges of a response of the API.
pub(super) fn add(address: &str, path: &str, status: StatusCode, headers: &mut HeaderMap) {
    if status != StatusCode::UNAUTHORIZED || !path.contains("/api/v1") {
        return;
    }
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let named: Vec<_> =
        challenges.map(|one| with_address(one, address).unwrap_or_else(|| one.clone())).collect();
    headers.remove(header::WWW_AUTHENTICATE);
    for challenge in named {
        headers.append(header::WWW_AUTHENTICATE, challenge);
    }
}

fn with_address(challenge: &HeaderValue, address: &str) -> Option<HeaderValue> {
    let text = challenge.to_str().ok()?;
    let (scheme, parameters) = text.split_once(' ').unwrap_or((text, ""));
    let separator = if parameters.is_empty() { " " } else { ", " };
    let is_for_tokens = ["Bearer", "DPoP"].contains(&scheme);
    is_for_tokens
        .then(|| format!("{text}{separator}resource_metadata=\"{address}\"").try_into().ok())
        .flatten()
}
