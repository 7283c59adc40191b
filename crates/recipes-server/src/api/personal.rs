//! Answers about somebody, which nobody keeps.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::error::ApiError;

pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

pub(super) fn personal(data: &impl Serialize) -> Response {
    // Longer than most, so that it does not grow.
    let mut body = Vec::with_capacity(512);
    if let Err(error) = serde_json::to_writer(&mut body, &Envelope { data }) {
        return ApiError::internal(error).into_response();
    }
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// The answer to whoever has made something that is found there.
pub(super) fn created(location: &str, data: &impl Serialize) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(location).map_err(ApiError::internal)?;
    let headers = [(header::CACHE_CONTROL, NO_STORE), (header::LOCATION, location)];
    Ok((StatusCode::CREATED, headers, Json(Envelope { data })).into_response())
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    data: &'a T,
}
