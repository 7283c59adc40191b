//! Refuses requests that a page of another site made a browser send with cookies (cross-site request forgery).
//!
//! Browsers say where a request comes from: `Sec-Fetch-Site`, and older ones `Origin` alone. tower-http's `csrf` compares the
//! same headers. It is not used, because it compares `Origin` and `Host` byte by byte (a proxy adds or removes the default
//! port), takes an empty header for a missing one, and cannot say in the response what it compared.

use http::{HeaderMap, Request, header};

use super::CorsOrigins;
use crate::http::error::RequestError;
use crate::http::origin::Origin;
use crate::public_url::PublicUrl;

/// The origins that may send requests with cookies, besides the requested host.
pub(super) struct OriginCheck {
    service: Option<Origin>,
    listed: Vec<Origin>,
}

/// The value of a header that a browser sends once.
#[derive(Clone, Copy)]
enum Sent<'a> {
    No,
    Text(&'a str),
    /// Empty, repeated or not text. No browser sends this, and an emptied header must not count as none.
    Unusable,
}

impl OriginCheck {
    pub(super) fn new(public_url: Option<&PublicUrl>, cors_origins: &CorsOrigins) -> Self {
        let listed = match cors_origins {
            CorsOrigins::Any => Vec::new(),
            CorsOrigins::Only(origins) => origins.clone(),
        };
        Self { service: public_url.and_then(PublicUrl::origin), listed }
    }

    /// # Errors
    /// [`RequestError::CrossOrigin`], which names the origins that were compared.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), RequestError> {
        let headers = request.headers();
        let host = request.uri().authority().map(http::uri::Authority::as_str);
        let host = host.or_else(|| headers.get(header::HOST)?.to_str().ok());
        let (site, page) = (sent(headers, "sec-fetch-site"), sent(headers, "origin"));
        let is_allowed = match (site, page) {
            // `none`: the user opened the address, no page did. Neither header: no browser sent the request.
            (Sent::Text("same-origin" | "none"), _) | (Sent::No, Sent::No) => true,
            (Sent::Text(_), Sent::Text(page)) => self.trusts(page),
            (Sent::No | Sent::Unusable, Sent::Text(page)) => self.trusts(page) || is_at(page, host),
            (Sent::Text(_) | Sent::Unusable, Sent::No) | (_, Sent::Unusable) => false,
        };
        if is_allowed { Ok(()) } else { Err(self.refusal(site, page, host)) }
    }

    fn trusts(&self, page: &str) -> bool {
        let page = Origin::parse(page);
        page.is_some_and(|page| self.service.as_ref() == Some(&page) || self.listed.contains(&page))
    }

    fn refusal(&self, site: Sent<'_>, page: Sent<'_>, host: Option<&str>) -> RequestError {
        let page = match page {
            Sent::Text(page) => format!("Origin is {}", shown(page)),
            Sent::Unusable => "Origin is empty or unclear".to_owned(),
            Sent::No => "there is no Origin".to_owned(),
        };
        let site = match site {
            Sent::Text(site) => format!(", Sec-Fetch-Site is {}", shown(site)),
            Sent::Unusable => ", Sec-Fetch-Site is empty or unclear".to_owned(),
            Sent::No => String::new(),
        };
        let service = match (&self.service, host) {
            (Some(service), Some(host)) => format!("{service} (PUBLIC_URL) or the host {}", shown(host)),
            (Some(service), None) => format!("{service} (PUBLIC_URL)"),
            (None, Some(host)) => format!("the host {}", shown(host)),
            (None, None) => "an unknown host".to_owned(),
        };
        RequestError::CrossOrigin(format!(
            "A request with cookies must come from a page of this service: {page}{site}; this service is {service}. \
             The operator sets its address with PUBLIC_URL, and the origins of other front ends with CORS_ORIGINS"
        ))
    }
}

/// As much of a header as a message needs.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

fn is_at(page: &str, host: Option<&str>) -> bool {
    host.is_some_and(|host| Origin::parse(page).is_some_and(|page| page.is_at(host)))
}

fn sent<'a>(headers: &'a HeaderMap, name: &str) -> Sent<'a> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Sent::No,
        (Some(value), None) => match value.to_str() {
            Ok(text) if !text.trim().is_empty() => Sent::Text(text),
            _ => Sent::Unusable,
        },
        (Some(_), Some(_)) => Sent::Unusable,
    }
}

/// The forms of the authorization server's pages, beside the addresses that programs use.
const FORMS: [&str; 3] = ["/oauth/log-in", "/oauth/consent", "/oauth/logout/confirm"];

/// Whether the request is the form of a page, which a page of another site must never send, with cookies or without: a log-in could
/// log the user in to the account of an attacker. `/oauth/authorize` is not one: clients may post to it.
pub(super) fn is_form_of_page<B>(request: &Request<B>) -> bool {
    let path = request.uri().path();
    let is_of_programs = path.starts_with("/api/") || path.starts_with("/oauth/");
    request.method() == http::Method::POST && (FORMS.contains(&path) || !is_of_programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(public_url: &str, listed: &[&str], headers: &[(&str, &str)], allowed: bool) {
        let listed = listed.iter().map(|origin| Origin::parse(origin).unwrap()).collect();
        let check = OriginCheck::new(public_url.parse().ok().as_ref(), &CorsOrigins::Only(listed));
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let outcome = check.check(&request.body(()).unwrap());
        assert_eq!(outcome.is_ok(), allowed, "{headers:?}: {outcome:?}");
    }

    #[test]
    fn browser_says_where_a_request_comes_from() {
        for (site, allowed) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false)]
        {
            check("", &[], &[("sec-fetch-site", site)], allowed);
            check("", &[], &[("sec-fetch-site", site), ("origin", "https://b.example")], allowed);
        }
        check("", &[], &[("host", "a.example")], true);
    }

    #[test]
    fn without_sec_fetch_site_the_page_must_be_of_the_requested_host() {
        for (host, origin, allowed) in [
            ("a.example", "https://a.example", true),
            ("a.example:443", "https://a.example", true),
            ("a.example:80", "http://a.example", true),
            ("A.example", "https://a.example", true),
            ("a.example", "https://a.example:443", true),
            ("a.example", "https://b.example", false),
            ("a.example:8080", "https://a.example", false),
            ("a.example", "null", false),
            ("a.example", "a.example", false),
        ] {
            check("", &[], &[("host", host), ("origin", origin)], allowed);
        }
    }

    #[test]
    fn public_url_and_listed_origins_are_trusted() {
        let host = ("host", "127.0.0.1:8080");
        check("https://a.example/recipes", &[], &[host, ("origin", "https://a.example")], true);
        check("https://A.example:443", &[], &[host, ("origin", "https://a.example")], true);
        check("http://a.example:80", &[], &[host, ("origin", "http://a.example")], true);
        check("https://a.example", &[], &[host, ("origin", "http://a.example")], false);
        check("https://a.example", &[], &[host, ("origin", "https://b.example")], false);
        let page = ("origin", "https://app.example");
        let site = ("sec-fetch-site", "same-site");
        check("", &["https://app.example"], &[host, page, site], true);
        check("", &["https://app.example"], &[host, page], true);
        check("", &["https://other.example"], &[host, page, site], false);
    }

    #[test]
    fn empty_and_repeated_headers_do_not_count_as_none() {
        let (host, own) = (("host", "a.example"), ("origin", "https://a.example"));
        check("", &[], &[host, ("origin", "")], false);
        check("", &[], &[host, ("sec-fetch-site", "")], false);
        check("", &[], &[host, ("sec-fetch-site", ""), ("origin", "")], false);
        check("", &[], &[host, ("sec-fetch-site", ""), own], true);
        check("", &[], &[host, ("sec-fetch-site", "same-origin"), ("origin", "")], true);
        check("", &[], &[host, own, ("origin", "https://b.example")], false);
        check("", &[], &[host, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site"), own], true);
        check("", &[], &[host, ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], false);
    }

    #[test]
    fn refusal_names_what_was_compared() {
        let check = OriginCheck::new("https://a.example".parse().ok().as_ref(), &CorsOrigins::Any);
        let request =
            Request::builder().header("host", "127.0.0.1:8080").header("origin", "https://b.example");
        let Err(RequestError::CrossOrigin(message)) = check.check(&request.body(()).unwrap()) else {
            panic!("not refused");
        };
        for part in
            ["Origin is https://b.example;", "https://a.example (PUBLIC_URL) or the host 127.0.0.1:8080"]
        {
            assert!(message.contains(part), "{message}");
        }
    }
}
