//! The origin of a web page (RFC 6454): scheme, host and port.

use std::fmt;

use http::{HeaderValue, Uri, uri::Authority};

/// As browsers send it (RFC 6454 section 6.2): in lower case and without the default port of the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Parses `scheme://host[:port]` without anything else; `None` for any other text, also for `null`.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (scheme, authority) = lower.split_once("://")?;
        let uri: Uri = lower.parse().ok()?;
        // Browsers know no patterns such as `https://*.example.com`.
        let host = uri.host().filter(|host| !host.is_empty() && !host.contains('*'))?;
        let port = uri.port_u16().map_or_else(String::new, |port| format!(":{port}"));
        // There must be nothing else: no user, no path, no empty port.
        if uri.scheme_str() != Some(scheme) || format!("{host}{port}") != authority {
            return None;
        }
        let default_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let port = if port == default_port { "" } else { &port };
        Some(Self(format!("{scheme}://{host}{port}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this page is at `host`, the value of a `Host` header. A port that is the default of the scheme may be left out.
    pub fn is_at(&self, host: &str) -> bool {
        let (scheme, _) = self.0.split_once("://").unwrap_or_default();
        Self::parse(&format!("{scheme}://{host}")).as_ref() == Some(self)
    }

    /// Whether browsers keep `Secure` cookies of this origin: those of HTTPS and of this machine.
    pub fn keeps_secure_cookies(&self) -> bool {
        self.0.starts_with("https://") || self.0.split_once("://").is_some_and(|(_, host)| is_loopback(host))
    }
}

/// Whether a host, optionally with a port, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_name = |name: &str| name.eq_ignore_ascii_case("localhost");
    is_name(host)
        || host.rsplit_once('.').is_some_and(|(_, last)| is_name(last))
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl From<&Origin> for HeaderValue {
    fn from(origin: &Origin) -> Self {
        // An origin is a part of a URI: always a valid header value.
        HeaderValue::from_str(&origin.0).unwrap_or(HeaderValue::from_static("null"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_at_its_host_with_or_without_the_default_port() {
        for (origin, host, want) in [
            ("https://a.example", "a.example", true),
            ("https://a.example", "A.example:443", true),
            ("http://a.example", "a.example:80", true),
            ("http://localhost:3000", "localhost:3000", true),
            ("https://[::1]:9", "[::1]:9", true),
            ("https://a.example", "a.example:8443", false),
            ("http://localhost:3000", "localhost", false),
            ("https://a.example", "b.example", false),
            ("https://a.example", "a.example/", false),
            ("https://a.example", "", false),
        ] {
            assert_eq!(Origin::parse(origin).unwrap().is_at(host), want, "{origin} {host}");
        }
    }

    #[test]
    fn secure_cookies_are_kept_for_https_and_this_machine() {
        for (origin, want) in [
            ("https://a.example", true),
            ("http://localhost:3000", true),
            ("http://app.localhost", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://192.168.1.5:8080", false),
            ("http://a.example", false),
            ("http://localhost.example", false),
        ] {
            assert_eq!(Origin::parse(origin).unwrap().keeps_secure_cookies(), want, "{origin}");
        }
    }
}
