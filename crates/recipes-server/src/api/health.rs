//! For those who look after the service: is it alive, can it do its work?

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;

use super::answers::Unavailable;
use crate::app::App;
use crate::http::error::ApiError;

/// The process answers.
#[utoipa::path(
    get, path = "/healthz", tag = "health", operation_id = "health",
    responses((status = 200, description = "Alive", body = ref("#/components/schemas/Health")))
)]
pub async fn alive() -> Response {
    ok()
}

/// The store can be read and written.
#[utoipa::path(
    get, path = "/readyz", tag = "health", operation_id = "readiness",
    responses((status = 200, description = "Ready to serve", body = ref("#/components/schemas/Health")), Unavailable)
)]
pub async fn ready(State(app): State<App>) -> Result<Response, ApiError> {
    app.store.ready().await?;
    Ok(ok())
}

fn ok() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, r#"{"status":"ok"}"#).into_response()
}
