//! Errors as pages, for browsers.

use askama::Template;
use http::HeaderMap;

use super::languages::{Language, Text};
use super::refusals::refusal;
use crate::http::error::Report;

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
pub fn render(base: &str, request: &HeaderMap, report: &Report, request_id: &str) -> Option<String> {
    let language = Language::of_request(request);
    let (t, status) = (language.text(), report.status());
    let why = match report.code() {
        // The text of forms says that what was typed is still there.
        "form_expired" => t.message(report.message()),
        _ => refusal(report, t),
    };
    let (title, message) = match status.as_u16() {
        404 => (t.not_found_title, t.not_found_text),
        401 | 403 => (t.forbidden_title, &*why),
        429 => (t.too_many_title, t.problems.rate_limited),
        400..500 => (t.bad_request_title, &*why),
        _ => (t.failed_title, t.failed_text),
    };
    let page = ErrorPage { base, language, t, status: status.as_u16(), title, message, request_id };
    page.render().ok()
}
