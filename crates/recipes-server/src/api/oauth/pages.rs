//! The pages of the authorization server. They need no JavaScript.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use strict_oidc::{AuthorizationResponse, ConsentPage, ErrorPage, OAuthError};

use super::set;
use crate::api::responses::NO_STORE;
use crate::app::App;

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage<'a> {
    base: &'a str,
    host: &'a str,
    client: Option<&'a str>,
    return_to: &'a str,
    email: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    base: &'a str,
    page: &'a ConsentPage,
}

#[derive(Template)]
#[template(path = "log_out.html")]
struct LogOut<'a> {
    base: &'a str,
    ticket: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    base: &'a str,
    description: &'a str,
    given: Option<&'a str>,
    registered: &'a [String],
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    base: &'a str,
    action: &'a str,
    fields: &'a [(&'static str, String)],
}

/// What the log-in page shows.
pub(super) struct LogInForm<'a> {
    /// The query of the authorization request.
    pub(super) return_to: &'a str,
    pub(super) email: &'a str,
    /// Why the last try failed. Empty: there was none.
    pub(super) problem: &'a str,
    /// The name of the client, and where the answer may redirect.
    pub(super) client: Option<(&'a str, &'a str)>,
}

pub(super) fn log_in(app: &App, form: &LogInForm<'_>) -> Response {
    let LogInForm { return_to, email, problem, client } = *form;
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let host = app.public_url().map_or("this server", |url| url.host());
    let (name, target) = client.unzip();
    let page = LogInPage { base: base(app), host, client: name, return_to, email, problem };
    page_response(status, &page, target.unwrap_or_default())
}

pub(super) fn consent(app: &App, page: &ConsentPage) -> Response {
    page_response(StatusCode::OK, &Consent { base: base(app), page }, &page.form_action)
}

/// With a ticket the page asks, without one it says that it is done.
pub(super) fn log_out(app: &App, ticket: Option<&str>) -> Response {
    page_response(StatusCode::OK, &LogOut { base: base(app), ticket }, "")
}

pub(super) fn form_post(app: &App, response: &AuthorizationResponse) -> Response {
    let page = FormPost { base: base(app), action: response.redirect_uri(), fields: response.fields() };
    page_response(StatusCode::OK, &page, &response.form_action())
}

pub(super) fn error(app: &App, error: &OAuthError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let description = error.description();
    page_response(status, &Error { base: base(app), description, given: None, registered: &[] }, "")
}

/// An error of the request of a client, with the redirect URIs to compare.
pub(super) fn request_error(app: &App, page: &ErrorPage) -> Response {
    let ErrorPage { status, description, given, registered, .. } = page;
    let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page_response(status, &Error { base: base(app), description, given: given.as_deref(), registered }, "")
}

pub(super) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
    ];
    (headers, include_str!("../../../templates/pages.css")).into_response()
}

fn base(app: &App) -> &str {
    app.public_url().map_or("", |url| url.path())
}

/// `form_target`: where the answer to a form of the page may redirect, besides this service.
fn page_response(status: StatusCode, page: &impl Template, form_target: &str) -> Response {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => return crate::http::error::Report::internal(error).into_response(),
    };
    let mut response = (status, [(header::CACHE_CONTROL, NO_STORE)], Html(html)).into_response();
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self' {form_target}; frame-ancestors 'none'"
    );
    set(&mut response, header::CONTENT_SECURITY_POLICY, Some(policy));
    // The address contains the request of the client.
    set(&mut response, header::REFERRER_POLICY, Some("same-origin".into()));
    response
}
