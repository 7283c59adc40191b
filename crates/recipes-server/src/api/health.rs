//! Health checks for load balancers and monitoring.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;

use super::documented_errors::Unavailable;
use crate::app::App;
use crate::http::error::Report;

/// Answers as long as the process runs.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "health",
    responses((status = 200, description = "The process runs", body = ref("#/components/schemas/Health")))
)]
pub async fn alive() -> Response {
    ok()
}

/// Checks that the store can be read and written.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "readiness",
    responses((status = 200, description = "Ready for requests", body = ref("#/components/schemas/Health")), Unavailable)
)]
pub async fn ready(State(app): State<App>) -> Result<Response, Report> {
    app.health().ready().await.map_err(Report::not_ready)?;
    Ok(ok())
}

fn ok() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, r#"{"status":"ok"}"#).into_response()
}
