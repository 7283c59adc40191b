//! The changes of recipes, for programs that follow them.

use std::pin::pin;

use store::{FeedPage, Viewer};

use super::{RecipeError, Recipes};
use crate::jobs::search_index::SearchIndex;

impl Recipes {
    /// The present position. A program that wants to follow asks for it first, and reads all recipes then.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn feed_position(&self) -> Result<String, RecipeError> {
        Ok(self.store.feed_position().await?)
    }

    /// At most `limit` changes behind the position. If there are none, it waits for one until `patience` resolves. One job reads the
    /// changes of the store, and wakes all that wait.
    ///
    /// # Errors
    /// [`RecipeError::PositionUnknown`].
    pub async fn follow(
        &self,
        position: &str,
        viewer: Viewer,
        limit: u16,
        patience: impl Future<Output = ()>,
    ) -> Result<FeedPage, RecipeError> {
        // Before the first look, so that no change is missed.
        let mut signal = self.search.as_ref().map(SearchIndex::changes);
        let mut patience = pin!(patience);
        loop {
            let page = self.store.feed(position, viewer, limit).await?.ok_or(RecipeError::PositionUnknown)?;
            let Some(signal) = signal.as_mut().filter(|_| page.changes.is_empty()) else { return Ok(page) };
            tokio::select! {
                () = &mut patience => return Ok(page),
                changed = signal.changed() => if changed.is_err() {
                    return Ok(page);
                }
            }
        }
    }
}
