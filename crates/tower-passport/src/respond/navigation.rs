use http::header::{ACCEPT, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Rejection;

/// A page navigation of a browser, which may be redirected to another page.
pub(crate) struct Navigation {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
}

impl Navigation {
    /// The navigation in this request, if it is one (Fetch Metadata, W3C, section 2.2).
    pub(crate) fn of(request: &Parts) -> Option<Self> {
        let is_navigation = matches!(request.method, Method::GET | Method::HEAD | Method::POST)
            && !is_from_script(request)
            && request.headers.get_all(ACCEPT).iter().any(names_html);
        is_navigation.then(|| Self { method: request.method.clone(), uri: request.uri.clone() })
    }

    /// Whether it only loads a page, and submits no form.
    pub(crate) fn is_visit(&self) -> bool {
        self.method != Method::POST
    }
}

/// Whether a browser says that a page caused the request, not its user (Fetch Metadata, W3C, section 2.2).
pub(crate) fn is_from_script(request: &Parts) -> bool {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

    request.headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode != "navigate")
}

fn names_html(accept: &HeaderValue) -> bool {
    let accept = accept.to_str().unwrap_or_default();
    accept.split(',').filter_map(|range| range.split(';').next()).any(|range| {
        let range = range.trim();
        range.eq_ignore_ascii_case("text/html") || range.eq_ignore_ascii_case("application/xhtml+xml")
    })
}

/// A redirect to a page instead of this rejection.
pub(crate) fn see_other<B: Default>(rejection: &Rejection, location: HeaderValue) -> Response<B> {
    let mut response = Response::new(B::default());
    // Not 302, which some clients follow with the same method.
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    rejection.complete(&mut response);
    response
}

/// The URL of a page with these query parameters.
pub(crate) fn with_query(page: &str, parameters: &[(&str, &str)]) -> Option<HeaderValue> {
    let (page, fragment) = match page.split_once('#') {
        Some((page, fragment)) => (page, Some(fragment)),
        None => (page, None),
    };
    let mut location = page.to_owned();
    for (name, value) in parameters {
        location.push(if location.contains('?') { '&' } else { '?' });
        location.push_str(name);
        location.push('=');
        location.extend(utf8_percent_encode(value, RESERVED));
    }
    if let Some(fragment) = fragment {
        location.push('#');
        location.push_str(fragment);
    }
    HeaderValue::try_from(location).ok()
}

/// All characters except the unreserved ones (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The path of a page, without query and fragment.
pub(crate) fn path_of(page: &str) -> &str {
    page.split(['?', '#']).next().unwrap_or_default()
}
