//! A page of recipes that is too large to be held in memory, or has only some of their members: it is read and sent in parts.

use axum::{BoxError, body::Body};
use futures_util::stream;
use ids::RecipeId;
use store::Page;

use super::view::View;
use crate::api::json_array::JsonArray;
use crate::app::App;
use crate::use_cases::recipes::Viewer;

/// A document that begins with `data`, goes on with the recipes of `rest`, and ends with `tail`.
pub(super) struct PageStream {
    pub(super) app: App,
    pub(super) viewer: Viewer,
    pub(super) view: View,
    /// The recipes that are not in `data` yet.
    pub(super) rest: Page<RecipeId>,
    /// The last recipe of the page. Later ones belong to the next page.
    pub(super) last: Option<RecipeId>,
    pub(super) data: JsonArray,
    pub(super) tail: Vec<u8>,
}

impl PageStream {
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(Some(self), |page| async {
            match page {
                Some(page) => page.next_part().await.map(Some),
                None => Ok(None),
            }
        }))
    }

    /// The next part of the document, and what follows it.
    async fn next_part(mut self) -> Result<(Vec<u8>, Option<Self>), BoxError> {
        let first = self.data.take_written();
        if !first.is_empty() {
            return Ok((first, Some(self)));
        }
        let listing = self.app.recipes().list(self.rest, self.viewer, Vec::new()).await?;
        let recipes = listing.rows.iter().take_while(|(id, _)| self.last.is_some_and(|last| *id <= last));
        let mut written = 0;
        for (_, json) in recipes {
            self.data.push_json(&self.view.of(json)?);
            written += 1;
        }
        let is_part = written == listing.rows.len();
        let rest = listing.next.filter(|_| is_part).and_then(|last| self.rest.rest(written, last));
        if let Some(rest) = rest {
            return Ok((self.data.take_written(), Some(Self { rest, ..self })));
        }
        let mut end = self.data.close();
        end.extend(self.tail);
        Ok((end, None))
    }
}
