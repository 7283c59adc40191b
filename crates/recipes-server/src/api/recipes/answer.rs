//! A recipe on its way out.

use std::time::SystemTime;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use headers::HeaderMapExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use store::Stored;

use crate::http::conditional::{self, Conditions, ETag};

/// What is answered of one revision of a recipe, written once for all who ask for it at the same time.
#[derive(Clone)]
pub struct RecipeAnswer {
    etag: ETag,
    changed: SystemTime,
    /// All of them, as a copy of a map costs half of filling one.
    headers: HeaderMap,
    body: Bytes,
}

impl RecipeAnswer {
    /// Answers above this are made anew each time: a thousand of them may be kept, and should be some six
    /// megabytes.
    const KEPT_BYTES: usize = 4 << 10;

    pub(super) fn of(stored: &Stored) -> Self {
        let mut body = Vec::with_capacity(stored.json_len() + 9);
        body.extend_from_slice(b"{\"data\":");
        stored.write_json(&mut body);
        body.push(b'}');
        let etag = ETag::json(stored.id, stored.revision);
        let mut headers = headers();
        headers.insert(header::ETAG, etag.to_header());
        headers.typed_insert(conditional::last_modified(stored.updated_at));
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        Self { etag, changed: conditional::system_time(stored.updated_at), headers, body: body.into() }
    }

    pub(super) fn is_worth_keeping(&self) -> bool {
        self.body.len() <= Self::KEPT_BYTES
    }

    pub(super) fn whole(self, status: StatusCode) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = status;
        *response.headers_mut() = self.headers;
        response
    }

    /// The whole, or 304 for those who have it.
    pub(super) fn unless_known(mut self, conditions: &Conditions) -> Response {
        if !conditional::is_fresh(conditions, self.etag, self.changed) {
            return self.whole(StatusCode::OK);
        }
        self.headers.remove(header::CONTENT_TYPE);
        self.headers.remove(header::CONTENT_LENGTH);
        self.body.clear();
        self.whole(StatusCode::NOT_MODIFIED)
    }
}

/// Private recipes make every answer personal; the `ETag` makes asking again cheap.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = headers();
    response
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    headers
}
