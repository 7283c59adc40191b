//! Invitations, for administrators.

use accounts::{Email, Invitation};
use axum::response::Response;
use http::{StatusCode, Uri};
use ids::{InvitationId, UserId};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::super::{
    documented_errors::{
        AdminRequired, InvitationNotFound, Malformed, NoInvitation, NotAcceptable, RateLimited,
        UnacceptableBody, Unauthorized, Unavailable,
    },
    list::ListRequest,
    once::once,
    parameters::{IdempotencyKeyHeader, PageQuery, UuidInPath},
    path::PathId,
};
use crate::app::App;
use crate::auth::requirements::Admin;
use crate::http::body::{ParseFields, fields::Fields};
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::Count;
use crate::http::repeatable::{Answer, RepeatableBody};
use crate::use_cases::accounts::{ClientInfo, CreatedInvitation, InviteUser};

/// Lists the open invitations in pages, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/invitations", tag = "admin", operation_id = "listInvitations",
    params(PageQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of open invitations", body = ref("#/components/schemas/InvitationPage"), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, _: Admin, uri: Uri, count: Count) -> Result<Response, Report> {
    let request = ListRequest::parse("/api/v1/admin/invitations", &uri, &[])?;
    let total = count.of(app.accounts().count_invitations()).await?;
    let invitations = app.accounts().invitations(request.page).await?;
    request.respond(invitations.rows.iter().map(InvitationView::of), invitations.next, total)
}

/// Creates an invitation for one e-mail address, which gets it by mail, or for the holder of its link.
///
/// Token and link are shown once.
#[utoipa::path(
    post, path = "/api/v1/admin/invitations", tag = "admin", operation_id = "createInvitation",
    params(IdempotencyKeyHeader),
    request_body(content = ref("#/components/schemas/NewInvitation"), content_type = "application/json"),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Created, on disk", body = ref("#/components/schemas/CreatedInvitation"), headers(
            ("location" = String, description = "The address of the invitation"))),
        Malformed, Unauthorized, AdminRequired, NoInvitation, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    client: ClientInfo,
    RepeatableBody(key, command): RepeatableBody<InviteUser>,
) -> Result<Response, Report> {
    #[derive(Serialize)]
    struct Created<'a> {
        #[serde(flatten)]
        about: InvitationView<'a>,
        token: &'a str,
        link: &'a str,
        mailed: bool,
    }
    let answer = |created: &CreatedInvitation| {
        let CreatedInvitation { invitation, token, link, mailed } = created;
        let about = InvitationView::of(invitation);
        let data = Created { about, token: token.expose_secret(), link, mailed: *mailed };
        Answer::created(&format!("/api/v1/admin/invitations/{}", invitation.id), &data)
    };
    once(&app, actor, key, answer, |once| app.accounts().invite(command, actor, client.language, once)).await
}

/// Revokes an open invitation.
#[utoipa::path(
    delete, path = "/api/v1/admin/invitations/{id}", tag = "admin", operation_id = "revokeInvitation",
    params(UuidInPath),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Revoked, on disk"),
        Malformed, Unauthorized, AdminRequired, InvitationNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn revoke(
    JsonApi(app): JsonApi<App>,
    Admin(actor): Admin,
    PathId(id): PathId<InvitationId>,
) -> Result<StatusCode, Report> {
    app.accounts().revoke_invitation(id, actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ParseFields for InviteUser {
    const FIELDS: &'static [&'static str] = &["email"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.stated("email", Email::parse) })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationView<'a> {
    id: InvitationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserId>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl<'a> InvitationView<'a> {
    pub(crate) fn of(invitation: &'a Invitation) -> Self {
        let Invitation { id, ref email, created_by, created_at, expires_at } = *invitation;
        Self { id, email: email.as_ref(), created_by, created_at, expires_at }
    }

    /// For the export of the administrator that created it, without the data of the invited user.
    pub(in crate::api) fn for_creator(invitation: &'a Invitation) -> Self {
        Self { email: None, ..Self::of(invitation) }
    }
}
