//! The recipes of a search result, read and sent in parts.

use axum::{BoxError, body::Body};
use futures_util::stream;
use ids::RecipeId;

use super::view::View;
use crate::api::json_array::JsonArray;
use crate::app::App;
use crate::use_cases::recipes::Viewer;

/// A document that begins with the start of its data, goes on with the recipes of `ids`, and ends with `tail`.
pub(super) struct HitStream {
    pub(super) app: App,
    pub(super) viewer: Viewer,
    pub(super) view: View,
    /// Those that were not read yet.
    pub(super) ids: Vec<RecipeId>,
    pub(super) data: JsonArray,
    pub(super) tail: Vec<u8>,
}

impl HitStream {
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(Some(self), |hits| async {
            match hits {
                Some(hits) => hits.next_part().await.map(Some),
                None => Ok(None),
            }
        }))
    }

    /// The next part of the document, and what follows it.
    async fn next_part(mut self) -> Result<(Vec<u8>, Option<Self>), BoxError> {
        if !self.ids.is_empty() {
            let (page, looked_up) = self.app.recipes().read_all(&self.ids, self.viewer).await?;
            for (_, json) in page.iter() {
                self.data.push_json(&self.view.of(json)?);
            }
            self.ids.drain(..looked_up.clamp(1, self.ids.len()));
            if !self.ids.is_empty() {
                return Ok((self.data.take_written(), Some(self)));
            }
        }
        let mut end = self.data.close();
        end.extend(self.tail);
        Ok((end, None))
    }
}
