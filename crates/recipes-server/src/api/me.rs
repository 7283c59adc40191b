//! The account of whoever asks: see it, change it, delete it.

use accounts::User;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tower_passport::Scoped;

use super::{
    answers::{
        EmailTaken, LastAdmin, Malformed, NotAcceptable, RateLimited, UnacceptableBody, Unauthorized,
        Unavailable, WithoutScope, WrongCurrentPassword,
    },
    personal::personal,
};
use crate::app::App;
use crate::auth::caller::{Guard, ManageAccount};
use crate::http::body::Body;
use crate::http::cookies;
use crate::http::error::ApiError;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::{ChangePassword, ConfirmDeletion, Origin, UpdateProfile};

/// Reads your account.
#[utoipa::path(
    get, path = "/api/v1/users/me", tag = "users", operation_id = "readMe",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your account", body = ref("#/components/schemas/UserEnvelope")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn read(Scoped(caller, ..): Scoped<Guard, ManageAccount>, _: NoQuery) -> Response {
    personal(&Profile::of(&caller.user))
}

/// Changes your name or e-mail; a new e-mail wants the password.
#[utoipa::path(
    patch, path = "/api/v1/users/me", tag = "users", operation_id = "updateMe",
    request_body(content(
        (ref("#/components/schemas/ProfilePatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/ProfilePatch") = "application/json"),
    )),
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/UserEnvelope")),
        Malformed, Unauthorized, WrongCurrentPassword, EmailTaken, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn update(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(update): Body<UpdateProfile>,
) -> Result<Response, ApiError> {
    let user = app.accounts.update_profile(&caller.user, update, caller.actor(&origin)).await?;
    Ok(personal(&Profile::of(&user)))
}

/// Deletes your account, all sessions, API tokens and private recipes. Public recipes stay and belong to everybody.
#[utoipa::path(
    delete, path = "/api/v1/users/me", tag = "users", operation_id = "deleteMe",
    request_body(content = ref("#/components/schemas/DeleteMe"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Gone, on disk"),
        Malformed, Unauthorized, WrongCurrentPassword, LastAdmin, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    State(app): State<App>,
    headers: HeaderMap,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(confirmation): Body<ConfirmDeletion>,
) -> Result<Response, ApiError> {
    app.accounts.delete(&caller.user, confirmation, caller.actor(&origin)).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::clear(&headers, &mut response);
    Ok(response)
}

/// Changes your password and ends all your other sessions, and your API tokens if you want that.
#[utoipa::path(
    put, path = "/api/v1/users/me/password", tag = "users", operation_id = "changePassword",
    request_body(content = ref("#/components/schemas/ChangePassword"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Changed, on disk; the other sessions have ended"),
        Malformed, Unauthorized, WrongCurrentPassword, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn change_password(
    State(app): State<App>,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    Body(change): Body<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    app.accounts.change_password(&caller.user, change, caller.actor(&origin)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A user as the user sees himself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile<'a> {
    id: i64,
    name: &'a str,
    email: &'a str,
    email_verified: bool,
    role: &'a str,
    created_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
}

impl<'a> Profile<'a> {
    pub(super) fn of(user: &'a User) -> Self {
        Self {
            id: user.id.get(),
            name: user.name.as_str(),
            email: user.email.as_str(),
            email_verified: user.email_verified,
            role: user.role.as_str(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
