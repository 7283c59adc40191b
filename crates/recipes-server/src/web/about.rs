//! The page about the service, and the files by which browsers install it as an application.

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, header};
use serde_json::json;

use super::assets;
use super::frame::{Frame, page};
use super::languages::{Language, Text};
use super::visitor::Visitor;
use crate::app::App;
use crate::http::error::Report;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    version: &'static str,
}

pub(super) async fn about(visitor: Visitor) -> Result<Response, Report> {
    page(&AboutPage { f: &visitor.frame, t: visitor.frame.text(), version: env!("CARGO_PKG_VERSION") })
}

const DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

pub(super) async fn manifest(State(app): State<App>, headers: HeaderMap) -> Response {
    let (base, t) = (app.base_path(), Language::of_request(&headers).text());
    let manifest = json!({
        "name": t.site,
        "short_name": t.site,
        "start_url": format!("{base}/"),
        "scope": format!("{base}/"),
        "display": "standalone",
        "background_color": "#f6f3ee",
        "theme_color": "#0b6b4f",
        "icons": [{ "src": format!("{base}/-/{}", assets::icon()), "type": "image/svg+xml", "sizes": "any" }],
        "shortcuts": [{ "name": t.new_recipe, "url": format!("{base}/recipes/new") }],
    });
    let media_type = HeaderValue::from_static("application/manifest+json");
    let vary = HeaderValue::from_static("accept-language, cookie");
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, DAY), (header::VARY, vary)];
    (headers, Json(manifest)).into_response()
}

/// The service worker. Its address stays the same, and a new version of the service must be seen at once.
pub(super) async fn service_worker(State(app): State<App>) -> Response {
    #[derive(Template)]
    #[template(path = "sw.js", escape = "none")]
    struct ServiceWorker<'a> {
        base: &'a str,
        style: &'static str,
        script: &'static str,
    }
    let worker = ServiceWorker { base: app.base_path(), style: assets::style(), script: assets::script() };
    let Ok(script) = worker.render() else { return Report::internal("the service worker").into_response() };
    let media_type = HeaderValue::from_static("text/javascript; charset=utf-8");
    let headers =
        [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    (headers, script).into_response()
}
