//! The endpoints of the authorization server. Their paths and answers are those of OAuth 2.1 and OpenID Connect.

mod device;
mod log_in;
mod log_out;
mod pages;
mod redirect;

pub(crate) use self::log_in::form_targets;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequest, FromRequestParts, Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use serde::Serialize;
use strict_oidc::{BearerToken, ErrorCode, OAuthError, Parameters, PresentedClient};

use super::responses::NO_STORE;
use crate::app::App;
use crate::http::body::{FORM_BYTES, FormText};
use crate::provider::{AuthorizationServer, ClientCall, ResourceCall, Userinfo};

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
        .route("/oauth/par", post(push))
        .route("/oauth/device", post(device::authorize))
        .route("/oauth/revocations", get(revocations))
        .route("/device", get(device::page).post(device::submit))
        .route("/device/decide", post(device::decide))
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
    match server.metadata().await {
        Ok(metadata) => ([(header::CACHE_CONTROL, HOUR)], Json(metadata)).into_response(),
        Err(error) => refusal(&error),
    }
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

async fn token(OAuth(server): OAuth, Call(call): Call) -> Response {
    let answer = match server.token(&call).await {
        Ok(tokens) => ([(header::CACHE_CONTROL, NO_STORE)], Json(tokens)).into_response(),
        Err(error) => refusal(&error),
    };
    with_nonce(&server, &call, answer).await
}

/// A request that the client sends before the browser comes (RFC 9126).
async fn push(OAuth(server): OAuth, Call(call): Call) -> Response {
    let answer = match server.push(&call).await {
        Ok(pushed) => {
            (StatusCode::CREATED, [(header::CACHE_CONTROL, NO_STORE)], Json(pushed)).into_response()
        }
        Err(error) => refusal(&error),
    };
    with_nonce(&server, &call, answer).await
}

async fn introspect(OAuth(server): OAuth, Call(call): Call) -> Response {
    match server.introspect(&call).await {
        Ok(about) => ([(header::CACHE_CONTROL, NO_STORE)], Json(about)).into_response(),
        Err(error) => refusal(&error),
    }
}

/// 200 whether or not there was anything to revoke (RFC 7009 section 2.2).
async fn revoke(OAuth(server): OAuth, Call(call): Call) -> Response {
    match server.revoke(&call).await {
        Ok(()) => [(header::CACHE_CONTROL, NO_STORE)].into_response(),
        Err(error) => refusal(&error),
    }
}

async fn userinfo(
    OAuth(server): OAuth,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let proofs = proofs(&headers);
    let answer = async {
        let token = BearerToken::read(authorization(&headers), &Parameters::parse(&form.0)?)?;
        let call = ResourceCall { token: &token, method: method.as_str(), path: uri.path(), proofs: &proofs };
        server.userinfo(&call).await
    };
    match answer.await {
        Ok(Userinfo::Claims(claims)) => ([(header::CACHE_CONTROL, NO_STORE)], Json(claims)).into_response(),
        Ok(Userinfo::Signed(token)) => {
            let headers = [(header::CACHE_CONTROL, NO_STORE), (header::CONTENT_TYPE, JWT)];
            (headers, token).into_response()
        }
        Err(error) => refusal(&error),
    }
}

/// The list of ended grants, for servers that verify access tokens offline.
async fn revocations(OAuth(server): OAuth, headers: HeaderMap) -> Response {
    let list = match server.revocations().await {
        Ok(list) => list,
        Err(error) => return refusal(&error),
    };
    let seen = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_current = seen.flat_map(|tags| tags.split(',')).any(|tag| tag.trim() == list.etag);
    let mut response = if is_current {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, STATUS_LIST)], list.token.clone()).into_response()
    };
    response.headers_mut().insert(header::CACHE_CONTROL, FIVE_SECONDS);
    set(&mut response, header::ETAG, Some(list.etag.clone()));
    response
}

const JWT: HeaderValue = HeaderValue::from_static("application/jwt");
const STATUS_LIST: HeaderValue = HeaderValue::from_static("application/statuslist+jwt");
const FIVE_SECONDS: HeaderValue = HeaderValue::from_static("max-age=5");
const TEN_MINUTES: HeaderValue = HeaderValue::from_static("max-age=600");
const HOUR: HeaderValue = HeaderValue::from_static("max-age=3600");

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()
}

fn proofs(headers: &HeaderMap) -> Vec<&str> {
    // A value that is no text is no proof, but it counts as one.
    headers.get_all("dpop").iter().map(|value| value.to_str().unwrap_or_default()).collect()
}

/// A client that sends proofs learns the nonce for the next one (RFC 9449 section 8.2).
async fn with_nonce(server: &AuthorizationServer, call: &ClientCall, mut response: Response) -> Response {
    if !call.proofs.is_empty() {
        let nonce = server.dpop_nonce().await.ok();
        set(&mut response, HeaderName::from_static("dpop-nonce"), nonce);
    }
    response
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

/// The request of a client as a handler argument.
struct Call(ClientCall);

impl FromRequest<App> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (query, headers) = (request.uri().query().map(str::to_owned), request.headers().clone());
        let form =
            FormText::<FORM_BYTES>::from_request(request, app).await.map_err(IntoResponse::into_response)?;
        let read = || {
            let form = Parameters::parse(&form.0)?;
            let presented = PresentedClient::read(authorization(&headers), query.as_deref(), &form)?;
            let proofs = proofs(&headers).into_iter().map(str::to_owned).collect();
            Ok(Self(ClientCall { presented, form, proofs }))
        };
        read().map_err(|error: OAuthError| refusal(&error))
    }
}

fn no_name() -> OAuthError {
    let what = "this server has no name that clients can trust: its operator must set PUBLIC_URL to its https address";
    OAuthError::new(ErrorCode::TemporarilyUnavailable, what)
}
