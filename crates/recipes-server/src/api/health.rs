//! Health checks for load balancers and monitoring.

use axum::{
    body::Body,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::header;
use store::BackupOutcome;

use super::documented_errors::Unavailable;
use crate::app::App;
use crate::http::error::Report;
use crate::http::stack::Draining;

/// Answers as long as the process runs.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "health",
    responses((status = 200, description = "The process runs", body = ref("#/components/schemas/Health")))
)]
pub async fn alive() -> Response {
    ok()
}

/// Checks that the store can be read and written, and that the service is not about to end.
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
    app.health().ready().await.map_err(Report::not_ready)?;
    let last_backup = app.health().last_backup().await.map_err(Report::not_ready)?;
    Ok(match last_backup {
        None => ok(),
        Some(BackupOutcome { at, is_good }) => {
            response(format!(r#"{{"status":"ok","lastBackup":{{"at":"{at}","verified":{is_good}}}}}"#))
        }
    })
}

fn ok() -> Response {
    response(r#"{"status":"ok"}"#)
}

fn response(body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}
