//! What all pages have in common, and their responses.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::languages::{Language, Text};
use crate::app::App;
use crate::http::error::Report;
use crate::use_cases::accounts::SignUpMode;

/// What the frame around a page shows.
#[expect(clippy::struct_excessive_bools, reason = "each shows or hides another link")]
pub(super) struct Frame {
    /// The path of `PUBLIC_URL`, which every address begins with.
    pub(super) base: String,
    pub(super) language: Language,
    /// The name of the user, if the visitor has logged in.
    pub(super) user: Option<String>,
    pub(super) is_admin: bool,
    /// Whether the visitor may write recipes, perhaps after a log-in.
    pub(super) may_write: bool,
    /// The token of all forms.
    pub(super) token: String,
    /// The path and query of the page, to return to.
    pub(super) here: String,
    /// What the last change did.
    pub(super) done: Option<&'static str>,
    pub(super) has_accounts: bool,
    pub(super) has_recipes: bool,
    pub(super) is_sign_up_open: bool,
}

impl Frame {
    /// The frame for a visitor who has not logged in.
    pub(super) fn new(app: &App, language: Language, here: &str, token: String) -> Self {
        let mode = app.mode();
        Self {
            base: app.base_path().to_owned(),
            language,
            user: None,
            is_admin: false,
            may_write: true,
            token,
            here: here.to_owned(),
            done: done(here, language.text(), app.accounts().has_mail_server()),
            has_accounts: mode.has_accounts(),
            has_recipes: mode.has_recipes(),
            is_sign_up_open: mode.has_accounts() && app.accounts().sign_up_mode() == SignUpMode::Open,
        }
    }

    pub(super) fn text(&self) -> &'static Text {
        self.language.text()
    }

    /// The query that leads back to this page after a log-in.
    pub(super) fn return_query(&self) -> String {
        let (path, query) = self.here.split_once('?').unwrap_or((self.here.as_str(), ""));
        let is_on_the_way =
            ["/log-in", "/sign-up", "/account/sign-up", "/forgotten-password"].contains(&path);
        if is_on_the_way { return_query(&stated_return(query)) } else { return_query(&self.here) }
    }
}

/// The query by which the pages of log-in and sign-up hand on where the user came from.
pub(super) fn return_query(path: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("return_to", path).finish()
}

/// What such a query states, or the home page.
pub(super) fn stated_return(query: &str) -> String {
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "return_to");
    found.map_or_else(|| "/".to_owned(), |(_, path)| local_path(&path).to_owned())
}

/// The notice that a redirect after a change asks for: `?done=saved`.
fn done(here: &str, t: &'static Text, has_mail_server: bool) -> Option<&'static str> {
    let (_, query) = here.split_once('?')?;
    let (_, done) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done")?;
    match &*done {
        "saved" => Some(t.done_saved),
        "deleted" => Some(t.done_deleted),
        "restored" => Some(t.done_restored),
        "password" => Some(t.done_password),
        "ended" => Some(t.done_ended),
        "mailed" if has_mail_server => Some(t.done_mailed),
        "mailed" => Some(t.done_outbox),
        "verified" => Some(t.done_verified),
        "reset" => Some(t.done_reset),
        "signed-up" => Some(t.done_signed_up),
        "admin" => Some(t.done_admin),
        "planned" => Some(t.done_planned),
        "listed" => Some(t.done_listed),
        "joined" => Some(t.done_joined),
        "left" => Some(t.done_left),
        _ => None,
    }
}

/// Pages load from this service only, contain no inline script or style, and are shown in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; \
     worker-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// No cache stores a page: most show the name of the user.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Without any referrer, browsers send the forms of a page with `Origin: null`, and older ones send nothing else that tells where a form
/// comes from.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// 200 with a page.
pub(super) fn page(page: &impl Template) -> Result<Response, Report> {
    page_with_status(StatusCode::OK, page)
}

pub(super) fn page_with_status(status: StatusCode, page: &impl Template) -> Result<Response, Report> {
    let html = page.render().map_err(Report::internal)?;
    let headers = [
        (header::CACHE_CONTROL, NO_STORE),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, SAME_ORIGIN),
        (header::VARY, HeaderValue::from_static("accept, accept-language, cookie")),
    ];
    Ok((status, headers, Html(html)).into_response())
}

/// Lets the redirects after a form of the page lead to these origins, too.
pub(super) fn with_form_targets(mut response: Response, origins: &str) -> Result<Response, Report> {
    if !origins.is_empty() {
        let policy = HeaderValue::try_from(format!("{POLICY} {origins}")).map_err(Report::internal)?;
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

/// 303 to a path of this service after a change, so that reloading the page does not repeat it.
pub(super) fn see_other(path: &str) -> Result<Response, Report> {
    let location = HeaderValue::try_from(path).map_err(Report::internal)?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, NO_STORE)])
        .into_response())
}

/// A path of this service, or the home page for any other address: `//other.example` would lead to another site.
pub(super) fn local_path(text: &str) -> &str {
    let is_local = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace());
    if is_local { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_returned_to() {
        for (text, path) in [
            ("/account?x=1", "/account?x=1"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example/", "/"),
            ("/a\r\nb", "/"),
            ("", "/"),
        ] {
            assert_eq!(local_path(text), path, "{text:?}");
        }
    }
}
