//! A recipe on its way out.

use std::time::SystemTime;

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use recipes::store::Stored;

use crate::conditional::{self, Conditions, ETag};

/// What is answered of one revision of a recipe, written once for all who ask for it at the same time.
#[derive(Clone)]
pub struct RecipeAnswer {
    etag: ETag,
    changed: SystemTime,
    etag_header: HeaderValue,
    last_modified: HeaderValue,
    body: Bytes,
}

impl RecipeAnswer {
    /// Answers above this are made anew each time: a thousand of them may be kept, and should be four megabytes.
    const KEPT_BYTES: usize = 4 << 10;

    pub(super) fn of(stored: &Stored) -> Self {
        let mut body = Vec::with_capacity(stored.json_len() + 9);
        body.extend_from_slice(b"{\"data\":");
        stored.write_json(&mut body);
        body.push(b'}');
        let etag = ETag { id: stored.id, revision: stored.revision };
        Self {
            etag,
            changed: conditional::system_time(stored.updated_at),
            etag_header: etag.to_header(),
            last_modified: conditional::last_modified(stored.updated_at),
            body: body.into(),
        }
    }

    pub(super) fn is_worth_keeping(&self) -> bool {
        self.body.len() <= Self::KEPT_BYTES
    }

    pub(super) fn whole(self, status: StatusCode) -> Response {
        let mut response = json(status, self.body);
        validators(response.headers_mut(), self.etag_header, self.last_modified);
        response
    }

    /// The whole, or 304 for those who have it.
    pub(super) fn unless_known(self, conditions: &Conditions) -> Response {
        if !conditional::is_fresh(conditions, self.etag, self.changed) {
            return self.whole(StatusCode::OK);
        }
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
        validators(response.headers_mut(), self.etag_header, self.last_modified);
        response
    }
}

fn validators(headers: &mut HeaderMap, etag: HeaderValue, last_modified: HeaderValue) {
    headers.insert(header::ETAG, etag);
    headers.insert(header::LAST_MODIFIED, last_modified);
}

/// Private recipes make every answer personal; the `ETag` makes asking again cheap.
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    // Room for what the front adds: growing the map costs more than its headers.
    *response.headers_mut() = HeaderMap::with_capacity(12);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, REVALIDATE);
    response
}
