//! Log-out that a client begins (OpenID Connect RP-Initiated Logout).

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::HeaderMap;
use strict_oidc::{ErrorPage, LogOutNext, OAuthError, Parameters};

use super::OAuth;
use super::pages::Pages;
use super::redirect::{moved, see_other};
use crate::app::App;
use crate::http::body::FormText;

pub(super) async fn log_out(
    State(app): State<App>,
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let next = async {
        let parameters = Parameters::parse(&query.unwrap_or_default())?;
        server.log_out(&parameters, app.cookies().page(&headers)).await
    };
    follow(Pages::new(&app, &headers), next.await)
}

/// As at the authorization endpoint: no cookie comes with a form of another site, so the browser asks again by GET.
pub(super) async fn log_out_by_post(State(app): State<App>, headers: HeaderMap, form: FormText) -> Response {
    match Parameters::parse(&form.0) {
        Ok(parameters) => see_other(&app, &format!("/oauth/logout?{}", parameters.to_query())),
        Err(error) => Pages::new(&app, &headers).error(&error),
    }
}

pub(super) async fn confirm(
    State(app): State<App>,
    OAuth(server): OAuth,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let next = async {
        let form = Parameters::parse(&form.0)?;
        server.confirm_log_out(form.require("ticket")?, app.cookies().page(&headers)).await
    };
    follow(Pages::new(&app, &headers), next.await)
}

fn follow(pages: Pages<'_>, next: Result<Result<LogOutNext, ErrorPage>, OAuthError>) -> Response {
    match next {
        Ok(Ok(LogOutNext::Confirm { ticket })) => pages.log_out(Some(&ticket)),
        Ok(Ok(LogOutNext::LogOut { location: Some(location) })) => moved(location),
        Ok(Ok(LogOutNext::LogOut { location: None })) => pages.log_out(None),
        Ok(Err(page)) => pages.request_error(&page),
        Err(error) => pages.error(&error),
    }
}
