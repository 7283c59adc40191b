//! The audit log, as administrators read it.

use std::net::IpAddr;

use accounts::{audit::Entry, audit::Event, audit::Filter};
use axum::{extract::State, response::Response};
use http::Uri;
use ids::{SessionId, UserId};
use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    answers::{AdminRequired, Malformed, NotAcceptable, Unauthorized, Unavailable},
    pages::Wanted,
    parameters::{AuditQuery, PageQuery},
};
use crate::app::App;
use crate::auth::caller::Admin;
use crate::http::error::ApiError;
use crate::http::query::{Count, Query, did_you_mean};

/// Lists what has happened to accounts, the newest first, a page at a time.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "admin", operation_id = "listAuditLog",
    params(PageQuery, AuditQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of the audit log", body = ref("#/components/schemas/AuditPage"), headers(
            ("link" = String, description = "Where the next page is (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(State(app): State<App>, _: Admin, uri: Uri, count: Count) -> Result<Response, ApiError> {
    let filters = ["event", "subject", "actor", "since", "until"];
    let wanted = Wanted::of("/api/v1/admin/audit", &uri, &filters)?;
    let query = &wanted.query;
    let filter = Filter {
        event: query.get("event").map(event).transpose()?,
        subject: user(query, "subject")?,
        actor: user(query, "actor")?,
        since: time(query, "since")?,
        until: time(query, "until")?,
    };
    let total = count.of(app.store.count_audit_log(filter)).await?;
    let entries = app.store.audit_log(filter, wanted.page).await?;
    wanted.answer(&entries, total, EntryView::of)
}

fn event(name: &str) -> Result<Event, ApiError> {
    let known = Event::ALL.iter().copied().find(|event| event.name() == name);
    known.ok_or_else(|| {
        let names: Vec<_> = Event::ALL.iter().map(|event| event.name()).collect();
        let names = did_you_mean(name, &names);
        ApiError::Malformed(format!("event is no event that there is; {names}").into())
    })
}

fn user(query: &Query<'_>, name: &str) -> Result<Option<UserId>, ApiError> {
    let malformed = || ApiError::Malformed(format!("{name} must be the id of a user").into());
    query.get(name).map(|text| UserId::parse(text).ok_or_else(malformed)).transpose()
}

fn time(query: &Query<'_>, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let example = "2030-01-31T12:00:00Z";
    let malformed =
        |_| ApiError::Malformed(format!("{name} must be a time of RFC 3339, as in {example}").into());
    query.get(name).map(|text| text.parse().map_err(malformed)).transpose()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct EntryView {
    id: i64,
    at: Timestamp,
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl EntryView {
    pub(in crate::api) fn of(entry: &Entry) -> Self {
        let Entry { id, at, event, subject, actor, detail } = entry.clone();
        Self {
            id,
            at,
            event,
            subject,
            actor: actor.user,
            session: actor.session,
            address: actor.address,
            detail,
        }
    }
}
