//! The sessions of a user.

use std::net::IpAddr;

use accounts::Session;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use ids::SessionId;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    documented_errors::{Malformed, NotAcceptable, SessionNotFound, Unauthorized, Unavailable, WithoutScope},
    parameters::UuidInPath,
    path::PathId,
    responses::data,
};
use crate::app::App;
use crate::auth::requirements::AccountOwner;
use crate::http::error::Report;
use crate::http::json_api::JsonApi;
use crate::http::query::NoQuery;

/// Lists your sessions, the last used first.
#[utoipa::path(
    get, path = "/api/v1/users/me/sessions", tag = "users", operation_id = "listSessions",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Your sessions", body = ref("#/components/schemas/SessionList")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, me: AccountOwner, _: NoQuery) -> Result<Response, Report> {
    let sessions = app.accounts().sessions(me.user.id).await?;
    let current = me.actor.session;
    let views: Vec<_> = sessions.iter().map(|session| SessionView::of(session, current)).collect();
    Ok(data(&views))
}

/// Ends one of your sessions, also one on another device.
#[utoipa::path(
    delete, path = "/api/v1/users/me/sessions/{id}", tag = "users", operation_id = "endSession",
    params(UuidInPath),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "The session and its tokens have ended"),
        Malformed, Unauthorized, WithoutScope, SessionNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn end(
    JsonApi(app): JsonApi<App>,
    headers: HeaderMap,
    me: AccountOwner,
    PathId(id): PathId<SessionId>,
) -> Result<Response, Report> {
    app.accounts().end_session(me.user.id, id, me.actor).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if me.actor.session == Some(id) {
        app.cookies().clear(&headers, &mut response);
    }
    Ok(response)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionView<'a> {
    id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    current: bool,
}

impl<'a> SessionView<'a> {
    pub(crate) fn of(session: &'a Session, current: Option<SessionId>) -> Self {
        Self {
            id: session.id,
            device: session.device.as_ref().map(accounts::Device::as_str),
            address: session.address,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            current: current == Some(session.id),
        }
    }
}
