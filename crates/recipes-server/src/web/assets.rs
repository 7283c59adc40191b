//! The files that pages load: stylesheet, script, icons. They are in the binary.
//!
//! The name of a file contains a digest of it, so browsers may keep it for ever, and never use one of another version.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header};

use crate::http::error::RequestError;
use crate::http::static_body::StaticBody;

/// A file under `/-`.
struct Asset {
    name: String,
    media_type: &'static str,
    body: StaticBody,
}

impl Asset {
    fn new(stem: &str, extension: &str, media_type: &'static str, text: &'static [u8]) -> Self {
        let digest = URL_SAFE_NO_PAD.encode(&digest(&SHA256, text).as_ref()[..9]);
        Self { name: format!("{stem}.{digest}.{extension}"), media_type, body: StaticBody::new(text) }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "css", "text/css; charset=utf-8", include_bytes!("../../templates/pages.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("pages", "js", "text/javascript; charset=utf-8", include_bytes!("../../templates/pages.js"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../../templates/icon.svg")));

/// The name of the stylesheet under `/-`.
pub fn style() -> &'static str {
    &STYLE.name
}

/// The name of the script.
pub fn script() -> &'static str {
    &SCRIPT.name
}

/// The name of the icon.
pub fn icon() -> &'static str {
    &ICON.name
}

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The asset with this name.
pub(super) fn respond(name: &str) -> Response {
    let assets = [&*STYLE, &*SCRIPT, &*ICON];
    let Some(asset) = assets.into_iter().find(|asset| asset.name == name) else {
        return RequestError::NoSuchRoute.into_response();
    };
    let mut response = asset.body.response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(header::CACHE_CONTROL, FOR_EVER);
    response
}
