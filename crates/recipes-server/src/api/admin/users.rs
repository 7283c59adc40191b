//! Users, for administrators.

use accounts::{Role, User};
use axum::response::Response;
use http::{StatusCode, Uri};
use ids::UserId;
use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    documented_errors::{
        AdminRequired, LastAdmin, Malformed, NotAcceptable, OwnAccount, RateLimited, UnacceptableBody,
        Unauthorized, Unavailable, UserDisabled, UserNotFound,
    },
    list::ListRequest,
    parameters::{MAX_SEARCH_TEXT, PageQuery, UserInPath, UserQuery},
    path::PathId,
    responses::{data, mail_requested},
};
use crate::app::App;
use crate::auth::requirements::Admin;
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{Count, NoQuery, Query};
use crate::use_cases::accounts::{Access, ClientInfo, UserChange, UserFilter};

/// Lists users in the order of their ids, a page at a time.
#[utoipa::path(
    get, path = "/api/v1/admin/users", tag = "admin", operation_id = "listUsers",
    params(PageQuery, UserQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of users", body = ref("#/components/schemas/AdminUserPage"), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, _: Admin, uri: Uri, count: Count) -> Result<Response, Report> {
    let request = ListRequest::parse("/api/v1/admin/users", &uri, &["q", "role", "disabled"])?;
    let filter = filter(&request.query)?;
    let total = count.of(app.accounts().count_users(filter.clone())).await?;
    let users = app.accounts().users(filter, request.page).await?;
    request.respond(users.rows.iter().map(UserView::of), users.next, total)
}

fn filter(query: &Query<'_>) -> Result<UserFilter, RequestError> {
    let malformed = |message: &'static str| RequestError::Malformed(message.into());
    let role = query
        .get("role")
        .map(|text| Role::parse(text).ok_or(malformed("role must be viewer, user or admin")));
    let access = query.get("disabled").map(|text| match text {
        "true" => Ok(Access::Disabled),
        "false" => Ok(Access::Enabled),
        _ => Err(malformed("disabled must be true or false")),
    });
    let text = query.get("q").filter(|text| !text.is_empty()).map(str::to_owned);
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_SEARCH_TEXT) {
        return Err(RequestError::Malformed(
            format!("q must be at most {MAX_SEARCH_TEXT} characters").into(),
        ));
    }
    Ok(UserFilter { text, role: role.transpose()?, access: access.transpose()? })
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
    JsonApi(app): JsonApi<App>,
    _: Admin,
    PathId(id): PathId<UserId>,
    _: NoQuery,
) -> Result<Response, Report> {
    Ok(data(&UserView::of(&app.accounts().user(id).await?)))
}

/// Disables or enables a user, or changes the role. Disabling a user ends all sessions and API tokens of the user.
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
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<UserId>,
    Body(change): Body<UserChange>,
) -> Result<Response, Report> {
    Ok(data(&UserView::of(&app.accounts().change_user(id, change, actor).await?)))
}

/// Deletes another user's account, sessions, API tokens and private recipes. The public recipes stay, without an owner.
///
/// Your own account is deleted with `DELETE /api/v1/users/me`, which asks for your password.
#[utoipa::path(
    delete, path = "/api/v1/admin/users/{id}", tag = "admin", operation_id = "deleteUser",
    params(UserInPath),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        (status = 202, description = "The account has ended; its recipes are many, and are deleted in the background"),
        Malformed, Unauthorized, AdminRequired, UserNotFound, OwnAccount, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<UserId>,
) -> Result<StatusCode, Report> {
    let complete = app.accounts().delete_user(id, actor).await?;
    Ok(if complete { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}

/// Ends all sessions and API tokens of a user.
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
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<UserId>,
) -> Result<StatusCode, Report> {
    app.accounts().end_sessions_of_user(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the user a mail to choose a new password.
#[utoipa::path(
    post, path = "/api/v1/admin/users/{id}/password-reset", tag = "admin", operation_id = "sendUserPasswordReset",
    params(UserInPath),
    security(("bearer" = [])),
    responses(
        (status = 202, description = "The mail will be sent", body = ref("#/components/schemas/OnItsWay")),
        Malformed, Unauthorized, AdminRequired, UserNotFound, UserDisabled, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn send_password_reset(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<UserId>,
    client: ClientInfo,
) -> Result<Response, Report> {
    app.accounts().send_password_reset(id, actor, client.language).await?;
    Ok(mail_requested(app.accounts(), "The mail will be sent to the user"))
}

impl ParseFields for UserChange {
    const FIELDS: &'static [&'static str] = &["disabled", "role"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let role = fields.optional("role", |text| Role::parse(text).ok_or("must be viewer, user or admin"));
        let disabled = fields.flag("disabled");
        let access = disabled.map(|disabled| if disabled { Access::Disabled } else { Access::Enabled });
        Some(Self { role, access })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserView {
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
    pub(crate) fn of(user: &User) -> Self {
        let User { id, name, email, email_verified, role, disabled, created_at, updated_at } = user.clone();
        Self { id, name, email, email_verified, role, disabled, created_at, updated_at }
    }
}
