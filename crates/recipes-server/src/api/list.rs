//! Lists in pages: the page that a request asks for, and the response.

use axum::{body::Body, response::Response};
use http::{HeaderValue, Uri, header};
use serde::Serialize;
use store::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page};

use super::{json_array::JsonArray, responses::NO_STORE};
use crate::http::cursor::{Cursor, CursorKey};
use crate::http::error::{Report, RequestError};
use crate::http::query::{self, Query};

/// The start of the response, before the array of its rows.
pub(super) const DATA: &str = "{\"data\":";

/// A request for a page of a list that is ordered by `Key`.
pub(super) struct ListRequest<'a, Key> {
    path: &'a str,
    pub(super) query: Query<'a>,
    /// The canonical text of the filters. A cursor is valid only for a list with the same filters.
    filters: String,
    pub(super) page: Page<Key>,
}

impl<'a, Key: CursorKey + Copy> ListRequest<'a, Key> {
    /// `filters` are the names of the query parameters besides `limit` and `cursor`.
    pub(super) fn parse(path: &'a str, uri: &'a Uri, filters: &[&str]) -> Result<Self, RequestError> {
        let query = Query::parse(uri, &[&["limit", "cursor"], filters].concat())?;
        let mut canonical = form_urlencoded::Serializer::new(String::new());
        for name in filters {
            if let Some(value) = query.get(name) {
                canonical.append_pair(name, value);
            }
        }
        let filters = canonical.finish();
        let after = query.get("cursor").map(|text| Cursor::decode(text, &list_name(path, &filters)));
        let after = after.transpose().map_err(|error| RequestError::Malformed(error.to_string().into()))?;
        let limit = query.get("limit").map_or(Some(DEFAULT_PAGE_SIZE), |text| text.parse().ok());
        let page = limit.and_then(|limit| Page::new(after, limit)).ok_or_else(|| {
            let message = format!("limit must be a whole number from 1 to {MAX_PAGE_SIZE}");
            RequestError::Malformed(message.into())
        })?;
        Ok(Self { path, query, filters, page })
    }

    /// The response to an administrator or user: no cache may store it.
    pub(super) fn respond<View: Serialize>(
        &self,
        views: impl Iterator<Item = View>,
        next: Option<Key>,
        total: Option<u64>,
    ) -> Result<Response, Report> {
        let mut data = JsonArray::after(DATA);
        for view in views {
            data.push(&view).map_err(Report::internal)?;
        }
        let mut response = self.finish(data, next, total)?;
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        Ok(response)
    }

    /// The response with the array behind [`DATA`], the cursor of the next page and the total, if there are any.
    pub(super) fn finish(
        &self,
        data: JsonArray,
        next: Option<Key>,
        total: Option<u64>,
    ) -> Result<Response, Report> {
        let mut json = data.close();
        json.extend(self.tail(next, total));
        self.respond_with(json.into(), next, total)
    }

    /// The end of the document, behind its data.
    pub(super) fn tail(&self, next: Option<Key>, total: Option<u64>) -> Vec<u8> {
        let mut json = Vec::new();
        if let Some(cursor) = self.cursor(next) {
            // A cursor is base64url, which needs no escaping.
            json.extend_from_slice(format!(",\"nextCursor\":\"{cursor}\"").as_bytes());
        }
        if let Some(total) = total {
            json.extend_from_slice(format!(",\"totalCount\":{total}").as_bytes());
        }
        json.push(b'}');
        json
    }

    fn cursor(&self, next: Option<Key>) -> Option<String> {
        next.map(|key| Cursor::new(key, &list_name(self.path, &self.filters)).encode())
    }

    /// The response with this document.
    pub(super) fn respond_with(
        &self,
        document: Body,
        next: Option<Key>,
        total: Option<u64>,
    ) -> Result<Response, Report> {
        let Self { path, filters, page, .. } = self;
        let mut response = Response::new(document);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(cursor) = self.cursor(next) {
            let and = if filters.is_empty() { "" } else { "&" };
            let limit = page.limit();
            let link = format!("<{path}?{filters}{and}limit={limit}&cursor={cursor}>; rel=\"next\"");
            headers.insert(header::LINK, HeaderValue::try_from(link).map_err(Report::internal)?);
        }
        if total.is_some() {
            query::set_count_applied(headers);
        }
        Ok(response)
    }
}

fn list_name(path: &str, filters: &str) -> String {
    format!("{path}?{filters}")
}
