//! The page that shows the document: Swagger UI, with a header and a look of its own. It works offline.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa_swagger_ui::Config;

use crate::app::App;
use crate::http::error::RequestError;
use crate::http::static_body::StaticFiles;

const INDEX: &str = include_str!("index.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page may load from and call this server only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `/docs/` and the files of the page.
pub(super) fn routes() -> Router<App> {
    let index = || async { file("text/html; charset=utf-8", INDEX) };
    Router::new()
        .route("/docs", get(|| async { (StatusCode::SEE_OTHER, [(header::LOCATION, "/docs/")]) }))
        .route("/docs/", get(index))
        .route("/docs/{file}", get(asset))
        .layer(map_response(with_policy))
        .layer(from_fn_with_state(StaticFiles::default(), StaticFiles::share))
}

async fn asset(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "page.css" => file("text/css", STYLE),
        "page.js" => file("text/javascript", SCRIPT),
        "swagger-ui.css" | "swagger-ui-bundle.js" => vendored(&name),
        _ => RequestError::NoSuchRoute.into_response(),
    }
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// A file of Swagger UI, which is in the binary.
fn vendored(name: &str) -> Response {
    let Ok(Some(found)) = utoipa_swagger_ui::serve(name, Arc::new(Config::default())) else {
        return RequestError::NoSuchRoute.into_response();
    };
    let mut headers = HeaderMap::new();
    if let Ok(content_type) = HeaderValue::try_from(found.content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    if found.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (headers, found.bytes.into_owned()).into_response()
}

async fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}
