//! The audit log, for administrators.

use std::net::IpAddr;

use accounts::audit::{Actor, Entry, Event, Filter};
use axum::response::Response;
use http::Uri;
use ids::{SessionId, UserId};
use jiff::Timestamp;
use serde::Serialize;

use super::super::{
    documented_errors::{AdminRequired, Malformed, NotAcceptable, Unauthorized, Unavailable},
    list::ListRequest,
    parameters::{AuditQuery, PageQuery},
};
use crate::app::App;
use crate::auth::requirements::Admin;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::{Count, Query, did_you_mean};

/// Lists the events of accounts in pages, the newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "admin", operation_id = "listAuditLog",
    params(PageQuery, AuditQuery),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "A page of the audit log", body = ref("#/components/schemas/AuditPage"), headers(
            ("link" = String, description = "The address of the next page (`rel=\"next\"`), if there is one"))),
        Malformed, Unauthorized, AdminRequired, NotAcceptable, Unavailable,
    )
)]
pub async fn list(JsonApi(app): JsonApi<App>, _: Admin, uri: Uri, count: Count) -> Result<Response, Report> {
    let filters = ["event", "subject", "actor", "since", "until"];
    let request = ListRequest::parse("/api/v1/admin/audit", &uri, &filters)?;
    let query = &request.query;
    let filter = Filter {
        event: query.get("event").map(event).transpose()?,
        subject: user(query, "subject")?,
        actor: user(query, "actor")?,
        since: query.time("since")?,
        until: query.time("until")?,
    };
    let total = count.of(app.accounts().count_audit_log(filter)).await?;
    let entries = app.accounts().audit_log(filter, request.page).await?;
    request.respond(entries.rows.into_iter().map(EntryView::of), entries.next, total)
}

fn event(name: &str) -> Result<Event, RequestError> {
    let known = Event::ALL.iter().copied().find(|event| event.name() == name);
    known.ok_or_else(|| {
        let names: Vec<_> = Event::ALL.iter().map(|event| event.name()).collect();
        let hint = did_you_mean(name, &names);
        RequestError::Malformed(format!("event is not a known event; {hint}").into())
    })
}

fn user(query: &Query<'_>, name: &str) -> Result<Option<UserId>, RequestError> {
    let malformed = || RequestError::Malformed(format!("{name} must be the id of a user").into());
    query.get(name).map(|text| UserId::parse(text).ok_or_else(malformed)).transpose()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
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
    pub(crate) fn of(entry: Entry) -> Self {
        let Entry { id, at, event, subject, actor, detail } = entry;
        let Actor { user: actor, session, address, .. } = actor;
        Self { id, at, event, subject, actor, session, address, detail }
    }
}
