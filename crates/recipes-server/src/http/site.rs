//! The address of this service as the client of a request knows it, for links that the client hands on.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, Uri, request::Parts, uri::Authority};

use super::origin::Origin;
use crate::app::App;
use crate::public_url::PublicUrl;

/// `PUBLIC_URL`, or what the request tells, without a slash at the end. The headers need no trust, because the links are shown to the
/// sender only.
pub struct Site(pub String);

impl Site {
    /// In this order: the setting, the page that sent the request if it is of this service, the host with the protocol that a proxy
    /// states.
    pub fn of(headers: &HeaderMap, uri: &Uri, public_url: Option<&PublicUrl>) -> Self {
        if let Some(url) = public_url {
            return Self(url.to_string());
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = uri.authority().map(Authority::as_str).or_else(|| text("host")).unwrap_or("localhost");
        let page = text("origin").and_then(Origin::parse).filter(|page| page.is_at(host));
        if let Some(page) = page {
            return Self(page.to_string());
        }
        let is_https = text("x-forwarded-proto")
            .is_some_and(|protocols| protocols.split(',').next().unwrap_or_default().trim() == "https");
        let scheme = if is_https { "https" } else { "http" };
        Self(format!("{scheme}://{host}"))
    }
}

impl FromRequestParts<App> for Site {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.uri, app.public_url()))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn site(uri: &str, headers: &[(&'static str, &'static str)], public_url: &str) -> String {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Site::of(&map, &uri.parse().unwrap(), public_url.parse().ok().as_ref()).0
    }

    #[test]
    fn site_is_the_setting_or_what_the_request_tells() {
        let host = ("host", "kitchen.lan:8080");
        for (uri, headers, public_url, want) in [
            ("/plan", &[host][..], "https://a.example/recipes", "https://a.example/recipes"),
            ("/plan", &[host][..], "", "http://kitchen.lan:8080"),
            ("/plan", &[host, ("x-forwarded-proto", "https, http")][..], "", "https://kitchen.lan:8080"),
            ("/plan", &[host, ("origin", "https://kitchen.lan:8080")][..], "", "https://kitchen.lan:8080"),
            ("/plan", &[host, ("origin", "https://evil.example")][..], "", "http://kitchen.lan:8080"),
            ("http://kitchen.lan/plan", &[][..], "", "http://kitchen.lan"),
            ("/plan", &[][..], "", "http://localhost"),
        ] {
            assert_eq!(site(uri, headers, public_url), want, "{uri} {headers:?}");
        }
    }
}
