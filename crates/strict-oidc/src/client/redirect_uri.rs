//! Redirect URIs and their comparison.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::ClientKind;

/// A registered redirect URI.
///
/// The URI of a request must be the same text, character for character
/// ([RFC 9700 §4.1.3](https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3)). There is one exception: a native application on
/// the same machine gets a random port from its operating system, so the port of a registered `http://127.0.0.1` or
/// `http://[::1]` may differ ([RFC 8252 §7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
///
/// ```
/// use strict_oidc::{ClientKind, RedirectUri};
///
/// let web = RedirectUri::parse("https://kitchen.example/callback", ClientKind::Web)?;
/// assert!(web.allows("https://kitchen.example/callback"));
/// assert!(!web.allows("https://kitchen.example/callback/") && !web.allows("https://KITCHEN.example/callback"));
///
/// let command_line = RedirectUri::parse("http://127.0.0.1/callback", ClientKind::Native)?;
/// assert!(command_line.allows("http://127.0.0.1:49152/callback"));
/// # Ok::<(), strict_oidc::InvalidRedirectUri>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectUri {
    uri: String,
    has_any_port: bool,
}

/// The reason why a redirect URI cannot be registered.
///
/// ```
/// use strict_oidc::{ClientKind, InvalidRedirectUri, RedirectUri};
///
/// let refused = RedirectUri::parse("https://*.example/", ClientKind::Web).unwrap_err();
/// assert_eq!(refused, InvalidRedirectUri::Wildcard);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRedirectUri {
    /// Not an absolute URI in printable ASCII.
    #[error("a redirect URI is an absolute URI in ASCII, such as https://app.example/callback")]
    NotAbsolute,
    /// It has a fragment ([RFC 6749 §3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2)).
    #[error("a redirect URI has no fragment: remove the part from # on")]
    Fragment,
    /// It has a user name or a password.
    #[error("a redirect URI has no user name and no password")]
    UserInfo,
    /// It has a `*`. Patterns are not supported
    /// ([RFC 9700 §4.1.1](https://www.rfc-editor.org/rfc/rfc9700#section-4.1.1)).
    #[error("a redirect URI is compared as a whole, not as a pattern: register each URI without *")]
    Wildcard,
    /// `http` to another host than this machine.
    #[error("a redirect URI uses https; http is for 127.0.0.1, [::1] and localhost only")]
    Http,
    /// A scheme that this kind of client cannot receive.
    #[error(
        "only native applications have a scheme of their own, which contains a dot, such as com.example.app:/callback"
    )]
    Scheme,
    /// Longer than 2000 bytes.
    #[error("a redirect URI is at most 2000 bytes long")]
    TooLong,
}

const MAX_LEN: usize = 2000;

impl RedirectUri {
    /// Checks a URI for clients of this kind.
    ///
    /// # Errors
    /// Every [`InvalidRedirectUri`].
    pub fn parse(uri: &str, kind: ClientKind) -> Result<Self, InvalidRedirectUri> {
        if uri.len() > MAX_LEN {
            return Err(InvalidRedirectUri::TooLong);
        }
        if !uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\<>\"`{}|^".contains(&byte)) {
            return Err(InvalidRedirectUri::NotAbsolute);
        }
        if uri.contains('*') {
            return Err(InvalidRedirectUri::Wildcard);
        }
        if uri.contains('#') {
            return Err(InvalidRedirectUri::Fragment);
        }
        let url = Url::parse(uri).map_err(|_| InvalidRedirectUri::NotAbsolute)?;
        if !url.username().is_empty() || url.password().is_some() || has_user_info(uri) {
            return Err(InvalidRedirectUri::UserInfo);
        }
        let (is_loopback, is_loopback_address) = match url.host() {
            Some(Host::Ipv4(address)) => (address.is_loopback(), address.is_loopback()),
            Some(Host::Ipv6(address)) => (address.is_loopback(), address.is_loopback()),
            Some(Host::Domain(name)) => (name == "localhost", false),
            None => (false, false),
        };
        match url.scheme() {
            // `https:host` is read as `https://host` by browsers, but is another text.
            "https" | "http" if !uri.contains("://") => return Err(InvalidRedirectUri::NotAbsolute),
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(InvalidRedirectUri::Http),
            // RFC 8252 §7.1: a reversed domain name of the developer, so that schemes of two applications differ.
            scheme if kind == ClientKind::Native && scheme.contains('.') => {}
            _ => return Err(InvalidRedirectUri::Scheme),
        }
        let has_any_port = kind == ClientKind::Native && is_loopback_address && url.scheme() == "http";
        Ok(Self { uri: uri.to_owned(), has_any_port })
    }

    /// Whether a request may use the redirect URI `given`.
    pub fn allows(&self, given: &str) -> bool {
        self.uri == given
            || self.has_any_port
                && without_port(given)
                    .is_some_and(|given| without_port(&self.uri).is_some_and(|own| own == given))
    }

    /// The URI as it was registered.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Whether another application on the same device could receive data for this URI: a loopback address or a scheme of
    /// its own ([RFC 8252 §8.6](https://www.rfc-editor.org/rfc/rfc8252#section-8.6)).
    pub(crate) fn is_shared_on_device(&self) -> bool {
        !self.uri.starts_with("https:")
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

/// The parts of a loopback URI around its port.
#[derive(PartialEq)]
struct WithoutPort<'a> {
    host: &'a str,
    rest: &'a str,
}

/// Cuts the port out of `http://127.0.0.1:1234/path`. `None` for any other host or an invalid port.
fn without_port(uri: &str) -> Option<WithoutPort<'_>> {
    let rest = uri.strip_prefix("http://")?;
    let host_len = ["127.0.0.1", "[::1]"].into_iter().find(|host| rest.starts_with(host))?.len();
    let (host, rest) = rest.split_at(host_len);
    let Some(port_and_rest) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(WithoutPort { host, rest });
    };
    let digits = port_and_rest.bytes().take_while(u8::is_ascii_digit).count();
    let (port, rest) = port_and_rest.split_at(digits);
    let is_valid =
        port.parse::<u16>().is_ok_and(|port| port > 0) && (rest.is_empty() || rest.starts_with(['/', '?']));
    is_valid.then_some(WithoutPort { host, rest })
}

/// An empty user name (`https://@host`), which the URL parser drops.
fn has_user_info(uri: &str) -> bool {
    uri.split_once("://").is_some_and(|(_, rest)| {
        rest.split(['/', '?']).next().is_some_and(|authority| authority.contains('@'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_uris_are_not_registered() {
        for (uri, kind, want) in [
            ("", ClientKind::Web, InvalidRedirectUri::NotAbsolute),
            ("/callback", ClientKind::Web, InvalidRedirectUri::NotAbsolute),
            ("https:app.example/", ClientKind::Web, InvalidRedirectUri::NotAbsolute),
            ("https://app.example/ä", ClientKind::Web, InvalidRedirectUri::NotAbsolute),
            ("https://app.example\\@evil.example", ClientKind::Web, InvalidRedirectUri::NotAbsolute),
            ("https://app.example/#", ClientKind::Web, InvalidRedirectUri::Fragment),
            ("https://user@app.example/", ClientKind::Web, InvalidRedirectUri::UserInfo),
            ("https://@app.example/", ClientKind::Web, InvalidRedirectUri::UserInfo),
            ("https://*.app.example/", ClientKind::Web, InvalidRedirectUri::Wildcard),
            ("http://app.example/", ClientKind::Web, InvalidRedirectUri::Http),
            ("javascript:alert(1)", ClientKind::Native, InvalidRedirectUri::Scheme),
            ("data:text/html,x.y", ClientKind::Native, InvalidRedirectUri::Scheme),
            ("myapp:/callback", ClientKind::Native, InvalidRedirectUri::Scheme),
            ("com.example.app:/callback", ClientKind::Web, InvalidRedirectUri::Scheme),
        ] {
            assert_eq!(RedirectUri::parse(uri, kind), Err(want), "{uri}");
        }
        let long = format!("https://app.example/{}", "a".repeat(2000));
        assert_eq!(RedirectUri::parse(&long, ClientKind::Web), Err(InvalidRedirectUri::TooLong));
    }

    #[test]
    fn only_a_native_loopback_uri_allows_another_port() {
        for (registered, kind, given, want) in [
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1:4000/cb", true),
            ("http://127.0.0.1:9/cb?a", ClientKind::Native, "http://127.0.0.1:4000/cb?a", true),
            ("http://[::1]:9", ClientKind::Native, "http://[::1]", true),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1:4000/cb/", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1:0/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1:70000/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1:80@evil.example/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "http://[::1]/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Native, "https://127.0.0.1/cb", false),
            ("http://localhost/cb", ClientKind::Native, "http://localhost:4000/cb", false),
            ("http://127.0.0.1/cb", ClientKind::Web, "http://127.0.0.1:4000/cb", false),
        ] {
            let uri = RedirectUri::parse(registered, kind).unwrap();
            assert_eq!(uri.allows(given), want, "{registered} {kind:?} {given}");
        }
    }
}
