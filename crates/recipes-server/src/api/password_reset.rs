//! A new password in place of a forgotten one.

use axum::{extract::State, response::Response};
use http::StatusCode;

use super::{
    answers::{Malformed, NotAcceptable, OtherSite, RateLimited, UnacceptableBody, Unavailable},
    links::on_its_way,
};
use crate::app::App;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::use_cases::accounts::{Forgotten, Origin, ResetPassword};

/// Sends a mail to choose a new password, if there is an account; whether there is, is not said.
#[utoipa::path(
    post, path = "/api/v1/users/password-reset", tag = "users", operation_id = "sendPasswordReset",
    request_body(content = ref("#/components/schemas/ForgottenPassword"), content_type = "application/json"),
    responses(
        (status = 202, description = "On its way, if there is such an account", body = ref("#/components/schemas/OnItsWay")),
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn send(
    State(app): State<App>,
    origin: Origin,
    Body(forgotten): Body<Forgotten>,
) -> Result<Response, ApiError> {
    app.accounts.ask_for_password_reset(&forgotten, origin.anonymous())?;
    Ok(on_its_way("A mail is on its way, if there is an account with this e-mail"))
}

/// Chooses a new password with what the link in the mail has after its `#`. Ends all sessions and deletes all API tokens.
#[utoipa::path(
    post, path = "/api/v1/users/password-reset/confirm", tag = "users", operation_id = "resetPassword",
    request_body(content = ref("#/components/schemas/ResetPassword"), content_type = "application/json"),
    responses(
        (status = 204, description = "Changed, on disk; log in with the new password"),
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn confirm(
    State(app): State<App>,
    origin: Origin,
    Body(reset): Body<ResetPassword>,
) -> Result<StatusCode, ApiError> {
    app.accounts.reset_password(reset, origin.anonymous()).await?;
    Ok(StatusCode::NO_CONTENT)
}
