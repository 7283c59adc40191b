//! Log-out that a client begins (OpenID Connect RP-Initiated Logout).

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::HeaderMap;
use strict_oidc::{ErrorPage, LogOutNext, OAuthError, Parameters};

use super::redirect::{moved, see_other};
use super::{OAuth, pages};
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
    follow(&app, next.await)
}

/// As at the authorization endpoint: no cookie comes with a form of another site, so the browser asks again by GET.
pub(super) async fn log_out_by_post(State(app): State<App>, form: FormText) -> Response {
    match Parameters::parse(&form.0) {
        Ok(parameters) => see_other(&app, &format!("/oauth/logout?{}", parameters.to_query())),
        Err(error) => pages::error(&app, &error),
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
    follow(&app, next.await)
}

fn follow(app: &App, next: Result<Result<LogOutNext, ErrorPage>, OAuthError>) -> Response {
    match next {
        Ok(Ok(LogOutNext::Confirm { ticket })) => pages::log_out(app, Some(&ticket)),
        Ok(Ok(LogOutNext::LogOut { location: Some(location) })) => moved(location),
        Ok(Ok(LogOutNext::LogOut { location: None })) => pages::log_out(app, None),
        Ok(Err(page)) => pages::request_error(app, &page),
        Err(error) => pages::error(app, &error),
    }
}
