//! The value of `If-Match` and `If-None-Match`: entity tags (RFC 9110 section 8.8.3), or `*`.

use http::{HeaderMap, HeaderName};

pub(super) enum TagList {
    Any,
    /// Each with its quotes, and with `W/` if it is weak.
    Tags(Vec<String>),
    Malformed,
}

impl TagList {
    /// The list in all lines of this header; `None` if there is no such header.
    pub(super) fn parse(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().peekable();
        lines.peek()?;
        let lines: Option<Vec<_>> = lines.map(|line| line.to_str().ok()).collect();
        let Some(list) = lines.map(|lines| lines.join(",")) else { return Some(Self::Malformed) };
        if list.trim() == "*" {
            return Some(Self::Any);
        }
        Some(tags(&list).filter(|tags| !tags.is_empty()).map_or(Self::Malformed, Self::Tags))
    }
}

/// The tags of a list. A tag may contain a comma, so the list is not split at commas. Empty elements are ignored (RFC 9110
/// section 5.6.1.2).
fn tags(list: &str) -> Option<Vec<String>> {
    let mut tags = Vec::new();
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(tags);
        }
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let after = opaque.split_once('"')?.1;
        tags.push(rest[..rest.len() - after.len()].to_owned());
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}
