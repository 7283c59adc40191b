use http::header::{ACCEPT, CACHE_CONTROL, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Respond;
use crate::{InvalidLocation, LocalPath, Redirect, Refusal};

/// Sends whoever is looking at pages to the one where he logs in, and answers everybody else as `R` does: see
/// [`Authenticate::login_page`](crate::Authenticate::login_page).
///
/// A 401 becomes 303 (See Other) only for a `GET` or `HEAD` whose `Accept` names `text/html` and which, if the browser
/// says so (`Sec-Fetch-Mode`), is a navigation. A script would follow the redirect and take the page for its data.
///
/// The parameter `return_to` says where he was going. It is always a path of this site (a [`LocalPath`]), but the request
/// that comes back from the page is the client's: parse it as one there, too, before you redirect to it, or the page can
/// be used to send people elsewhere. `OAuth2` does that by itself. Inside of axum's
/// `nest` the path is without the outer part: put the layer outside.
///
/// The page itself is never sent to itself, so that a layer around the whole site does not make a loop.
#[derive(Clone, Debug)]
pub struct LoginPage<R> {
    page: Box<str>,
    otherwise: R,
}

impl<R> LoginPage<R> {
    /// The way to this page (a path or a URL); other clients are answered by `otherwise`.
    ///
    /// # Errors
    /// [`InvalidLocation`] if the address is empty or cannot be a header value: percent-encode it.
    pub fn new(page: &str, otherwise: R) -> Result<Self, InvalidLocation> {
        Redirect::to(page)?;
        Ok(Self { page: page.into(), otherwise })
    }

    fn location(&self, request: &Parts) -> Option<HeaderValue> {
        let (page, fragment) = match self.page.split_once('#') {
            Some((page, fragment)) => (page, Some(fragment)),
            None => (&*self.page, None),
        };
        if request.uri.path() == page.split_once('?').map_or(page, |(path, _)| path) {
            return None;
        }
        let mut location = page.to_owned();
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        if let Ok(path) = LocalPath::parse(target) {
            location.push(if page.contains('?') { '&' } else { '?' });
            location.push_str("return_to=");
            location.extend(utf8_percent_encode(path.as_str(), NON_ALPHANUMERIC));
        }
        if let Some(fragment) = fragment {
            location.push('#');
            location.push_str(fragment);
        }
        HeaderValue::try_from(location).ok()
    }
}

impl<B: Default, R: Respond<B>> Respond<B> for LoginPage<R> {
    fn respond(&self, refusal: &Refusal, request: &Parts) -> Response<B> {
        let logs_in = refusal.status() == StatusCode::UNAUTHORIZED && is_navigation(request);
        let Some(location) = logs_in.then(|| self.location(request)).flatten() else {
            return self.otherwise.respond(refusal, request);
        };
        let mut response = Response::new(B::default());
        // Not 302, which some clients follow with the same method.
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(LOCATION, location);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        refusal.add_cookies(headers);
        response.extensions_mut().insert(refusal.clone());
        response
    }
}

/// Whether somebody looks at a page. Source: Fetch Metadata (W3C), section 2.2.
fn is_navigation(request: &Parts) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

    let mode = request.headers.get(SEC_FETCH_MODE);
    matches!(request.method, Method::GET | Method::HEAD)
        && mode.is_none_or(|mode| mode == "navigate")
        && request.headers.get_all(ACCEPT).iter().any(names_html)
}

fn names_html(accept: &HeaderValue) -> bool {
    let accept = accept.to_str().unwrap_or_default();
    accept.split(',').filter_map(|range| range.split(';').next()).any(|range| {
        let range = range.trim();
        range.eq_ignore_ascii_case("text/html") || range.eq_ignore_ascii_case("application/xhtml+xml")
    })
}
