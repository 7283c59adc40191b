//! Coming and going: sign up, log in, stay logged in, log out.

use std::convert::Infallible;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use recipes::{FieldError, Scalars};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use store::Context;
use tower_passport::Scoped;

use super::{
    answers::{
        EmailTaken, InvalidRefreshToken, Malformed, NoSession, NoSignUp, NotAcceptable, OtherSite,
        RateLimited, UnacceptableBody, Unauthorized, Unavailable, WithoutScope, WrongPassword,
    },
    me::Profile,
    parameters::Cookies,
    personal::NO_STORE,
};
use crate::app::App;
use crate::auth::caller::{Guard, ManageAccount};
use crate::auth::log_in::PasswordLogIn;
use crate::http::body::{
    Body, Parse,
    fields::{self, Fields},
};
use crate::http::cookies::{self, Delivery};
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::use_cases::accounts::{LoggedIn, Origin, SignUp};

/// Makes an account and answers with the tokens of its first session.
#[utoipa::path(
    post, path = "/api/v1/users/signup", tag = "users", operation_id = "signUp",
    params(Cookies),
    request_body(content(
        (ref("#/components/schemas/SignUp") = "application/json"),
        (ref("#/components/schemas/SignUp") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The account is made", body = ref("#/components/schemas/LoggedIn")),
        EmailTaken,
        Malformed, NoSignUp, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn sign_up(
    State(app): State<App>,
    delivery: Delivery,
    origin: Origin,
    Body(new): Body<SignUp>,
) -> Result<Response, ApiError> {
    welcome(&app.accounts.sign_up(new, origin).await?, delivery)
}

/// Answers an e-mail and its password with the tokens of a new session.
#[utoipa::path(
    post, path = "/api/v1/users/login", tag = "users", operation_id = "logIn",
    params(Cookies),
    request_body(content(
        (ref("#/components/schemas/LogIn") = "application/json"),
        (ref("#/components/schemas/LogIn") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Welcome back", body = ref("#/components/schemas/LoggedIn")),
        WrongPassword,
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn log_in(
    State(app): State<App>,
    delivery: Delivery,
    origin: Origin,
    PasswordLogIn(user): PasswordLogIn,
) -> Result<Response, ApiError> {
    welcome(&app.accounts.log_in(user, origin).await?, delivery)
}

/// Exchanges a refresh token for a new pair of tokens, once.
#[utoipa::path(
    post, path = "/api/v1/users/refresh", tag = "users", operation_id = "refresh",
    request_body(content(
        (ref("#/components/schemas/Refresh") = "application/json"),
        (ref("#/components/schemas/Refresh") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The session goes on, with these tokens", body = ref("#/components/schemas/LoggedIn")),
        InvalidRefreshToken,
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn refresh(
    State(app): State<App>,
    headers: HeaderMap,
    origin: Origin,
    RefreshCookie(cookie): RefreshCookie,
    Body(RefreshBody(sent)): Body<RefreshBody>,
) -> Result<Response, ApiError> {
    let (token, delivery) = match (sent, cookie?) {
        (Some(token), _) => (token, Delivery::Body),
        (None, Some(token)) => (token.into(), Delivery::Cookies),
        (None, None) => return Err(ApiError::missing(["refreshToken"])),
    };
    match app.accounts.refresh(token.expose_secret(), &origin).await {
        Ok(prolonged) => welcome(&prolonged, delivery),
        Err(error @ ApiError::InvalidRefreshToken) if delivery == Delivery::Cookies => {
            let mut response = error.into_response();
            cookies::clear(&headers, &mut response);
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

/// Ends this session.
#[utoipa::path(
    post, path = "/api/v1/users/logout", tag = "users", operation_id = "logOut",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "The session has ended, and its tokens with it"),
        Malformed, Unauthorized, NoSession, NotAcceptable, Unavailable,
    )
)]
pub async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
) -> Result<Response, ApiError> {
    let session = caller.session()?;
    let context = Context { actor: caller.actor(&origin), now: app.clock.now() };
    app.store.end_session(caller.user.id, session, context).await?;
    tracing::info!(user.id = %caller.user.id, session.id = %session, "User {} logged out", caller.user.id);
    Ok(farewell(&headers))
}

/// Ends all sessions but this one.
#[utoipa::path(
    post, path = "/api/v1/users/logout/others", tag = "users", operation_id = "logOutOthers",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "The other sessions have ended"),
        Malformed, Unauthorized, NoSession, NotAcceptable, Unavailable,
    )
)]
pub async fn log_out_others(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
) -> Result<StatusCode, ApiError> {
    let (user, actor, now) = (caller.user.id, caller.actor(&origin), app.clock.now());
    let ended = app.store.end_other_sessions(user, caller.session()?, Context { actor, now }).await?;
    tracing::info!(user.id = %caller.user.id, ended, "User {} ended all other sessions", caller.user.id);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions, this one too, and all API tokens.
#[utoipa::path(
    post, path = "/api/v1/users/logout/all", tag = "users", operation_id = "logOutAll",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "All sessions and API tokens have ended"),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn log_out_all(
    State(app): State<App>,
    headers: HeaderMap,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
) -> Result<Response, ApiError> {
    let ended = app
        .store
        .end_sessions(caller.user.id, Context { actor: caller.actor(&origin), now: app.clock.now() })
        .await?;
    tracing::info!(user.id = %caller.user.id, ended, "User {} ended all sessions", caller.user.id);
    Ok(farewell(&headers))
}

/// The answer to who has just been let in. RFC 6749 section 5.1: no cache may keep a token.
fn welcome(session: &LoggedIn, delivery: Delivery) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Welcome<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<&'a str>,
        expires_in: u64,
        user: Profile<'a>,
    }
    let LoggedIn { user, access_token, refresh_token, expires_in, keep } = session;
    let refresh_token = refresh_token.expose();
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    let shown = match delivery {
        Delivery::Body => Some((access_token.as_str(), refresh_token.as_str())),
        Delivery::Cookies => {
            cookies::set(&mut headers, cookies::ACCESS, access_token, *expires_in)?;
            cookies::set(&mut headers, cookies::REFRESH, &refresh_token, *keep)?;
            None
        }
    };
    let (token, refresh_token) = shown.unzip();
    let body = Welcome { token, refresh_token, expires_in: expires_in.as_secs(), user: Profile::of(user) };
    Ok((headers, Json(body)).into_response())
}

fn farewell(sent: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::clear(sent, &mut response);
    response
}

impl FromRequestParts<App> for Delivery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        match Query::parse(&parts.uri, &["cookies"])?.get("cookies") {
            None | Some("false") => Ok(Self::Body),
            Some("true") => Ok(Self::Cookies),
            Some(_) => Err(ApiError::Malformed("cookies must be true or false".into())),
        }
    }
}

/// What a browser says in the place of a body.
pub struct RefreshCookie(Result<Option<String>, ApiError>);

impl FromRequestParts<App> for RefreshCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        Ok(Self(cookies::refresh_token(parts)))
    }
}

/// The token, for those who keep it themselves.
pub struct RefreshBody(Option<SecretString>);

impl Parse for RefreshBody {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["refreshToken"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let token = fields.optional("refreshToken", |text| Ok::<_, String>(SecretString::from(text)));
        let problems = fields.problems();
        if problems.is_empty() { Ok(Self(token)) } else { Err(problems) }
    }
}
