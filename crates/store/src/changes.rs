//! The changes of recipes, for programs that follow them, such as the search index.

use ids::RecipeId;

use crate::{RecipePage, Store, StoreError, Viewer};

/// Which recipes have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeChanges {
    /// Recipes that were created, changed or deleted, without an order. `None`: any may have, so all must be read again.
    pub ids: Option<Vec<RecipeId>>,
    /// Up to here. Opaque; it is good for this database only.
    pub position: String,
}

/// Changes of recipes.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The recipes that were changed after a position of this method. Every acknowledged change is in the answer to a call that
    /// begins after it; none is in two of them unless it was made again. The first position comes from a call without one.
    pub async fn recipe_changes(&self, after: Option<&str>) -> Result<RecipeChanges, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipe_changes(after),
            Self::Postgres(db) => db.recipe_changes(after).await,
        }
    }

    /// The recipes with these ids, in this order, behind `json`. Those that do not exist for the viewer are left out. A page of
    /// large recipes ends early, after 128 KiB; the number tells how many of the ids were looked up.
    pub async fn recipes_by_id(
        &self,
        ids: &[RecipeId],
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<(RecipePage, usize), StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes_by_id(ids, viewer, json),
            Self::Postgres(db) => db.recipes_by_id(ids, viewer, json).await,
        }
    }
}
