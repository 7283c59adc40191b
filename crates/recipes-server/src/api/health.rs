//! Health checks for load balancers and monitoring.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::header;
use jiff::Timestamp;
use serde::Serialize;
use store::BackupOutcome;

use super::documented_errors::Unavailable;
use crate::app::App;
use crate::http::error::Report;
use crate::http::stack::Draining;
use crate::jobs::search_index::IndexStatus;

/// The maximum delay of the search index. Beyond it the results are outdated, and a load balancer should choose another server.
const LONGEST_BEHIND: Duration = Duration::from_mins(1);

/// Answers as long as the process runs.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "health",
    responses((status = 200, description = "The process runs", body = ref("#/components/schemas/Health")))
)]
pub async fn alive() -> Response {
    ok()
}

/// Checks that the store can be read and written, that the search index follows it, and that the service is not about to end.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "readiness",
    responses((status = 200, description = "Ready for requests", body = ref("#/components/schemas/Health")), Unavailable)
)]
pub async fn ready(
    State(app): State<App>,
    draining: Option<Extension<Draining>>,
) -> Result<Response, Report> {
    if draining.is_some() {
        return Err(Report::draining());
    }
    let health = app.health();
    health.ready().await.map_err(Report::not_ready)?;
    let last_backup = health.last_backup().await.map_err(Report::not_ready)?;
    let search = health.search();
    if let Some(IndexStatus { building: None, behind }) = search
        && behind > LONGEST_BEHIND
    {
        return Err(Report::search_index_behind(behind));
    }
    let ready = Ready {
        status: "ok",
        last_backup: last_backup.map(|BackupOutcome { at, is_good }| LastBackup { at, verified: is_good }),
        search: search.and_then(|status| status.building).map(|(indexed, total)| Building {
            status: "building",
            indexed,
            total,
        }),
    };
    Ok(response(serde_json::to_vec(&ready).map_err(Report::internal)?))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_backup: Option<LastBackup>,
    /// Everything else works meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Building>,
}

#[derive(Serialize)]
struct LastBackup {
    at: Timestamp,
    verified: bool,
}

#[derive(Serialize)]
struct Building {
    status: &'static str,
    indexed: u64,
    total: u64,
}

fn ok() -> Response {
    response(r#"{"status":"ok"}"#)
}

fn response(body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}
