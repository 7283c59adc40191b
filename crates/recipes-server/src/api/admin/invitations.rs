//! Invitations, as administrators see them.

use accounts::{Email, Invitation};
use axum::{extract::State, response::Response};
use http::{StatusCode, Uri};
use ids::{InvitationId, UserId};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use store::Context;

use super::super::{
    answers::{
        AdminRequired, InvitationNotFound, Malformed, NoInvitation, NotAcceptable, RateLimited,
        UnacceptableBody, Unauthorized, Unavailable,
    },
    pages::Wanted,
    parameters::{PageQuery, UuidInPath},
    path::InPath,
    personal::created,
};
use crate::app::App;
use crate::auth::caller::Admin;
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::query::Count;
use crate::use_cases::accounts::{Invite, Invited, Origin};

/// Lists the invitations that can still be used, the oldest first, a page at a time.
#[utoipa::path(
    get, path = "/api/v1/admin/invitations", tag = "admin", operation_id = "listInvitations",
    params(PageQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of open invitations", body = ref("#/components/schemas/InvitationPage"), headers(
            ("link" = String, description = "Where the next page is (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(State(app): State<App>, _: Admin, uri: Uri, count: Count) -> Result<Response, ApiError> {
    let wanted = Wanted::of("/api/v1/admin/invitations", &uri, &[])?;
    let now = app.clock.now();
    let total = count.of(app.store.count_invitations(now)).await?;
    let invitations = app.store.invitations(wanted.page, now).await?;
    wanted.answer(&invitations, total, InvitationView::of)
}

/// Invites somebody: whoever has the link, or only this e-mail, which gets it by mail. It is shown this once.
#[utoipa::path(
    post, path = "/api/v1/admin/invitations", tag = "admin", operation_id = "createInvitation",
    request_body(content = ref("#/components/schemas/NewInvitation"), content_type = "application/json"),
    security(("bearer" = [])),
    responses(
        (status = 201, description = "Made, on disk", body = ref("#/components/schemas/CreatedInvitation"), headers(
            ("location" = String, description = "Where to revoke it"))),
        Malformed, Unauthorized, AdminRequired, NoInvitation, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    origin: Origin,
    Body(invite): Body<Invite>,
) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    struct Created<'a> {
        #[serde(flatten)]
        about: InvitationView<'a>,
        token: &'a str,
        link: &'a str,
        mailed: bool,
    }
    let Invited { invitation, token, link, mailed } =
        app.accounts.invite(invite, caller.actor(&origin)).await?;
    let about = InvitationView::of(&invitation);
    let data = Created { about, token: token.expose_secret(), link: &link, mailed };
    created(&format!("/api/v1/admin/invitations/{}", invitation.id), &data)
}

/// Revokes an invitation that nobody has used.
#[utoipa::path(
    delete, path = "/api/v1/admin/invitations/{id}", tag = "admin", operation_id = "revokeInvitation",
    params(UuidInPath),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Gone, on disk"),
        Malformed, Unauthorized, AdminRequired, InvitationNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn revoke(
    State(app): State<App>,
    Admin(caller): Admin,
    InPath(id): InPath<InvitationId>,
    origin: Origin,
) -> Result<StatusCode, ApiError> {
    let context = Context { actor: caller.actor(&origin), now: app.clock.now() };
    if !app.store.revoke_invitation(id, context).await? {
        return Err(ApiError::InvitationNotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct InvitationView<'a> {
    id: InvitationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<UserId>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl<'a> InvitationView<'a> {
    pub(in crate::api) fn of(invitation: &'a Invitation) -> Self {
        let Invitation { id, ref email, created_by, created_at, expires_at } = *invitation;
        Self { id, email: email.as_ref(), created_by, created_at, expires_at }
    }

    /// Without what it says about others.
    pub(in crate::api) fn for_its_maker(invitation: &'a Invitation) -> Self {
        Self { email: None, ..Self::of(invitation) }
    }
}
