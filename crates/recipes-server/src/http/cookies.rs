//! Session cookies for browsers, which no script of a page can read (OWASP ASVS 5.0, 3.3).
//!
//! Browsers accept a `__Host-` cookie only if it is `Secure`, covers the whole host and names no domain, so neither a
//! subdomain nor an attacker on the network can replace it. Other sites cannot use the cookies: `SameSite` keeps them back,
//! and [`crate::http::stack`] checks `Sec-Fetch-Site` and `Origin` with tower-http.

use std::{borrow::Cow, time::Duration};

use axum::response::Response;
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, Request, header, request::Parts};
use tower_passport::{CookieValue, TokenSource as _};

use crate::http::error::RequestError;

pub const ACCESS: &str = "__Host-token";
pub const REFRESH: &str = "__Host-refresh-token";

/// Where a response carries its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Body,
    Cookies,
}

/// Sets a token as a cookie for its lifetime.
///
/// # Errors
/// None with our tokens: they are base64url.
pub fn set(headers: &mut HeaderMap, name: &str, token: &str, lifetime: Duration) -> Result<(), RequestError> {
    let value =
        HeaderValue::try_from(session_cookie(name, token, lifetime)).map_err(RequestError::internal)?;
    headers.append(header::SET_COOKIE, value);
    Ok(())
}

/// Deletes both cookies, if the request had any.
pub fn clear(sent: &HeaderMap, response: &mut Response) {
    if !sent.contains_key(header::COOKIE) {
        return;
    }
    for name in [ACCESS, REFRESH] {
        // The names are constants: always a valid value.
        if let Ok(value) = HeaderValue::try_from(session_cookie(name, "", Duration::ZERO)) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

fn session_cookie(name: &str, token: &str, lifetime: Duration) -> String {
    let max_age = lifetime.try_into().unwrap_or(cookie::time::Duration::MAX);
    let cookie = Cookie::build((name, token)).path("/").secure(true).http_only(true);
    cookie.same_site(SameSite::Strict).max_age(max_age).to_string()
}

/// The refresh token among the cookies.
///
/// # Errors
/// [`RequestError::Malformed`] if there are two such cookies, or if its value cannot be a token.
pub fn refresh_token(request: &Parts) -> Result<Option<String>, RequestError> {
    let found = CookieValue::new(REFRESH).token(request).map_err(|_| {
        RequestError::Malformed("The refresh token cookie is malformed or was sent more than once".into())
    })?;
    Ok(found.map(Cow::into_owned))
}

/// Whether a page of another site could gain by making a browser send this request: it may change something, and it has
/// cookies, or a query, which may ask for cookies (`cookies=true`, with any percent-encoding).
pub fn needs_origin_check<B>(request: &Request<B>) -> bool {
    !request.method().is_safe()
        && (request.headers().contains_key(header::COOKIE) || request.uri().query().is_some())
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn cookies_are_hidden_from_scripts_other_hosts_and_other_sites() {
        let mut headers = HeaderMap::new();
        set(&mut headers, ACCESS, "a.b-c_d", Duration::from_mins(1)).unwrap();
        assert_eq!(
            headers[header::SET_COOKIE],
            "__Host-token=a.b-c_d; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60"
        );
    }

    #[test]
    fn cookies_are_deleted_by_the_names_they_were_set_with() {
        let mut response = Response::default();
        clear(&HeaderMap::new(), &mut response);
        assert!(response.headers().is_empty(), "the request had no cookies");
        clear(&HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=b"))]), &mut response);
        let lines: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(
            lines,
            [
                "__Host-token=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0",
                "__Host-refresh-token=; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=0",
            ]
        );
    }

    #[test]
    fn only_unsafe_methods_with_cookies_or_a_query_need_an_origin_check() {
        for (method, uri, cookie, want) in [
            (Method::GET, "/?cookies=true", true, false),
            (Method::HEAD, "/", true, false),
            (Method::OPTIONS, "/", true, false),
            (Method::POST, "/", true, true),
            (Method::DELETE, "/", true, true),
            (Method::POST, "/", false, false),
            (Method::POST, "/?c%6Fokies=true", false, true),
        ] {
            let mut request = Request::builder().method(&method).uri(uri);
            if cookie {
                request = request.header(header::COOKIE, "a=b");
            }
            assert_eq!(needs_origin_check(&request.body(()).unwrap()), want, "{method} {uri} {cookie}");
        }
    }
}
