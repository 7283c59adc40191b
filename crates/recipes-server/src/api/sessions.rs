//! Sessions, as their owner sees them.

use std::net::IpAddr;

use accounts::Session;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use ids::SessionId;
use jiff::Timestamp;
use serde::Serialize;
use store::Context;
use tower_passport::Scoped;

use super::{
    answers::{Malformed, NotAcceptable, SessionNotFound, Unauthorized, Unavailable, WithoutScope},
    parameters::UuidInPath,
    path::InPath,
    personal::personal,
};
use crate::app::App;
use crate::auth::caller::{Guard, ManageAccount};
use crate::http::cookies;
use crate::http::error::ApiError;
use crate::http::query::NoQuery;
use crate::use_cases::accounts::Origin;

/// Lists your sessions, the last used first.
#[utoipa::path(
    get, path = "/api/v1/users/me/sessions", tag = "users", operation_id = "listSessions",
    security(("bearer" = ["account"])),
    responses(
        (status = 200, description = "Where you are logged in", body = ref("#/components/schemas/SessionList")),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn list(
    State(app): State<App>,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    _: NoQuery,
) -> Result<Response, ApiError> {
    let limits = app.accounts.settings.sessions;
    let sessions = app.store.sessions(caller.user.id, limits, app.clock.now()).await?;
    let current = caller.session_if_any();
    let sessions: Vec<_> = sessions.iter().map(|session| SessionView::of(session, current)).collect();
    Ok(personal(&sessions))
}

/// Ends one of your sessions, from wherever you are.
#[utoipa::path(
    delete, path = "/api/v1/users/me/sessions/{id}", tag = "users", operation_id = "endSession",
    params(UuidInPath),
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "It has ended, and its tokens with it"),
        Malformed, Unauthorized, WithoutScope, SessionNotFound, NotAcceptable, Unavailable,
    )
)]
pub async fn end(
    State(app): State<App>,
    headers: HeaderMap,
    origin: Origin,
    Scoped(caller, ..): Scoped<Guard, ManageAccount>,
    InPath(id): InPath<SessionId>,
) -> Result<Response, ApiError> {
    let user = caller.user.id;
    let context = Context { actor: caller.actor(&origin), now: app.clock.now() };
    if !app.store.end_session(user, id, context).await? {
        return Err(ApiError::SessionNotFound);
    }
    tracing::info!(user.id = %user, session.id = %id, "User {user} ended a session");
    let mut response = StatusCode::NO_CONTENT.into_response();
    if caller.session_if_any() == Some(id) {
        cookies::clear(&headers, &mut response);
    }
    Ok(response)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionView<'a> {
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
    pub(super) fn of(session: &'a Session, current: Option<SessionId>) -> Self {
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
