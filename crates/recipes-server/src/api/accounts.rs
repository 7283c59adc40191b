//! Accounts: sign up, log in, and who am I.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use serde::Serialize;
use tower_passport::{Auth, Reason, Refusal};

use super::answers::{
    EmailTaken, Malformed, NotAcceptable, UnacceptableBody, Unauthorized, Unavailable, WrongPassword,
};
use crate::{
    accounts::{Guard, LogIn, SignUp},
    body::{self, Body},
    error::ApiError,
    state::App,
};

/// Makes an account and answers with an access token.
#[utoipa::path(
    post, path = "/api/v1/users/signup", tag = "users", operation_id = "signUp",
    request_body(content(
        (ref("#/components/schemas/SignUp") = "application/json"),
        (ref("#/components/schemas/SignUp") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The account is made", body = ref("#/components/schemas/Token")),
        EmailTaken,
        Malformed, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn sign_up(State(app): State<App>, Body(new): Body<SignUp>) -> Result<Response, ApiError> {
    Ok(with_token(app.accounts.sign_up(new).await?))
}

/// Answers an e-mail and its password with an access token.
#[utoipa::path(
    post, path = "/api/v1/users/login", tag = "users", operation_id = "logIn",
    request_body(content(
        (ref("#/components/schemas/LogIn") = "application/json"),
        (ref("#/components/schemas/LogIn") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "Welcome back", body = ref("#/components/schemas/Token")),
        WrongPassword,
        Malformed, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    attempt: Result<Auth<LogIn>, Refusal>,
) -> Result<Response, ApiError> {
    body::encoding(&headers)?;
    let Auth(user) = attempt.map_err(|refusal| match refusal.reason() {
        // Where credentials are what the body is for, none are two fields that are missing.
        Reason::NoCredentials => ApiError::missing(["email", "password"]),
        _ => ApiError::Refused(refusal),
    })?;
    tracing::info!(user.id = %user.id, "User {} logged in", user.id);
    Ok(with_token(app.accounts.access_token(user.id)?))
}

/// The account the token belongs to.
#[utoipa::path(
    get, path = "/api/v1/users/me", tag = "users", operation_id = "readMe",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Your account", body = ref("#/components/schemas/UserEnvelope")),
        Malformed, Unauthorized, NotAcceptable, Unavailable,
    )
)]
pub async fn me(Auth(user): Auth<Guard>) -> Response {
    let data = Me {
        id: user.id.get(),
        name: user.name.as_str(),
        email: user.email.as_str(),
        role: user.role.as_str(),
        created_at: user.created_at,
        updated_at: user.updated_at,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(Envelope { data })).into_response()
}

#[derive(Serialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Me<'a> {
    id: i64,
    name: &'a str,
    email: &'a str,
    role: &'a str,
    created_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
}

fn with_token(token: String) -> Response {
    #[derive(Serialize)]
    struct Token {
        token: String,
    }
    // RFC 6749 section 5.1: no cache may keep a token.
    ([(header::CACHE_CONTROL, "no-store")], Json(Token { token })).into_response()
}
