//! The pages of the authorization server, in the language of the request. They need no JavaScript.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use strict_oidc::{AuthorizationResponse, ConsentPage, DevicePage, ErrorPage, OAuthError};

use super::set;
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::web::languages::{Language, OAuthTexts};

#[derive(Template)]
#[template(path = "log_in.html")]
struct LogInPage<'a> {
    language: Language,
    o: &'static OAuthTexts,
    base: &'a str,
    host: &'a str,
    client: Option<&'a str>,
    next: &'a str,
    return_to: &'a str,
    email: &'a str,
    problem: &'a str,
    sign_up: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent<'a> {
    language: Language,
    o: &'static OAuthTexts,
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
    language: Language,
    o: &'static OAuthTexts,
    base: &'a str,
    typed: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "device.html")]
struct Device<'a> {
    language: Language,
    o: &'static OAuthTexts,
    base: &'a str,
    page: &'a DevicePage,
    user_code: &'a str,
}

#[derive(Template)]
#[template(path = "device_done.html")]
struct DeviceDone<'a> {
    language: Language,
    o: &'static OAuthTexts,
    base: &'a str,
    is_allowed: bool,
}

#[derive(Template)]
#[template(path = "log_out.html")]
struct LogOut<'a> {
    language: Language,
    o: &'static OAuthTexts,
    base: &'a str,
    ticket: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "error.html")]
struct Error<'a> {
    language: Language,
    o: &'static OAuthTexts,
    base: &'a str,
    description: &'a str,
    given: Option<&'a str>,
    registered: &'a [String],
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    language: Language,
    o: &'static OAuthTexts,
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
    /// Where users without an account sign up.
    pub(super) sign_up: Option<&'a str>,
}

/// Renders pages in the language of the request.
#[derive(Clone, Copy)]
pub(super) struct Pages<'a> {
    app: &'a App,
    language: Language,
}

impl<'a> Pages<'a> {
    pub(super) fn new(app: &'a App, request: &HeaderMap) -> Self {
        Self { app, language: Language::of_request(request) }
    }

    fn base(self) -> &'a str {
        self.app.public_url().map_or("", |url| url.path())
    }

    fn texts(self) -> &'static OAuthTexts {
        self.language.text().oauth()
    }

    pub(super) fn log_in(self, form: &LogInForm<'_>) -> Response {
        let LogInForm { next, return_to, email, problem, client, sign_up } = *form;
        let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let host = self.app.public_url().map_or("localhost", |url| url.host());
        let (client, target) = client.unzip();
        let (language, o) = (self.language, self.texts());
        let base = self.base();
        let page = LogInPage { language, o, base, host, client, next, return_to, email, problem, sign_up };
        page_response(status, &page, target.unwrap_or_default())
    }

    /// Why a log-in failed.
    pub(super) fn wrong_password(self) -> &'static str {
        self.texts().wrong_password
    }

    pub(super) fn too_many_attempts(self) -> &'static str {
        self.texts().too_many_attempts
    }

    pub(super) fn consent(self, page: &ConsentPage, user: &str) -> Response {
        let mut log_in = form_urlencoded::Serializer::new(String::new());
        log_in.append_pair("return_to", &page.request);
        let other_user = &log_in.finish();
        let (language, o) = (self.language, self.texts());
        let consent = Consent { language, o, base: self.base(), page, user, other_user };
        page_response(StatusCode::OK, &consent, &page.form_action)
    }

    /// Where users type the code that their device shows.
    pub(super) fn device_code(self, typed: &str) -> Response {
        self.device_code_again(typed, "")
    }

    pub(super) fn unknown_device_code(self, typed: &str) -> Response {
        self.device_code_again(typed, self.texts().unknown_code)
    }

    pub(super) fn too_many_device_codes(self, typed: &str) -> Response {
        self.device_code_again(typed, self.texts().too_many_codes)
    }

    fn device_code_again(self, typed: &str, problem: &str) -> Response {
        let status = if problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        let (language, o) = (self.language, self.texts());
        page_response(status, &DeviceCode { language, o, base: self.base(), typed, problem }, "")
    }

    pub(super) fn device(self, page: &DevicePage, user_code: &str) -> Response {
        let (language, o) = (self.language, self.texts());
        page_response(StatusCode::OK, &Device { language, o, base: self.base(), page, user_code }, "")
    }

    pub(super) fn device_done(self, is_allowed: bool) -> Response {
        let (language, o) = (self.language, self.texts());
        page_response(StatusCode::OK, &DeviceDone { language, o, base: self.base(), is_allowed }, "")
    }

    /// With a ticket the page asks, without one it says that it is done.
    pub(super) fn log_out(self, ticket: Option<&str>) -> Response {
        let (language, o) = (self.language, self.texts());
        page_response(StatusCode::OK, &LogOut { language, o, base: self.base(), ticket }, "")
    }

    pub(super) fn form_post(self, response: &AuthorizationResponse) -> Response {
        let (language, o) = (self.language, self.texts());
        let (base, action, fields) = (self.base(), response.redirect_uri(), response.fields());
        let page = FormPost { language, o, base, action, fields };
        page_response(StatusCode::OK, &page, &response.form_action())
    }

    pub(super) fn error(self, error: &OAuthError) -> Response {
        self.error_page(error.status(), error.description(), (None, &[]))
    }

    /// An error of the request of a client, with the redirect URIs to compare.
    pub(super) fn request_error(self, page: &ErrorPage) -> Response {
        let ErrorPage { status, description, given, registered, .. } = page;
        self.error_page(*status, description, (given.as_deref(), registered))
    }

    /// The description is for the developers of the client, and stays in English.
    fn error_page(
        self,
        status: u16,
        description: &str,
        (given, registered): (Option<&str>, &[String]),
    ) -> Response {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (language, o) = (self.language, self.texts());
        let page = Error { language, o, base: self.base(), description, given, registered };
        page_response(status, &page, "")
    }
}

pub(super) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
    ];
    (headers, include_str!("../../../templates/pages.css")).into_response()
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
