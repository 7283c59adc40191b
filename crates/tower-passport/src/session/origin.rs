use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request that may change something comes from this very origin, from a trusted one, or from no page at all.
///
/// Browsers of since 2023 say so themselves in `Sec-Fetch-Site`, which no page can set. Older ones send `Origin` with
/// every `POST`. What sends neither is no browser, and nobody can make it send a cookie that is not his own.
pub(super) fn is_from_us(request: &Parts, trusted: &[Box<str>]) -> bool {
    if matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return true;
    }
    let origin = request.headers.get(ORIGIN).map(HeaderValue::as_bytes);
    if origin.is_some_and(|origin| trusted.iter().any(|trusted| trusted.as_bytes() == origin)) {
        return true;
    }
    match (request.headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes), origin) {
        (Some(b"same-origin" | b"none"), _) | (None, None) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => host(request).is_some_and(|host| host_of(origin) == Some(host)),
    }
}

/// HTTP/2 has it in the URI, HTTP/1.1 in a header.
fn host(request: &Parts) -> Option<&[u8]> {
    let authority = request.uri.authority().map(|authority| authority.as_str().as_bytes());
    authority.or_else(|| request.headers.get(HOST).map(HeaderValue::as_bytes))
}

/// The scheme does not count: behind a proxy nobody knows it.
fn host_of(origin: &[u8]) -> Option<&[u8]> {
    origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[track_caller]
    fn check(method: &str, headers: &[(&str, &str)], want: bool) {
        let request = headers
            .iter()
            .fold(Request::builder().method(method), |request, (name, value)| request.header(*name, *value));
        let (head, ()) = request.header("host", "recipes.example").body(()).unwrap().into_parts();
        assert_eq!(is_from_us(&head, &["https://app.example".into()]), want, "{method} {headers:?}");
    }

    #[test]
    fn what_changes_nothing_may_come_from_anywhere() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], true);
        }
    }

    #[test]
    fn the_browser_says_where_a_request_comes_from() {
        for method in ["POST", "PUT", "PATCH", "DELETE", "BREW"] {
            check(method, &[("sec-fetch-site", "same-origin")], true);
            check(method, &[("sec-fetch-site", "none")], true);
            check(method, &[("sec-fetch-site", "same-site")], false);
            check(method, &[("sec-fetch-site", "cross-site")], false);
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://recipes.example")], false);
            check(method, &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")], true);
        }
    }

    #[test]
    fn an_older_browser_says_its_origin() {
        check("POST", &[("origin", "https://recipes.example")], true);
        check("POST", &[("origin", "https://recipes.example:8443")], false);
        check("POST", &[("origin", "https://evil.example")], false);
        check("POST", &[("origin", "https://recipes.example.evil.example")], false);
        check("POST", &[("origin", "null")], false);
        check("POST", &[("origin", "https://app.example")], true);
        check("POST", &[], true);
    }

    #[test]
    fn the_host_may_be_in_the_uri() {
        let request = Request::post("https://recipes.example/").header("origin", "https://recipes.example");
        let (head, ()) = request.body(()).unwrap().into_parts();
        assert!(is_from_us(&head, &[]));
    }
}
