//! Verifying the e-mail address.

use accounts::TokenDigest;
use axum::response::Response;
use http::StatusCode;

use super::{
    documented_errors::{
        Malformed, NotAcceptable, OtherSite, RateLimited, UnacceptableBody, Unauthorized, Unavailable,
        WithoutScope,
    },
    responses::mail_requested,
};
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::use_cases::accounts::ClientInfo;

/// Sends the mail that verifies your e-mail address again. Its link is valid for 30 minutes and can be used once.
#[utoipa::path(
    post, path = "/api/v1/users/verification", tag = "users", operation_id = "sendVerification",
    security(("bearer" = ["account"])),
    responses(
        (status = 202, description = "The mail will be sent, unless the address is verified already", body = ref("#/components/schemas/OnItsWay")),
        Malformed, Unauthorized, WithoutScope, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn send(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    client: ClientInfo,
) -> Result<Response, Report> {
    app.accounts().send_verification(&me.user, me.actor, client.language).await?;
    Ok(mail_requested(
        app.accounts(),
        "The mail will be sent, unless your e-mail address is verified already",
    ))
}

/// Verifies an e-mail address with the token that the link in the mail carries after its #.
#[utoipa::path(
    post, path = "/api/v1/users/verification/confirm", tag = "users", operation_id = "verifyEmail",
    request_body(content = ref("#/components/schemas/VerifyEmail"), content_type = "application/json"),
    responses(
        (status = 204, description = "Verified, on disk"),
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn confirm(
    JsonApi(app): JsonApi<App>,
    client: ClientInfo,
    Body(VerifyEmail { token }): Body<VerifyEmail>,
) -> Result<StatusCode, Report> {
    app.accounts().verify_email(token, client.anonymous()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The body that confirms an address.
pub struct VerifyEmail {
    token: TokenDigest,
}

impl ParseFields for VerifyEmail {
    const FIELDS: &'static [&'static str] = &["token"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { token: fields.digest("token")? })
    }
}
