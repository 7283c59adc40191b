//! Users, as administrators see them.

use accounts::{Role, User};
use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use ids::UserId;
use jiff::Timestamp;
use serde::Serialize;
use store::{Access, UserFilter};

use super::super::{
    answers::{
        AdminRequired, LastAdmin, Malformed, NotAcceptable, RateLimited, UnacceptableBody, Unauthorized,
        Unavailable, UserDisabled, UserNotFound,
    },
    links::on_its_way,
    pages::Wanted,
    parameters::{PageQuery, UserInPath, UserQuery},
    path::InPath,
    personal::personal,
};
use crate::app::App;
use crate::auth::caller::Admin;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::query::{Count, NoQuery};
use crate::use_cases::accounts::{ChangeUser, Origin};

/// Lists users in the order of their ids, a page at a time.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "admin", operation_id = "listUsers",
    params(PageQuery, UserQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of users", body = ref("#/components/schemas/AdminUserPage"), headers(
            ("link" = String, description = "Where the next page is (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(State(app): State<App>, _: Admin, uri: Uri, count: Count) -> Result<Response, ApiError> {
    let wanted = Wanted::of("/api/v1/admin/users", &uri, &["q", "role", "disabled"])?;
    let query = &wanted.query;
    let malformed = |message: &'static str| ApiError::Malformed(message.into());
    let role = query.get("role").map(|text| Role::parse(text).ok_or(malformed("role must be user or admin")));
    let access = query.get("disabled").map(|text| match text {
        "true" => Ok(Access::Disabled),
        "false" => Ok(Access::Enabled),
        _ => Err(malformed("disabled must be true or false")),
    });
    let text = query.get("q").filter(|text| !text.is_empty()).map(str::to_owned);
    // No name and no address is longer, and SQLite does not search for what is much longer.
    if text.as_ref().is_some_and(|text| text.chars().count() > 254) {
        return Err(malformed("q must be at most 254 characters"));
    }
    let filter = UserFilter { text, role: role.transpose()?, access: access.transpose()? };
    let total = count.of(app.store.count_users(filter.clone())).await?;
    let users = app.store.users(filter, wanted.page).await?;
    wanted.answer(&users, total, UserView::of)
}

/// Reads one user.
#[utoipa::path(
    get, path = "/api/v1/admin/users/{id}", tag = "admin", operation_id = "readUser",
    params(UserInPath),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The user", body = ref("#/components/schemas/AdminUserEnvelope")),
        Malformed, Unauthorized, AdminRequired, UserNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn read(
    State(app): State<App>,
    _: Admin,
    InPath(id): InPath<UserId>,
    _: NoQuery,
) -> Result<Response, ApiError> {
    let user = app.store.user(id).await?.ok_or(ApiError::UserNotFound)?;
    Ok(personal(&UserView::of(&user)))
}

/// Disables or enables a user, or changes the role. Disabling ends all sessions and API tokens.
#[utoipa::path(
    patch, path = "/api/v1/admin/users/{id}", tag = "admin", operation_id = "updateUser",
    params(UserInPath),
    request_body(content(
        (ref("#/components/schemas/AdminUserPatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/AdminUserPatch") = "application/json"),
    )),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/AdminUserEnvelope")),
        Malformed, Unauthorized, AdminRequired, UserNotFound, LastAdmin, UnacceptableBody, NotAcceptable, Unavailable,
    )
)]
pub async fn update(
    State(app): State<App>,
    Admin(caller): Admin,
    InPath(id): InPath<UserId>,
    origin: Origin,
    Body(change): Body<ChangeUser>,
) -> Result<Response, ApiError> {
    let user = app.accounts.administer(id, change, caller.actor(&origin)).await?;
    Ok(personal(&UserView::of(&user)))
}

/// Ends all sessions of a user, and all API tokens.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}/sessions", tag = "admin", operation_id = "endUserSessions",
    params(UserInPath),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Ended, on disk"),
        Malformed, Unauthorized, AdminRequired, UserNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn end_sessions(
    State(app): State<App>,
    Admin(caller): Admin,
    InPath(id): InPath<UserId>,
    origin: Origin,
) -> Result<StatusCode, ApiError> {
    app.accounts.log_out_user(id, caller.actor(&origin)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the user a mail to choose a new password.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/password-reset", tag = "admin", operation_id = "sendUserPasswordReset",
    params(UserInPath),
    security(("bearer" = [])),
    responses(
        (status = 202, description = "On its way", body = ref("#/components/schemas/OnItsWay")),
        Malformed, Unauthorized, AdminRequired, UserNotFound, UserDisabled, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn send_password_reset(
    State(app): State<App>,
    Admin(caller): Admin,
    InPath(id): InPath<UserId>,
    origin: Origin,
) -> Result<Response, ApiError> {
    app.accounts.send_password_reset(id, caller.actor(&origin)).await?;
    Ok(on_its_way("A mail is on its way to the user"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserView {
    id: UserId,
    name: accounts::Name,
    email: accounts::Email,
    email_verified: bool,
    role: Role,
    disabled: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl UserView {
    fn of(user: &User) -> Self {
        let User { id, name, email, email_verified, role, disabled, created_at, updated_at } = user.clone();
        Self { id, name, email, email_verified, role, disabled, created_at, updated_at }
    }
}
