//! Showing that mail reaches you.

use axum::{extract::State, response::Response};
use http::StatusCode;
use tower_passport::Scoped;

use super::{
    answers::{
        Malformed, NotAcceptable, OtherSite, RateLimited, UnacceptableBody, Unauthorized, Unavailable,
        WithoutScope,
    },
    links::on_its_way,
};
use crate::app::App;
use crate::auth::caller::{Guard, ManageAccount};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::use_cases::accounts::{Link, Origin};

/// Sends the mail that verifies your e-mail once more. Its link is good once, for 30 minutes.
#[utoipa::path(
    post, path = "/api/v1/users/verification", tag = "users", operation_id = "sendVerification",
    security(("bearer" = ["account"])),
    responses(
        (status = 202, description = "On its way, unless the e-mail is verified already", body = ref("#/components/schemas/OnItsWay")),
        Malformed, Unauthorized, WithoutScope, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn send(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
) -> Result<Response, ApiError> {
    app.accounts.ask_for_verification(&caller.user, caller.actor(&origin))?;
    Ok(on_its_way("A mail is on its way, unless your e-mail is verified already"))
}

/// Verifies an e-mail with what the link in the mail has after its `#`.
#[utoipa::path(
    post, path = "/api/v1/users/verification/confirm", tag = "users", operation_id = "verifyEmail",
    request_body(content = ref("#/components/schemas/VerifyEmail"), content_type = "application/json"),
    responses(
        (status = 204, description = "Verified, on disk"),
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn confirm(
    State(app): State<App>,
    origin: Origin,
    Body(link): Body<Link>,
) -> Result<StatusCode, ApiError> {
    app.accounts.verify_email(link, origin.anonymous()).await?;
    Ok(StatusCode::NO_CONTENT)
}
