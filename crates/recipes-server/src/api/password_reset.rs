//! A new password for a forgotten one.

use accounts::Email;
use axum::response::Response;
use http::StatusCode;

use super::{
    documented_errors::{Malformed, NotAcceptable, OtherSite, RateLimited, UnacceptableBody, Unavailable},
    responses::mail_requested,
};
use crate::app::App;
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::use_cases::accounts::{ClientInfo, ResetPassword};

/// Sends a mail to choose a new password, if the address has an account. The response is the same if it has none.
#[utoipa::path(
    post, path = "/api/v1/users/password-reset", tag = "users", operation_id = "sendPasswordReset",
    request_body(content = ref("#/components/schemas/ForgottenPassword"), content_type = "application/json"),
    responses(
        (status = 202, description = "The mail will be sent, if the address has an account", body = ref("#/components/schemas/OnItsWay")),
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn send(
    JsonApi(app): JsonApi<App>,
    client: ClientInfo,
    Body(ForgottenPassword { email }): Body<ForgottenPassword>,
) -> Result<Response, Report> {
    app.accounts().request_password_reset(&email, client.anonymous(), client.language).await?;
    Ok(mail_requested(app.accounts(), "The mail will be sent, if this e-mail address has an account"))
}

/// Sets a new password with the token that the link in the mail carries after its #.
///
/// All sessions end, and all API tokens are deleted.
#[utoipa::path(
    post, path = "/api/v1/users/password-reset/confirm", tag = "users", operation_id = "resetPassword",
    request_body(content = ref("#/components/schemas/ResetPassword"), content_type = "application/json"),
    responses(
        (status = 204, description = "Changed, on disk; log in with the new password"),
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn confirm(
    JsonApi(app): JsonApi<App>,
    client: ClientInfo,
    Body(reset): Body<ResetPassword>,
) -> Result<StatusCode, Report> {
    app.accounts().reset_password(reset, client.anonymous()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body that requests a mail.
pub struct ForgottenPassword {
    email: Email,
}

impl ParseFields for ForgottenPassword {
    const FIELDS: &'static [&'static str] = &["email"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("email", Email::parse)? })
    }
}

impl ParseFields for ResetPassword {
    const FIELDS: &'static [&'static str] = &["token", "password"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (token, password) = (fields.digest("token"), fields.secret("password"));
        Some(Self { token: token?, password: password? })
    }
}
