//! Responses with one recipe, and a cache of them.

use axum::response::Response;
use bytes::Bytes;
use headers::HeaderMapExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ids::RecipeId;
use jiff::Timestamp;
use store::{Lookup, ReadCache};

use crate::http::conditional::{self, Conditions, ETag};
use crate::use_cases::recipes::{RecipeError, Recipes, StoredRecipe, Viewer};

/// The response with one revision of a recipe and its rating. Clones share the body.
#[derive(Clone)]
pub(super) struct RecipeResponse {
    etag: ETag,
    modified_at: Timestamp,
    /// All headers, because copying a map costs half as much as filling one.
    headers: HeaderMap,
    body: Bytes,
}

impl RecipeResponse {
    pub(super) fn of(recipe: &StoredRecipe) -> Self {
        let mut body = Vec::with_capacity(recipe.json_len() + 9);
        body.extend_from_slice(b"{\"data\":");
        recipe.write_json(&mut body);
        body.push(b'}');
        Self::new(ETag::of(recipe), recipe.modified_at(), body)
    }

    /// The response with this body, in the representation of the tag.
    pub(super) fn new(etag: ETag, modified_at: Timestamp, body: Vec<u8>) -> Self {
        // With room for the headers that every response gets.
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(etag.representation.content_type));
        headers.insert(header::CACHE_CONTROL, REVALIDATE);
        headers.insert(header::ETAG, etag.to_header());
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        if let Some(date) = conditional::last_modified(modified_at) {
            headers.typed_insert(conditional::last_modified_header(date));
        }
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        Self { etag, modified_at, headers, body: body.into() }
    }

    /// Without `Last-Modified`: for a change, which is too young for one, and for a former revision.
    pub(super) fn with_status(mut self, status: StatusCode) -> Response {
        self.headers.remove(header::LAST_MODIFIED);
        self.finish(status)
    }

    fn finish(self, status: StatusCode) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = status;
        *response.headers_mut() = self.headers;
        response
    }

    /// 200, or 304 if the client has this response. Soon after a change, only the entity tag says so: another change in the same
    /// second would have the same date.
    pub(super) fn for_conditions(mut self, conditions: &Conditions, now: Timestamp) -> Response {
        let is_settled = conditional::is_settled(self.modified_at, now);
        if !is_settled {
            self.headers.remove(header::LAST_MODIFIED);
        }
        let last_modified = conditional::last_modified(self.modified_at).filter(|_| is_settled);
        let Some(tag) = conditional::fresh_tag(conditions, self.etag, last_modified) else {
            return self.finish(StatusCode::OK);
        };
        self.headers.insert(header::ETAG, tag);
        self.headers.remove(header::CONTENT_TYPE);
        self.headers.remove(header::CONTENT_LENGTH);
        self.body.clear();
        self.finish(StatusCode::NOT_MODIFIED)
    }
}

/// Responses depend on the caller, because recipes can be private. The `ETag` makes revalidation cheap.
pub(in crate::api) const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Reads recipes through a cache of the responses that every client may get.
pub struct RecipeResponses(ReadCache<RecipeId, RecipeResponse>);

impl RecipeResponses {
    /// Larger bodies are not cached: a thousand entries should stay below six megabytes.
    const MAX_BODY: usize = 4 << 10;

    pub fn new(recipes: &Recipes) -> Self {
        Self(recipes.cache())
    }

    pub(super) async fn read(
        &self,
        recipes: &Recipes,
        id: RecipeId,
        viewer: Viewer,
    ) -> Result<RecipeResponse, RecipeError> {
        let slot = match self.0.get(id) {
            Lookup::Hit(response) => return Ok(response),
            Lookup::Miss(slot) => slot,
        };
        let response = RecipeResponse::of(&recipes.read(id, viewer).await?);
        if viewer == Viewer::Anyone && response.body.len() <= Self::MAX_BODY {
            slot.fill(response.clone());
        }
        Ok(response)
    }
}
