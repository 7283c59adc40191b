//! The feed of changes: what has changed since a position.

use std::collections::VecDeque;
use std::time::Duration;

use axum::{BoxError, body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::stream;
use http::{HeaderValue, Uri, header};
use ids::RecipeId;
use store::{DEFAULT_PAGE_SIZE, FeedChange, MAX_PAGE_SIZE};

use super::view::{PARAMETERS, View};
use crate::api::documented_errors::{
    Malformed, NotAcceptable, PositionUnknown, Unauthorized, Unavailable, WithoutRecipesRead,
};
use crate::api::json_array::JsonArray;
use crate::api::list::DATA;
use crate::api::parameters::{ChangesQuery, ViewQuery};
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::Query;
use crate::limits::LONGEST_WAIT;
use crate::use_cases::recipes::{RecipeError, Viewer};

/// Lists the recipes that were created, changed, hidden or deleted since a position, in the order of their ids.
///
/// Without `since`, the response has the present position only: keep it, read all recipes, then ask for the changes since it. Each
/// response has the position for the next request. `{"id":7,"deleted":true}`: you could read the recipe before, and cannot any more.
#[utoipa::path(
    get, path = "/api/v1/recipes/changes", tag = "recipes", operation_id = "followRecipes",
    params(ChangesQuery, ViewQuery),
    security((), ("bearer" = ["recipes:read"])),
    responses(
        (status = 200, description = "Changes, and the position behind them", body = ref("#/components/schemas/RecipeChanges")),
        Malformed, Unauthorized, WithoutRecipesRead, NotAcceptable, PositionUnknown, Unavailable,
    )
)]
pub async fn list(
    JsonApi(app): JsonApi<App>,
    RecipeReader { viewer, .. }: RecipeReader,
    uri: Uri,
) -> Result<Response, Report> {
    let query = Query::parse(&uri, &[&["since", "limit", "wait"][..], &PARAMETERS].concat())?;
    let view = View::parse(&query)?;
    let limit = limit(&query)?;
    let wait = wait(&query)?;
    let data = JsonArray::after(DATA);
    let Some(since) = query.get("since") else {
        let mut document = data.close();
        document.extend(tail(&app.recipes().feed_position().await?, false));
        return Ok(respond(document.into()));
    };
    let position = decode(since).ok_or(RecipeError::PositionUnknown)?;
    let draining = app.draining().clone();
    let patience = async move {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = draining.begun() => {}
        }
    };
    let page = app.recipes().follow(&position, viewer, limit, patience).await?;
    let tail = tail(&page.position, page.has_more);
    let changes = page.changes.into();
    Ok(respond(FeedStream { app, viewer, view, changes, data, tail }.into_body()))
}

fn limit(query: &Query<'_>) -> Result<u16, RequestError> {
    let limit = query.get("limit").map_or(Some(DEFAULT_PAGE_SIZE), |text| text.parse().ok());
    limit.filter(|limit| (1..=MAX_PAGE_SIZE).contains(limit)).ok_or_else(|| {
        RequestError::Malformed(format!("limit must be a whole number from 1 to {MAX_PAGE_SIZE}").into())
    })
}

fn wait(query: &Query<'_>) -> Result<Duration, RequestError> {
    let longest = LONGEST_WAIT.as_secs();
    let seconds = query.get("wait").map_or(Some(0), |text| text.parse().ok());
    let seconds = seconds.filter(|seconds| *seconds <= longest).ok_or_else(|| {
        RequestError::Malformed(format!("wait must be a whole number of seconds from 0 to {longest}").into())
    })?;
    Ok(Duration::from_secs(seconds))
}

fn decode(since: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(since).ok()?).ok()
}

/// The end of the document, behind its data.
fn tail(position: &str, has_more: bool) -> Vec<u8> {
    // Base64url needs no escaping.
    let position = URL_SAFE_NO_PAD.encode(position);
    format!(",\"position\":\"{position}\",\"hasMore\":{has_more}}}").into()
}

fn respond(document: Body) -> Response {
    let mut response = Response::new(document);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// The changes, read and sent in parts. What changes before it is read is behind the position, so it is told once more.
struct FeedStream {
    app: App,
    viewer: Viewer,
    view: View,
    /// Those that were not written yet.
    changes: VecDeque<FeedChange>,
    data: JsonArray,
    tail: Vec<u8>,
}

impl FeedStream {
    fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(Some(self), |feed| async {
            match feed {
                Some(feed) => feed.next_part().await.map(Some),
                None => Ok(None),
            }
        }))
    }

    /// The next part of the document, and what follows it.
    async fn next_part(mut self) -> Result<(Vec<u8>, Option<Self>), BoxError> {
        let present = self.changes.iter().filter(|change| !change.is_gone);
        let ids: Vec<RecipeId> = present.map(|change| change.id).collect();
        if let Some(last) = ids.last() {
            let (page, looked_up) = self.app.recipes().read_all(&ids, self.viewer).await?;
            let last = ids.get(looked_up.max(1) - 1).unwrap_or(last);
            let mut recipes = page.iter().peekable();
            while let Some(change) = self.changes.pop_front_if(|change| change.id <= *last) {
                if change.is_gone {
                    self.push_gone(change.id);
                } else if let Some((_, json)) = recipes.next_if(|(id, _)| *id == change.id) {
                    let start = format!("{{\"id\":{},\"recipe\":", change.id);
                    let recipe = self.view.of(json)?;
                    self.data.push_json(&[start.as_bytes(), &*recipe, &b"}"[..]].concat());
                }
            }
            if self.changes.iter().any(|change| !change.is_gone) {
                return Ok((self.data.take_written(), Some(self)));
            }
        }
        while let Some(change) = self.changes.pop_front() {
            self.push_gone(change.id);
        }
        let mut end = self.data.close();
        end.extend(self.tail);
        Ok((end, None))
    }

    fn push_gone(&mut self, id: RecipeId) {
        self.data.push_json(format!("{{\"id\":{id},\"deleted\":true}}").as_bytes());
    }
}
