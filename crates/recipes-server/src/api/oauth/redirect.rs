//! The authorization endpoint and the form of its consent page.

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use strict_oidc::{ConsentForm, ErrorCode, LogIn, Next, OAuthError, Parameters, ResponseMode};

use super::pages::Pages;
use super::{OAuth, set};
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::http::body::FormText;
use crate::provider::AuthorizationServer;

pub(super) async fn authorize(
    State(app): State<App>,
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let next = async {
        let parameters = Parameters::parse(&query.unwrap_or_default())?;
        server.authorize(&parameters, app.cookies().page(&headers)).await
    };
    follow(&app, &server, &headers, next.await).await
}

/// A page of the client may post the request (OpenID Connect Core section 3.1.2.1). A cookie of ours would not come with it from
/// another site, so nothing is decided here: the browser asks again by GET.
pub(super) async fn authorize_by_post(
    State(app): State<App>,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    match Parameters::parse(&form.0) {
        Ok(parameters) => see_other(&app, &format!("/oauth/authorize?{}", parameters.to_query())),
        Err(error) => Pages::new(&app, &headers).error(&error),
    }
}

pub(super) async fn consent(
    State(app): State<App>,
    OAuth(server): OAuth,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let next = async {
        let form = ConsentForm::read(&Parameters::parse(&form.0)?)?;
        server.consent(&form, app.cookies().page(&headers)).await
    };
    follow(&app, &server, &headers, next.await).await
}

async fn follow(
    app: &App,
    server: &AuthorizationServer,
    headers: &HeaderMap,
    next: Result<Next, OAuthError>,
) -> Response {
    let pages = Pages::new(app, headers);
    let response = match next {
        Ok(Next::Show(page)) => return pages.request_error(&page),
        Ok(Next::LogIn(LogIn { return_to, login_hint, .. })) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("return_to", &return_to);
            login_hint.map(|hint| query.append_pair("login_hint", &hint));
            return see_other(app, &format!("/oauth/log-in?{}", query.finish()));
        }
        Ok(Next::SecondFactor(_)) => {
            let error = OAuthError::new(ErrorCode::ServerError, "this server has no second factor");
            return pages.error(&error);
        }
        Ok(Next::Consent(page)) => {
            return match server.signed_in(app.cookies().page(headers)).await {
                Ok(user) => pages.consent(&page, &user.unwrap_or_default()),
                Err(error) => pages.error(&error),
            };
        }
        Ok(Next::Return(response)) => response,
        Ok(Next::Issue(approved)) => match server.issue(*approved).await {
            Ok(response) => response,
            Err(error) => return pages.error(&error),
        },
        Err(error) => return pages.error(&error),
    };
    match response.mode() {
        ResponseMode::FormPost => pages.form_post(&response),
        ResponseMode::Query => moved(response.location()),
    }
}

/// 303, so that a browser that posted does not post to the target too (RFC 9700 section 4.12).
pub(super) fn moved(location: String) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::CACHE_CONTROL, NO_STORE)]).into_response();
    set(&mut response, header::LOCATION, Some(location));
    set(&mut response, header::REFERRER_POLICY, Some("no-referrer".into()));
    response
}

/// A redirect to another path of this service.
pub(super) fn see_other(app: &App, path: &str) -> Response {
    let base = app.public_url().map_or("", |url| url.path());
    moved(format!("{base}{path}"))
}
