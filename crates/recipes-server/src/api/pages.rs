//! Lists that are read a page at a time: which page somebody wants, and where the next one is.

use crate::http::cursor::{Cursor, CursorKey};
use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Uri, header};
use serde::Serialize;

use super::personal::NO_STORE;
use crate::http::error::ApiError;
use crate::http::query::{self, Query};
use crate::limits;

/// A page of a list, as it is asked for.
pub(super) struct Wanted<'a, Id> {
    path: &'static str,
    pub(super) query: Query<'a>,
    /// Everything that chooses the rows: a cursor of another list does not fit.
    filters: String,
    pub(super) after: Option<Id>,
    limit: u16,
}

impl<'a, Id: CursorKey> Wanted<'a, Id> {
    /// `filters` are the names of the parameters besides `limit` and `cursor`.
    pub(super) fn of(path: &'static str, uri: &'a Uri, filters: &[&str]) -> Result<Self, ApiError> {
        let query = Query::parse(uri, &[&["limit", "cursor"], filters].concat())?;
        let mut text = form_urlencoded::Serializer::new(String::new());
        for name in filters {
            if let Some(value) = query.get(name) {
                text.append_pair(name, value);
            }
        }
        let filters = text.finish();
        let limit = limit(&query)?;
        let after =
            query.get("cursor").map(|text| Cursor::decode(text, &of_list(path, &filters))).transpose();
        let after = after.map_err(|error| ApiError::Malformed(error.to_string().into()))?;
        Ok(Self { path, query, filters, after, limit })
    }

    /// One row more than the page has: whether there is a next one.
    pub(super) fn rows(&self) -> u16 {
        self.limit + 1
    }

    /// The answer: of `rows`, as many as the page has, and of how many in all, if that was asked for.
    pub(super) fn answer<'r, Row, View: Serialize>(
        &self,
        rows: &'r [Row],
        total: Option<u64>,
        id: impl Fn(&Row) -> Id,
        view: impl Fn(&'r Row) -> View,
    ) -> Result<Response, ApiError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Page<View> {
            data: Vec<View>,
            #[serde(skip_serializing_if = "Option::is_none")]
            next_cursor: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            total_count: Option<u64>,
        }
        let Self { path, filters, limit, .. } = self;
        let shown = &rows[..rows.len().min(usize::from(*limit))];
        let last = shown.last().filter(|_| shown.len() < rows.len());
        let next_cursor = last.map(|last| Cursor::new(id(last), &of_list(path, filters)).encode());
        let link = next_cursor.as_ref().map(|cursor| {
            let and = if filters.is_empty() { "" } else { "&" };
            HeaderValue::try_from(format!(
                "<{path}?{filters}{and}limit={limit}&cursor={cursor}>; rel=\"next\""
            ))
        });
        let page = Page { data: shown.iter().map(view).collect(), next_cursor, total_count: total };
        let mut response = ([(header::CACHE_CONTROL, NO_STORE)], Json(page)).into_response();
        if let Some(link) = link.transpose().map_err(ApiError::internal)? {
            response.headers_mut().insert(header::LINK, link);
        }
        if total.is_some() {
            query::set_count_applied(response.headers_mut());
        }
        Ok(response)
    }
}

pub(super) fn limit(query: &Query<'_>) -> Result<u16, ApiError> {
    let limit = match query.get("limit") {
        None => Some(limits::PAGE),
        Some(text) => text.parse().ok().filter(|limit| (1..=limits::PAGE_MAX).contains(limit)),
    };
    let out_of_range = || format!("limit must be a whole number from 1 to {}", limits::PAGE_MAX);
    limit.ok_or_else(|| ApiError::Malformed(out_of_range().into()))
}

fn of_list(path: &str, filters: &str) -> String {
    format!("{path}?{filters}")
}
