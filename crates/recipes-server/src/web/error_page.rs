//! Errors as pages, for browsers.

use askama::Template;
use http::{HeaderMap, StatusCode};

use super::languages::{Language, Text};

#[derive(Template)]
#[template(path = "error_page.html")]
struct ErrorPage<'a> {
    base: &'a str,
    language: Language,
    t: &'static Text,
    status: u16,
    title: &'static str,
    message: &'a str,
    request_id: &'a str,
}

/// The page of an error response. Pages are in the language that the headers of the request ask for.
pub fn render(
    base: &str,
    request: &HeaderMap,
    (status, message): (StatusCode, &str),
    request_id: &str,
) -> Option<String> {
    let language = Language::of_request(request);
    let t = language.text();
    let (title, text) = match status.as_u16() {
        404 => (t.not_found_title, t.not_found_text),
        401 | 403 => (t.forbidden_title, message),
        429 => (t.too_many_title, t.problem_rate_limited),
        400..500 => (t.bad_request_title, message),
        _ => (t.failed_title, t.failed_text),
    };
    let page = ErrorPage { base, language, t, status: status.as_u16(), title, message: text, request_id };
    page.render().ok()
}
