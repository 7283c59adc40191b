use std::fmt;

use http::{HeaderMap, HeaderValue, header};

/// The `Set-Cookie` value of a log-in or a log-out. `Debug` does not show it.
///
/// With the feature `axum` it can be a part of a response: `(set_cookie, Redirect::to("/"))`. Otherwise,
/// [`add_to`](Self::add_to) adds it to the headers. Both also forbid caching of the response.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "it has no effect unless it is added to the response"]
pub struct SetCookie(HeaderValue);

impl SetCookie {
    /// Adds the cookie to the headers of a response, and forbids caching of the response.
    pub fn add_to(self, headers: &mut HeaderMap) {
        headers.append(header::SET_COOKIE, self.0);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

impl From<SetCookie> for HeaderValue {
    fn from(SetCookie(value): SetCookie) -> Self {
        value
    }
}

impl fmt::Debug for SetCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SetCookie(..)")
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponseParts for SetCookie {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut response: axum_core::response::ResponseParts,
    ) -> Result<axum_core::response::ResponseParts, Self::Error> {
        self.add_to(response.headers_mut());
        Ok(response)
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for SetCookie {
    fn into_response(self) -> axum_core::response::Response {
        (self, ()).into_response()
    }
}

/// The cross-site requests with which a browser sends the session cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// None. A user who follows a link from another site appears to be logged out until the next click.
    Strict,
    /// Followed links, but not forms and scripts of other sites.
    #[default]
    Lax,
    /// All, for pages that other sites embed. Then only the check of the origin protects against cross-site requests.
    None,
}

/// The name and the attributes of the session's cookie.
#[derive(Clone, Debug)]
pub(super) struct CookieSettings {
    name: Box<str>,
    same_site: SameSite,
    is_secure: bool,
}

impl CookieSettings {
    /// The prefix `__Host-` makes browsers accept the cookie only over TLS and from this host, so neither a subdomain nor a
    /// network attacker can set it (RFC 6265bis, section 4.1.3.2).
    pub(super) fn host_only() -> Self {
        Self { name: "__Host-session".into(), same_site: SameSite::Lax, is_secure: true }
    }

    pub(super) fn named(self, name: &str) -> Result<Self, InvalidCookieName> {
        if !crate::challenge::is_token(name) || !self.is_secure && has_secure_prefix(name) {
            return Err(InvalidCookieName);
        }
        Ok(Self { name: name.into(), ..self })
    }

    pub(super) fn same_site(self, same_site: SameSite) -> Self {
        Self { same_site, ..self }
    }

    pub(super) fn insecure(self) -> Self {
        let name = self.name.trim_start_matches("__Host-").trim_start_matches("__Secure-").into();
        Self { name, is_secure: false, ..self }
    }

    /// Whether browsers accept the cookie: `SameSite=None` requires `Secure`.
    pub(super) fn is_accepted(&self) -> bool {
        self.is_secure || self.same_site != SameSite::None
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The token must be letters, digits, `-` and `_`.
    pub(super) fn with(&self, token: &str, max_age: Option<u64>) -> SetCookie {
        self.value(token, max_age)
    }

    pub(super) fn removed(&self) -> SetCookie {
        self.value("", Some(0))
    }

    fn value(&self, token: &str, max_age: Option<u64>) -> SetCookie {
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
            SameSite::None => "None",
        };
        let secure = if self.is_secure { "; Secure" } else { "" };
        let max_age = max_age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let text = format!("{}={token}; Path=/; HttpOnly; SameSite={same_site}{secure}{max_age}", self.name);
        let value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        SetCookie(value)
    }
}

/// RFC 6265bis, section 4.1.3: browsers refuse such a cookie without `Secure`.
fn has_secure_prefix(name: &str) -> bool {
    let starts_with =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts_with("__Host-") || starts_with("__Secure-")
}

/// The text cannot be the name of a session cookie.
///
/// A name is a token: letters, digits and some punctuation, without spaces and `=;,"`. The prefixes `__Host-` and `__Secure-`
/// require `Secure`, which an [insecure](crate::Sessions::insecure) cookie lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a cookie must be letters, digits and -_., and an insecure one has no __Host-")]
pub struct InvalidCookieName;
