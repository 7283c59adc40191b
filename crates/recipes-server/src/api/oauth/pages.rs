//! The pages of the authorization server. They need no JavaScript.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use strict_oidc::{AuthorizationResponse, ConsentPage, DevicePage, ErrorPage, OAuthError};

use super::set;
use crate::api::responses::NO_STORE;
use crate::app::App;

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage<'a> {
    base: &'a str,
    host: &'a str,
    client: Option<&'a str>,
    next: &'a str,
    return_to: &'a str,
    email: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    base: &'a str,
    page: &'a ConsentPage,
    /// The e-mail address of the user.
    user: &'a str,
    /// The log-in page for the same request.
    other_user: &'a str,
}

#[derive(Template)]
#[template(path = "device_code.html")]
struct DeviceCode<'a> {
    base: &'a str,
    typed: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "device.html")]
struct Device<'a> {
    base: &'a str,
    page: &'a DevicePage,
    user_code: &'a str,
}

#[derive(Template)]
#[template(path = "device_done.html")]
struct DeviceDone<'a> {
    base: &'a str,
    is_allowed: bool,
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
    /// The page that comes after the log-in: `device`, or else the authorization endpoint.
    pub(super) next: &'a str,
    /// The query of that page.
    pub(super) return_to: &'a str,
    pub(super) email: &'a str,
    /// Why the last try failed. Empty: there was none.
    pub(super) problem: &'a str,
    /// The name of the client, and where the answer may redirect.
    pub(super) client: Option<(&'a str, &'a str)>,
}

pub(super) fn log_in(app: &App, form: &LogInForm<'_>) -> Response {
    let LogInForm { next, return_to, email, problem, client } = *form;
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let host = app.public_url().map_or("this server", |url| url.host());
    let (name, target) = client.unzip();
    let page = LogInPage { base: base(app), host, client: name, next, return_to, email, problem };
    page_response(status, &page, target.unwrap_or_default())
}

pub(super) fn consent(app: &App, page: &ConsentPage, user: &str) -> Response {
    let mut log_in = form_urlencoded::Serializer::new(String::new());
    log_in.append_pair("return_to", &page.request);
    let other_user = &log_in.finish();
    page_response(StatusCode::OK, &Consent { base: base(app), page, user, other_user }, &page.form_action)
}

/// Where users type the code that their device shows.
pub(super) fn device_code(app: &App, typed: &str, problem: &str) -> Response {
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_response(status, &DeviceCode { base: base(app), typed, problem }, "")
}

pub(super) fn device(app: &App, page: &DevicePage, user_code: &str) -> Response {
    page_response(StatusCode::OK, &Device { base: base(app), page, user_code }, "")
}

pub(super) fn device_done(app: &App, is_allowed: bool) -> Response {
    page_response(StatusCode::OK, &DeviceDone { base: base(app), is_allowed }, "")
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
