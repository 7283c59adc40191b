//! The account of the caller: read, change, delete.

use accounts::{Email, Name, User};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde::Serialize;

use super::{
    documented_errors::{
        EmailTaken, LastAdmin, Malformed, NotAcceptable, RateLimited, UnacceptableBody, Unauthorized,
        Unavailable, WithoutScope, WrongCurrentPassword,
    },
    responses::data,
};
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::{ApiTokens, ChangePassword, ClientInfo, NewEmail, UpdateProfile};

/// Reads your account.
#[utoipa::path(
    get, path = "/api/v1/users/me", tag = "users", operation_id = "readMe",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your account", body = ref("#/components/schemas/MeEnvelope")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn read(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<Response, Report> {
    Ok(data(&Me::of(&app, &me.user).await?))
}

/// Changes your name or e-mail address. A new address requires the password.
#[utoipa::path(
    patch, path = "/api/v1/users/me", tag = "users", operation_id = "updateMe",
    request_body(content(
        (ref("#/components/schemas/ProfilePatch") = "application/merge-patch+json"),
        (ref("#/components/schemas/ProfilePatch") = "application/json"),
    )),
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Changed, on disk", body = ref("#/components/schemas/MeEnvelope")),
        Malformed, Unauthorized, WrongCurrentPassword, EmailTaken, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn update(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    client: ClientInfo,
    Body(update): Body<UpdateProfile>,
) -> Result<Response, Report> {
    let user = app.accounts().update_profile(&me.user, update, me.actor, client.language).await?;
    Ok(data(&Me::of(&app, &user).await?))
}

/// Deletes your account, sessions, API tokens and private recipes. Your public recipes stay, without an owner.
#[utoipa::path(
    delete, path = "/api/v1/users/me", tag = "users", operation_id = "deleteMe",
    request_body(content = ref("#/components/schemas/DeleteMe"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "Deleted, on disk"),
        (status = 202, description = "The account has ended; its recipes are many, and are deleted in the background"),
        Malformed, Unauthorized, WrongCurrentPassword, LastAdmin, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn delete(
    JsonApi(app): JsonApi<App>,
    headers: HeaderMap,
    me: AccountOwner,
    Body(DeleteMe { password }): Body<DeleteMe>,
) -> Result<Response, Report> {
    let complete = app.accounts().delete(&me.user, password, me.actor).await?;
    let status = if complete { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED };
    let mut response = status.into_response();
    app.cookies().clear(&headers, &mut response);
    Ok(response)
}

/// Changes your password and ends all your other sessions, and on request your API tokens.
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
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    Body(change): Body<ChangePassword>,
) -> Result<StatusCode, Report> {
    app.accounts().change_password(&me.user, change, me.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ParseFields for UpdateProfile {
    const FIELDS: &'static [&'static str] = &["name", "email", "password"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.optional("name", Name::parse);
        let email = fields.optional("email", Email::parse);
        let email = email.and_then(|email| {
            let password = match fields.get("password") {
                None => fields.invalid("password", "is required to change the e-mail: your current password"),
                Some(_) => fields.secret("password"),
            };
            Some(NewEmail { email, password: password? })
        });
        Some(Self { name, email })
    }
}

impl ParseFields for ChangePassword {
    const FIELDS: &'static [&'static str] = &["currentPassword", "newPassword", "endApiTokens"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let (current, new) = (fields.secret("currentPassword"), fields.secret("newPassword"));
        let api_tokens = match fields.flag("endApiTokens") {
            Some(true) => ApiTokens::Revoked,
            _ => ApiTokens::Kept,
        };
        Some(Self { current: current?, new: new?, api_tokens })
    }
}

/// The body that confirms the deletion of an account.
pub struct DeleteMe {
    password: SecretString,
}

impl ParseFields for DeleteMe {
    const FIELDS: &'static [&'static str] = &["password"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { password: fields.secret("password")? })
    }
}

/// The user's own account, with what the user has and may have.
#[derive(Serialize)]
struct Me<'a> {
    #[serde(flatten)]
    profile: Profile<'a>,
    quota: QuotaView,
}

#[derive(Serialize)]
struct QuotaView {
    recipes: Used,
    bytes: Used,
}

#[derive(Serialize)]
struct Used {
    used: u64,
    /// `null`: there is none.
    limit: Option<u64>,
}

impl<'a> Me<'a> {
    async fn of(app: &App, user: &'a User) -> Result<Self, Report> {
        let (usage, quotas) = app.recipes().usage(user).await?;
        let quota = QuotaView {
            recipes: Used { used: usage.recipes, limit: quotas.recipes.0 },
            bytes: Used { used: usage.bytes, limit: quotas.bytes.0 },
        };
        Ok(Self { profile: Profile::of(user), quota })
    }
}

/// A user, as the user sees it.
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
