//! Sessions of browsers that asked for cookies, so that no script of a page can read a token (OWASP ASVS 5.0, 3.3).
//!
//! `__Host-` makes browsers refuse the cookie unless it is `Secure`, for the whole host and for this host only: no
//! subdomain and nobody on the way can put another in its place. That other sites cannot use the cookies is
//! `SameSite`'s work, and tower-http's check of `Sec-Fetch-Site` and `Origin` in [`crate::http::front`].

use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, Request, header, request::Parts};
use tower_passport::{CookieValue, TokenSource as _};

use crate::http::error::RequestError;

pub const ACCESS: &str = "__Host-token";
pub const REFRESH: &str = "__Host-refresh-token";

/// Where the tokens of an answer go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Body,
    Cookies,
}

/// Puts a token where no script reads it, for as long as it is good.
///
/// # Errors
/// None that tokens of ours can cause: they are base64url.
pub fn set(headers: &mut HeaderMap, name: &str, token: &str, keep: Duration) -> Result<(), RequestError> {
    let age = keep.as_secs();
    let cookie = format!("{name}={token}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={age}");
    headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).map_err(RequestError::internal)?);
    Ok(())
}

/// Takes both cookies back, if the request had any.
pub fn clear(sent: &HeaderMap, response: &mut Response) {
    if !sent.contains_key(header::COOKIE) {
        return;
    }
    for cookie in [
        "__Host-token=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
        "__Host-refresh-token=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    ] {
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static(cookie));
    }
}

/// The refresh token among the cookies.
///
/// # Errors
/// [`RequestError::Malformed`] if there are two, or one that can be none.
pub fn refresh_token(request: &Parts) -> Result<Option<String>, RequestError> {
    let found = CookieValue::new(REFRESH).token(request).map_err(|_| {
        RequestError::Malformed("The cookie of the refresh token is broken, or there are two of them".into())
    })?;
    Ok(found.map(std::borrow::Cow::into_owned))
}

/// Whether a page of another site could have sent this request with somebody's cookies, or to have some set: anything
/// that may change something and brings cookies, or a query, in which `cookies=true` may stand in any spelling.
pub fn are_at_stake<B>(request: &Request<B>) -> bool {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    !safe && (request.headers().contains_key(header::COOKIE) || request.uri().query().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_from_scripts_other_hosts_and_other_sites() {
        let mut headers = HeaderMap::new();
        set(&mut headers, ACCESS, "a.b-c_d", Duration::from_mins(1)).unwrap();
        assert_eq!(
            headers[header::SET_COOKIE],
            "__Host-token=a.b-c_d; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60"
        );
    }

    #[test]
    fn cookies_are_taken_back_by_the_names_they_were_set_with() {
        let mut response = Response::default();
        clear(&HeaderMap::new(), &mut response);
        assert!(response.headers().is_empty(), "of who has none");
        clear(&HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=b"))]), &mut response);
        let lines: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
        for (line, name) in lines.iter().zip([ACCESS, REFRESH]) {
            assert!(line.to_str().unwrap().starts_with(&format!("{name}=; Path=/; Secure;")), "{line:?}");
        }
        assert_eq!(lines.len(), 2);
    }

    #[test]
    fn only_what_changes_something_is_at_stake() {
        for (method, uri, cookie, want) in [
            (Method::GET, "/?cookies=true", true, false),
            (Method::HEAD, "/", true, false),
            (Method::POST, "/", true, true),
            (Method::DELETE, "/", true, true),
            (Method::POST, "/", false, false),
            (Method::POST, "/?c%6Fokies=true", false, true),
        ] {
            let mut request = Request::builder().method(&method).uri(uri);
            if cookie {
                request = request.header(header::COOKIE, "a=b");
            }
            assert_eq!(are_at_stake(&request.body(()).unwrap()), want, "{method} {uri} {cookie}");
        }
    }
}
