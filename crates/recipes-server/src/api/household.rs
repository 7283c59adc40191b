//! The household of the caller, which shares a meal plan and a shopping list: `/api/v1/household`.

use accounts::TokenDigest;
use axum::response::Response;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::documented_errors::{
    AnswerLost, HouseholdFull, HouseholdNotFound, InvitationToHouseholdNotFound, KeyReused, Malformed,
    NotAcceptable, UnacceptableBody, Unauthorized, Unavailable, WithoutScope,
};
use super::once::once;
use super::parameters::IdempotencyKeyHeader;
use super::responses::data;
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::body::{ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;
use crate::http::repeatable::{Answer, Repeatable, RepeatableBody};
use crate::use_cases::planning::{CreatedInvitation, Household};

/// Lists the users who share your meal plan and your shopping list.
#[utoipa::path(
    get, path = "/api/v1/household", tag = "planning", operation_id = "getHousehold",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "The members; none before your first meal or item",
            body = ref("#/components/schemas/Household")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn read(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<Response, Report> {
    let household = app.planning().household(me.user.id).await?;
    Ok(data(&household_json(&household)))
}

/// Leaves the household. Its plan and its list stay with the other members; with the last one they are deleted.
#[utoipa::path(
    delete, path = "/api/v1/household", tag = "planning", operation_id = "leaveHousehold",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "You are not a member any more"),
        Malformed, Unauthorized, WithoutScope, HouseholdNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn leave(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<StatusCode, Report> {
    app.planning().leave(me.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a code with which one other user joins your household. A former code does not work any more.
#[utoipa::path(
    post, path = "/api/v1/household/invitation", tag = "planning", operation_id = "inviteToHousehold",
    params(IdempotencyKeyHeader),
    security(("bearer" = ["account"])),
    responses(
        (status = 201, description = "The code, which is shown once",
            body = ref("#/components/schemas/HouseholdInvitation"),
            headers(("location" = String, description = "The page on which the other user joins"))),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, AnswerLost, KeyReused, Unavailable,
    )
)]
pub async fn invite(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    _: NoQuery,
    Repeatable(key): Repeatable,
) -> Result<Response, Report> {
    let answer = |invitation: &CreatedInvitation| {
        let code = invitation.code.expose_secret();
        let path = format!("/household/join?code={code}");
        Answer::created(&path, &json!({ "code": code, "expiresAt": invitation.expires_at }))
    };
    once(&app, me.actor, key, answer, |once| app.planning().invite(me.actor, once)).await
}

/// Joins the household of another user. If you were alone before, your meals and items come along.
#[utoipa::path(
    post, path = "/api/v1/household/join", tag = "planning", operation_id = "joinHousehold",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/JoinHousehold"), content_type = "application/json"),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "You are a member"),
        Malformed, Unauthorized, WithoutScope, InvitationToHouseholdNotFound, HouseholdFull, UnacceptableBody,
        NotAcceptable, Unavailable,
    )
)]
pub async fn join(
    JsonApi(app): JsonApi<App>,
    me: AccountOwner,
    RepeatableBody(key, JoinHousehold(code)): RepeatableBody<JoinHousehold>,
) -> Result<Response, Report> {
    let join = |once| app.planning().join(code, me.actor, once);
    once(&app, me.actor, key, |(): &()| Ok(Answer::no_content()), join).await
}

pub(super) fn household_json(household: &Household) -> Value {
    let members = household.members.iter();
    let members = members.map(|it| json!({ "userId": it.user, "name": it.name, "joinedAt": it.joined_at }));
    let mut json = json!({ "members": members.collect::<Vec<_>>(), "hasCalendar": household.has_feed });
    if let Some(at) = household.invitation_expires_at {
        json["invitationExpiresAt"] = json!(at);
    }
    json
}

/// The code of an invitation.
pub struct JoinHousehold(TokenDigest);

impl ParseFields for JoinHousehold {
    const FIELDS: &'static [&'static str] = &["code"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.digest("code").map(Self)
    }
}
