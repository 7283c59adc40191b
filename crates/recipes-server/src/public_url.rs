//! The setting `PUBLIC_URL`: the address at which clients reach this service.

use std::{fmt, net::SocketAddr, str::FromStr};

use http::Uri;

use crate::http::origin::Origin;

/// `https://recipes.example.com`, optionally with a path, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    url: String,
    host: String,
}

impl PublicUrl {
    /// The address of a listener, for a service whose public address is not set.
    pub fn of_listener(bound: SocketAddr) -> Self {
        // The unspecified address stands for all addresses of the machine; a client cannot connect to it.
        let (host, authority) = if bound.ip().is_unspecified() {
            ("localhost".to_owned(), format!("localhost:{}", bound.port()))
        } else {
            (bound.ip().to_string(), bound.to_string())
        };
        Self { url: format!("http://{authority}"), host }
    }

    /// The host, without port and without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// The path, which every address of the service begins with: `/recipes`, or nothing.
    pub fn path(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |scheme| scheme + 3);
        self.url[after_scheme..].find('/').map_or("", |path| &self.url[after_scheme + path..])
    }

    /// The origin of the pages of this service.
    pub fn origin(&self) -> Option<Origin> {
        Origin::parse(self.url.strip_suffix(self.path())?)
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "must be the http:// or https:// address that clients use, as in https://recipes.example.com";
        const ASCII: &str =
            "must be ASCII, because mails are: percent-encode the path and write the host as xn--..";
        let text = text.trim().trim_end_matches('/');
        if !text.is_ascii() {
            return Err(ASCII);
        }
        let url: Uri = text.parse().map_err(|_| FORM)?;
        let scheme = url.scheme_str().map(str::to_ascii_lowercase);
        let is_web = matches!(scheme.as_deref(), Some("http" | "https"));
        // A line of a mail has at most 998 characters (RFC 5322 section 2.1.1).
        let is_short = text.len() <= 500;
        // A semicolon would end the path of a cookie.
        let has_more = url.query().is_some() || text.contains(['#', '@', ';']);
        match url.host() {
            Some(host) if is_web && is_short && !has_more => {
                Ok(Self { url: text.to_owned(), host: host.trim_matches(['[', ']']).to_owned() })
            }
            _ => Err(FORM),
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_url_is_an_http_address_without_query_fragment_and_user() {
        for (text, url, host) in [
            ("https://recipes.example.com", "https://recipes.example.com", "recipes.example.com"),
            (" http://a.example:8080/x/ ", "http://a.example:8080/x", "a.example"),
            ("http://[::1]:9/x", "http://[::1]:9/x", "::1"),
        ] {
            let parsed: PublicUrl = text.parse().unwrap();
            assert_eq!((parsed.as_str(), parsed.host()), (url, host), "{text}");
        }
        for (text, origin, path) in [
            ("https://A.example:443", "https://a.example", ""),
            ("https://a.example/recipes/", "https://a.example", "/recipes"),
            ("http://[::1]:9/x/y", "http://[::1]:9", "/x/y"),
        ] {
            let parsed: PublicUrl = text.parse().unwrap();
            assert_eq!((parsed.origin().unwrap().as_str(), parsed.path()), (origin, path), "{text}");
        }
        for bad in [
            "",
            "example.com",
            "ftp://a.example",
            "https://",
            "https://a.example?x",
            "https://a.example/#x",
            "https://b@a.example",
            "https://a.example/x;y",
        ] {
            assert!(bad.parse::<PublicUrl>().unwrap_err().contains("as in https://"), "{bad}");
        }
        for bad in ["https://a.example/r\u{e9}sum\u{e9}", "https://caf\u{e9}.example"] {
            assert!(bad.parse::<PublicUrl>().unwrap_err().contains("percent-encode the path"), "{bad}");
        }
    }
}
