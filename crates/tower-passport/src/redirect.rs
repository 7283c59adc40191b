//! Redirects of strategies and log-ins.

use http::HeaderValue;

/// A redirect to the place where a log-in begins or ends. The response is 303 (See Other).
///
/// ```
/// use http::HeaderValue;
/// use tower_passport::Redirect;
///
/// let redirect = Redirect::to("https://id.example/authorize?client_id=7")?
///     .with_cookie(HeaderValue::from_static("__Host-flow=k3b; Path=/; Secure; HttpOnly; SameSite=Lax"));
/// assert_eq!(redirect.location(), "https://id.example/authorize?client_id=7");
/// # Ok::<(), tower_passport::InvalidLocation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    location: HeaderValue,
    cookies: Vec<HeaderValue>,
}

impl Redirect {
    /// A redirect to an absolute URL or a path.
    ///
    /// Pass only locations that the program wrote or checked. A location from the request makes an open redirect.
    ///
    /// # Errors
    /// [`InvalidLocation`] if the location is empty or cannot be a header value: percent-encode it.
    pub fn to(location: &str) -> Result<Self, InvalidLocation> {
        if location.is_empty() || !location.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidLocation);
        }
        let location = HeaderValue::from_str(location).map_err(|_| InvalidLocation)?;
        Ok(Self { location, cookies: Vec::new() })
    }

    /// A redirect to a path that was checked already.
    #[cfg(feature = "oauth2")]
    pub(crate) fn local(path: &crate::LocalPath) -> Self {
        // A local path is visible ASCII, so the fallback is never used.
        Self::to(path.as_str())
            .unwrap_or(Self { location: HeaderValue::from_static("/"), cookies: Vec::new() })
    }

    /// Adds a `Set-Cookie` value to the response.
    #[must_use]
    pub fn with_cookie(mut self, set_cookie: HeaderValue) -> Self {
        self.cookies.push(set_cookie);
        self
    }

    /// The value of the `Location` header.
    pub const fn location(&self) -> &HeaderValue {
        &self.location
    }

    /// The values of the `Set-Cookie` headers.
    pub fn cookies(&self) -> &[HeaderValue] {
        &self.cookies
    }

    pub(crate) fn into_parts(self) -> (HeaderValue, Vec<HeaderValue>) {
        (self.location, self.cookies)
    }
}

/// The text passed to [`Redirect::to`] cannot be a `Location` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a location must be visible ASCII; percent-encode everything else")]
pub struct InvalidLocation;
