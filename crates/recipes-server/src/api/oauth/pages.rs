//! The pages of the authorization server. They need no JavaScript.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use strict_oidc::{AuthorizationResponse, ConsentPage};

use super::set;
use crate::api::responses::NO_STORE;
use crate::app::App;

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage<'a> {
    base: &'a str,
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
#[template(path = "error.html")]
struct Error<'a> {
    description: &'a str,
    given: Option<&'a str>,
    registered: &'a [String],
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    action: &'a str,
    fields: &'a [(&'static str, String)],
}

pub(super) fn log_in(
    app: &App,
    return_to: &str,
    email: &str,
    problem: &str,
    target: Option<&str>,
) -> Response {
    let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = LogInPage { base: base(app), return_to, email, problem };
    page_response(status, &page, target.unwrap_or_default())
}

pub(super) fn consent(app: &App, page: &ConsentPage) -> Response {
    page_response(StatusCode::OK, &Consent { base: base(app), page }, &page.form_action)
}

pub(super) fn form_post(response: &AuthorizationResponse) -> Response {
    let page = FormPost { action: response.redirect_uri(), fields: response.fields() };
    page_response(StatusCode::OK, &page, &response.form_action())
}

pub(super) fn error(status: u16, description: &str) -> Response {
    request_error(status, description, None, &[])
}

/// An error of the request of a client, with the redirect URIs to compare.
pub(super) fn request_error(
    status: u16,
    description: &str,
    given: Option<&str>,
    registered: &[String],
) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    page_response(status, &Error { description, given, registered }, "")
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
