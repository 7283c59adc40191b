//! Compares the URLs of requests ([RFC 9449 §4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3),
//! [RFC 3986 §6.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2)).

use smallvec::SmallVec;

/// The error for a text that is not an absolute `http` or `https` URL.
///
/// ```
/// use strict_jose::proof::ProofRequest;
///
/// let refused = ProofRequest::new("GET", "ftp://api.example/").unwrap_err();
/// assert_eq!(refused.to_string(), "not an absolute http or https URL without a user name");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an absolute http or https URL without a user name")]
#[non_exhaustive]
pub struct InvalidUrl;

/// A URL without query and fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpUrl<'a> {
    text: &'a str,
    is_https: bool,
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl<'a> HttpUrl<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.split(['?', '#']).next()?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // The colons of an IPv6 address are inside of brackets.
        let host_len = if authority.starts_with('[') {
            authority.find(']')? + 1
        } else {
            authority.find(':').unwrap_or(authority.len())
        };
        let (host, port) = authority.split_at(host_len);
        if host.is_empty() || authority.contains('@') {
            return None;
        }
        let digits = if port.is_empty() { "" } else { port.strip_prefix(':')? };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let default_port = if is_https { 443 } else { 80 };
        let port = if digits.is_empty() { default_port } else { digits.parse().ok()? };
        Some(Self { text, is_https, host, port, path })
    }

    /// The text without query and fragment.
    pub(super) fn text(self) -> &'a str {
        self.text
    }

    /// Whether both URLs are the same after normalization.
    pub(super) fn is_same(self, other: Self) -> bool {
        self.is_https == other.is_https
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(other.host)
            && is_same_path(self.path, other.path)
    }
}

fn is_same_path(one: &str, other: &str) -> bool {
    let (one, other) = (segments(one), segments(other));
    one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| octets(one).eq(octets(other)))
}

/// The segments of a path without dot segments ([RFC 3986 §5.2.4](https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4)). An
/// empty path is `/`.
fn segments(path: &str) -> SmallVec<[&str; 16]> {
    let mut segments = SmallVec::new();
    let mut ends_with_dots = false;
    for segment in path.strip_prefix('/').unwrap_or_default().split('/') {
        let is = |dots: &str| octets(segment).eq(dots.bytes().map(Octet::Plain));
        ends_with_dots = is(".") || is("..");
        if is("..") {
            segments.pop();
        } else if !ends_with_dots {
            segments.push(segment);
        }
    }
    if ends_with_dots {
        segments.push("");
    }
    segments
}

/// A byte of a path, written as it is or percent-encoded.
#[derive(PartialEq)]
enum Octet {
    Plain(u8),
    Encoded(u8),
}

/// The bytes of a path segment. Percent-encoded unreserved characters are decoded
/// ([RFC 3986 §6.2.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.2)).
fn octets(segment: &str) -> impl Iterator<Item = Octet> + '_ {
    let mut rest = segment.as_bytes();
    std::iter::from_fn(move || {
        let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            rest = after;
            let byte = high << 4 | low;
            let is_unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            return Some(if is_unreserved { Octet::Plain(byte) } else { Octet::Encoded(byte) });
        }
        let (first, after) = rest.split_first()?;
        rest = after;
        Some(Octet::Plain(*first))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, want: bool) {
        let [one, other] = [one, other].map(|url| HttpUrl::parse(url).unwrap());
        assert_eq!(one.is_same(other), want, "{one:?} {other:?}");
        assert_eq!(other.is_same(one), want, "{one:?} {other:?}");
    }

    #[test]
    fn equal_urls_are_equal_after_normalization() {
        for (one, other) in [
            ("https://a.example/b", "https://a.example/b"),
            ("https://a.example/b", "HTTPS://A.Example/b"),
            ("https://a.example/b", "https://a.example:443/b"),
            ("http://a.example/b", "http://a.example:80/b"),
            ("https://a.example/b", "https://a.example:/b"),
            ("https://a.example/b", "https://a.example/b?c=d&e#f"),
            ("https://a.example/b", "https://a.example/b#f?"),
            ("https://a.example", "https://a.example/"),
            ("https://a.example?x", "https://a.example/"),
            ("https://a.example/b~c", "https://a.example/%62%7Ec"),
            ("https://a.example/%2F", "https://a.example/%2f"),
            ("https://a.example/b/d", "https://a.example/./b/c/../d"),
            ("https://a.example/b/d", "https://a.example/%2e/b/c/%2E%2e/d"),
            ("https://a.example/b/", "https://a.example/b/c/.."),
            ("https://a.example/b/", "https://a.example/b/."),
            ("https://a.example/", "https://a.example/../.."),
            ("https://[::1]/", "https://[::1]:443"),
            ("https://a.example:0443/", "https://a.example"),
        ] {
            check(one, other, true);
        }
    }

    #[test]
    fn other_urls_are_different() {
        for (one, other) in [
            ("https://a.example/b", "http://a.example/b"),
            ("https://a.example/b", "https://b.example/b"),
            ("https://a.example/b", "https://a.example:8443/b"),
            ("https://a.example:80/b", "http://a.example/b"),
            ("https://a.example/b", "https://a.example/B"),
            ("https://a.example/b", "https://a.example/b/"),
            ("https://a.example/b", "https://a.example//b"),
            ("https://a.example/b", "https://a.example/b/c"),
            ("https://a.example/b/c", "https://a.example/b%2Fc"),
            ("https://a.example/b?", "https://a.example/b%3F"),
            ("https://a.example/%", "https://a.example/%25"),
            ("https://a.example/", "https://a.example./"),
        ] {
            check(one, other, false);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "/b",
            "//a.example/b",
            "a.example/b",
            "ftp://a.example/b",
            "https:/a.example",
            "https://",
            "https:///b",
            "https://:443/",
            "https://user@a.example/",
            "https://user:password@a.example/",
            "https://a.example:+443/",
            "https://a.example:65536/",
            "https://a.example:4x/",
            "https://[::1/",
            "https://[::1]443/",
            "https://::1/",
            "https://a.example/b c",
            "https://a.example\\b",
            "https://a.example/\u{e9}",
            " https://a.example/",
        ] {
            assert!(HttpUrl::parse(text).is_none(), "{text:?}");
        }
    }
}
