//! The endpoints of the authorization server. Their paths and answers are those of OAuth 2.1 and OpenID Connect.

mod log_in;
mod log_out;
mod pages;
mod redirect;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequestParts, RawQuery, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;
use strict_oidc::{BearerToken, ErrorCode, OAuthError, Parameters, PresentedClient, metadata};

use super::responses::NO_STORE;
use crate::app::App;
use crate::http::body::FormText;
use crate::provider::AuthorizationServer;

/// For clients of the recipe API that do not know where to get a token.
pub fn resource_routes() -> Router<App> {
    Router::new()
        .route("/.well-known/oauth-protected-resource", get(resource))
        .route("/.well-known/oauth-protected-resource/api/v1", get(resource))
}

pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/.well-known/oauth-authorization-server", get(configuration))
        .route("/oauth/jwks.json", get(jwks))
        .route("/oauth/authorize", get(redirect::authorize).post(redirect::authorize_by_post))
        .route("/oauth/consent", post(redirect::consent))
        .route("/oauth/token", post(token))
        .route("/oauth/userinfo", get(userinfo).post(userinfo))
        .route("/oauth/introspect", post(introspect))
        .route("/oauth/revoke", post(revoke))
        .route("/oauth/logout", get(log_out::log_out).post(log_out::log_out_by_post))
        .route("/oauth/logout/confirm", post(log_out::confirm))
        .route("/oauth/log-in", get(log_in::page))
        .route("/oauth/pages.css", get(pages::style))
}

/// The log-in itself, which the router limits by client address.
pub fn log_in_route() -> Router<App> {
    Router::new().route("/oauth/log-in", post(log_in::submit))
}

async fn configuration(OAuth(server): OAuth) -> Response {
    ([(header::CACHE_CONTROL, HOUR)], Json(metadata(server.protocol()))).into_response()
}

async fn resource(State(app): State<App>) -> Response {
    match app.resource_metadata() {
        Some(metadata) => ([(header::CACHE_CONTROL, HOUR)], Json(metadata)).into_response(),
        None => refusal(&no_name()),
    }
}

async fn jwks(OAuth(server): OAuth) -> Response {
    match server.jwks().await {
        Ok(keys) => {
            let media_type = HeaderValue::from_static("application/jwk-set+json");
            ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, TEN_MINUTES)], keys).into_response()
        }
        Err(error) => refusal(&error),
    }
}

async fn token(
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let answer = async {
        let form = Parameters::parse(&form.0)?;
        let presented = PresentedClient::read(authorization(&headers), query.as_deref(), &form)?;
        server.token(&presented, &form).await
    };
    match answer.await {
        Ok(tokens) => ([(header::CACHE_CONTROL, NO_STORE)], Json(tokens)).into_response(),
        Err(error) => refusal(&error),
    }
}

async fn introspect(
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let answer = async {
        let form = Parameters::parse(&form.0)?;
        let presented = PresentedClient::read(authorization(&headers), query.as_deref(), &form)?;
        server.introspect(&presented, &form).await
    };
    match answer.await {
        Ok(about) => ([(header::CACHE_CONTROL, NO_STORE)], Json(about)).into_response(),
        Err(error) => refusal(&error),
    }
}

/// 200 whether or not there was anything to revoke (RFC 7009 section 2.2).
async fn revoke(
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let answer = async {
        let form = Parameters::parse(&form.0)?;
        let presented = PresentedClient::read(authorization(&headers), query.as_deref(), &form)?;
        server.revoke(&presented, &form).await
    };
    match answer.await {
        Ok(()) => [(header::CACHE_CONTROL, NO_STORE)].into_response(),
        Err(error) => refusal(&error),
    }
}

async fn userinfo(OAuth(server): OAuth, headers: HeaderMap, form: FormText) -> Response {
    let answer = async {
        let token = BearerToken::read(authorization(&headers), &Parameters::parse(&form.0)?)?;
        server.userinfo(&token).await
    };
    match answer.await {
        Ok(claims) => ([(header::CACHE_CONTROL, NO_STORE)], Json(claims)).into_response(),
        Err(error) => refusal(&error),
    }
}

const TEN_MINUTES: HeaderValue = HeaderValue::from_static("max-age=600");
const HOUR: HeaderValue = HeaderValue::from_static("max-age=3600");

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

/// An error as RFC 6749 section 5.2 has it.
fn refusal(error: &OAuthError) -> Response {
    #[derive(Serialize)]
    struct Body<'a> {
        error: &'a str,
        error_description: &'a str,
    }
    let body = Json(Body { error: error.code().as_str(), error_description: error.description() });
    let mut response = (StatusCode::from_u16(error.status()).unwrap_or_default(), body).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    set(&mut response, header::WWW_AUTHENTICATE, error.www_authenticate());
    response
}

fn set(response: &mut Response, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        response.headers_mut().insert(name, value);
    }
}

/// The authorization server as a handler argument.
struct OAuth(Arc<AuthorizationServer>);

impl FromRequestParts<App> for OAuth {
    type Rejection = Response;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Response> {
        app.authorization_server().map(Self).ok_or_else(|| refusal(&no_name()))
    }
}

fn no_name() -> OAuthError {
    let what = "this server has no name that clients can trust: its operator must set PUBLIC_URL to its https address";
    OAuthError::new(ErrorCode::TemporarilyUnavailable, what)
}
