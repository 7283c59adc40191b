//! Session cookies for browsers, which no script of a page can read (OWASP ASVS 5.0, 3.3).
//!
//! Browsers accept a `__Host-` cookie only if it is `Secure`, covers the whole host and names no domain, so neither a
//! subdomain nor an attacker on the network can replace it. Other sites cannot use the cookies: `SameSite` keeps them back,
//! and [`crate::http::stack`] checks `Sec-Fetch-Site` and `Origin`.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::response::Response;
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, Request, header, request::Parts};
use tower_passport::{CookieValue, TokenSource as _};

use crate::http::error::RequestError;
use crate::http::origin::{Origin, is_loopback};
use crate::public_url::PublicUrl;

/// Where a response carries its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Body,
    Cookies,
}

/// A cookie that holds no token.
#[derive(Clone, Copy, Debug)]
pub struct MalformedCookie;

/// The names and the path of the two cookies. Clones share them.
#[derive(Clone, Debug)]
pub struct SessionCookies {
    pub access: &'static str,
    pub refresh: &'static str,
    /// The cookie of the authorization server's pages, by which they find the session.
    pages: &'static str,
    path: Arc<str>,
}

impl SessionCookies {
    /// A service under a path shares its host with others, perhaps with a second instance of itself. Its cookies are for its
    /// path only, which `__Host-` does not allow; `__Secure-` is the next best.
    pub fn of(public_url: Option<&PublicUrl>) -> Self {
        match public_url.map_or("", PublicUrl::path) {
            "" => Self {
                access: "__Host-token",
                refresh: "__Host-refresh-token",
                pages: "__Host-session",
                path: "/".into(),
            },
            path => Self {
                access: "__Secure-token",
                refresh: "__Secure-refresh-token",
                pages: "__Secure-session",
                path: path.into(),
            },
        }
    }

    /// Sets a token as a cookie for its lifetime.
    ///
    /// # Errors
    /// None with our tokens: they are base64url.
    pub fn set(
        &self,
        headers: &mut HeaderMap,
        name: &str,
        token: &str,
        lifetime: Duration,
    ) -> Result<(), RequestError> {
        let cookie = self.cookie(name, token, lifetime);
        let value = HeaderValue::try_from(cookie).map_err(RequestError::internal)?;
        headers.append(header::SET_COOKIE, value);
        Ok(())
    }

    /// Sets both cookies for the pages of this service. They are `Lax`, because users come to the pages from other sites: a link
    /// in a mail must not show a page that asks to log in. Each change has a check of the origin and a token in its form.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_for_pages(
        &self,
        headers: &mut HeaderMap,
        (access, expires_in): (&str, Duration),
        (refresh, keep): (&str, Duration),
    ) -> Result<(), RequestError> {
        for (name, token, lifetime) in [(self.access, access, expires_in), (self.refresh, refresh, keep)] {
            let cookie = self.build(name, token, lifetime, SameSite::Lax);
            headers
                .append(header::SET_COOKIE, HeaderValue::try_from(cookie).map_err(RequestError::internal)?);
        }
        Ok(())
    }

    /// Deletes the cookies of this service, also that of the authorization server's pages.
    pub fn clear_all(&self, headers: &mut HeaderMap) {
        for name in [self.access, self.refresh, self.pages] {
            self.delete(headers, name);
        }
    }

    /// Deletes both cookies, if the request had any.
    pub fn clear(&self, sent: &HeaderMap, response: &mut Response) {
        if sent.contains_key(header::COOKIE) {
            self.delete(response.headers_mut(), self.access);
            self.delete(response.headers_mut(), self.refresh);
        }
    }

    /// Deletes the cookie with the access token. The refresh token may still be good.
    pub fn clear_access(&self, headers: &mut HeaderMap) {
        self.delete(headers, self.access);
    }

    fn delete(&self, headers: &mut HeaderMap, name: &str) {
        // The names are constants: always a valid value.
        if let Ok(value) = HeaderValue::try_from(self.cookie(name, "", Duration::ZERO)) {
            headers.append(header::SET_COOKIE, value);
        }
    }

    /// The value of the cookie of pages.
    pub fn page<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies =
            lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        cookies.find(|(name, _)| *name == self.pages).map(|(_, value)| value)
    }

    /// Sets the cookie of pages. It is `Lax`, because users come to the pages from other sites.
    pub fn of_pages(&self, value: &str, lifetime: Duration) -> String {
        self.build(self.pages, value, lifetime, SameSite::Lax)
    }

    fn cookie(&self, name: &str, token: &str, lifetime: Duration) -> String {
        self.build(name, token, lifetime, SameSite::Strict)
    }

    fn build(&self, name: &str, token: &str, lifetime: Duration, same_site: SameSite) -> String {
        let max_age = lifetime.try_into().unwrap_or(cookie::time::Duration::MAX);
        let cookie = Cookie::build((name, token)).path(&*self.path).secure(true).http_only(true);
        cookie.same_site(same_site).max_age(max_age).to_string()
    }

    /// The refresh token among the cookies.
    ///
    /// # Errors
    /// [`MalformedCookie`] if there are two such cookies, or if its value cannot be a token.
    pub fn refresh_token(&self, request: &Parts) -> Result<Option<String>, MalformedCookie> {
        let found = CookieValue::new(self.refresh).token(request).map_err(|_| MalformedCookie)?;
        Ok(found.map(Cow::into_owned))
    }

    /// Whether a request has the access cookie.
    pub fn has_access(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::COOKIE).iter().any(|line| contains(line, self.access))
    }

    /// Whether a request has one of our cookies. It may find more than the parser of cookies does, never less.
    pub fn are_in(&self, headers: &HeaderMap) -> bool {
        let mut lines = headers.get_all(header::COOKIE).iter();
        lines.any(|line| contains(line, self.access) || contains(line, self.refresh))
    }

    /// Whether a page of another site could gain by making a browser send this request: it may change something, and it has
    /// our cookies or asks for them (`cookies=true`, with any percent-encoding). With a token in a header the page knows the
    /// token already, and cookies of other programs mean nothing here.
    pub fn are_at_stake<B>(&self, request: &Request<B>) -> bool {
        !request.method().is_safe() && (self.are_in(request.headers()) || requests_cookies(request.uri()))
    }
}

fn contains(line: &HeaderValue, name: &str) -> bool {
    line.as_bytes().windows(name.len()).any(|part| part == name.as_bytes())
}

fn requests_cookies(uri: &http::Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == "cookies" && value == "true")
}

/// Whether the browser that sends this request discards our cookies, which are `Secure`: it reaches the service by plain HTTP
/// from another machine. The server itself never sees HTTPS, so this follows from the first address that is known:
///
/// 1. the page, if it is of this service,
/// 2. the setting `PUBLIC_URL`,
/// 3. `X-Forwarded-Proto`, which needs no trust: a false one harms only its sender,
/// 4. the host.
pub fn are_discarded(request: &Parts, public_url: Option<&PublicUrl>) -> bool {
    let text = |name| request.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = request.uri.authority().map(http::uri::Authority::as_str).or_else(|| text("host"));
    let page = text("origin").and_then(Origin::parse);
    if let Some(page) = page.filter(|page| host.is_some_and(|host| page.is_at(host))) {
        return !page.keeps_secure_cookies();
    }
    if let Some(origin) = public_url.and_then(PublicUrl::origin) {
        return !origin.keeps_secure_cookies();
    }
    let is_https = text("x-forwarded-proto")
        .is_some_and(|protocols| protocols.split(',').next().unwrap_or_default().trim() == "https");
    !is_https && host.is_some_and(|host| !is_loopback(host))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn under(url: &str) -> SessionCookies {
        SessionCookies::of(url.parse().ok().as_ref())
    }

    #[test]
    fn cookies_are_hidden_from_scripts_other_hosts_and_other_sites() {
        for (url, line) in [
            ("", "__Host-token=a.b-c_d; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60"),
            (
                "https://a.example",
                "__Host-token=a.b-c_d; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=60",
            ),
            (
                "https://a.example/recipes",
                "__Secure-token=a.b-c_d; HttpOnly; SameSite=Strict; Secure; Path=/recipes; Max-Age=60",
            ),
        ] {
            let (cookies, mut headers) = (under(url), HeaderMap::new());
            cookies.set(&mut headers, cookies.access, "a.b-c_d", Duration::from_mins(1)).unwrap();
            assert_eq!(headers[header::SET_COOKIE], line);
        }
    }

    #[test]
    fn cookies_are_deleted_by_the_names_they_were_set_with() {
        let mut response = Response::default();
        under("").clear(&HeaderMap::new(), &mut response);
        assert!(response.headers().is_empty(), "the request had no cookies");
        let sent = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=b"))]);
        under("").clear(&sent, &mut response);
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
    fn only_our_cookies_and_a_request_for_them_are_at_stake() {
        for (method, uri, cookie, want) in [
            (Method::GET, "/?cookies=true", "__Host-token=x", false),
            (Method::HEAD, "/", "__Host-token=x", false),
            (Method::OPTIONS, "/", "__Host-token=x", false),
            (Method::POST, "/", "__Host-token=x", true),
            (Method::DELETE, "/", "a=b; __Host-refresh-token=x", true),
            (Method::POST, "/", "", false),
            (Method::POST, "/", "theme=dark", false),
            (Method::POST, "/?ts=1", "", false),
            (Method::POST, "/?cookies=false", "", false),
            (Method::POST, "/?cookies=", "", false),
            (Method::POST, "/?c%6Fokies=t%72ue", "", true),
            (Method::POST, "/?cookies=false&cookies=true", "", true),
        ] {
            let request = Request::builder().method(&method).uri(uri).header(header::COOKIE, cookie);
            assert_eq!(under("").are_at_stake(&request.body(()).unwrap()), want, "{method} {uri} {cookie}");
        }
    }

    #[test]
    fn browsers_discard_the_cookies_of_plain_http_from_another_machine() {
        for (public_url, headers, want) in [
            ("", &[("host", "192.168.1.5:8080")][..], true),
            ("", &[("host", "192.168.1.5:8080"), ("origin", "http://192.168.1.5:8080")], true),
            ("", &[("host", "recipes.example"), ("origin", "https://recipes.example")], false),
            ("", &[("host", "recipes.example"), ("x-forwarded-proto", "https")], false),
            ("", &[("host", "recipes.example"), ("x-forwarded-proto", "http")], true),
            ("", &[("host", "localhost:8080")], false),
            ("", &[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")], false),
            ("", &[], false),
            // nginx without a setting sends the backend's address as the host.
            ("https://recipes.example", &[("host", "127.0.0.1:8080")], false),
            ("http://recipes.lan", &[("host", "127.0.0.1:8080")], true),
            (
                "https://recipes.example",
                &[("host", "10.0.0.2:8080"), ("origin", "http://10.0.0.2:8080")],
                true,
            ),
            // A front end of another origin says nothing about the address of the service.
            ("https://api.example", &[("host", "api.example"), ("origin", "http://app.example")], false),
        ] {
            let mut request = Request::builder();
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(
                are_discarded(&parts, public_url.parse().ok().as_ref()),
                want,
                "{public_url} {headers:?}"
            );
        }
    }
}
