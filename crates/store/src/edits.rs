//! Several changes of recipes in one transaction.

use ids::RecipeId;

use crate::{Context, Edit, NewRecipe, Precondition, ReplaceRecipe, Store, StoreError, StoredRecipe};

/// One of several changes.
#[derive(Clone, Debug)]
pub enum RecipeEdit {
    Create(NewRecipe),
    Replace(ReplaceRecipe),
    Delete { id: RecipeId, precondition: Precondition },
}

/// What became of one of several changes. A recipe that was deleted is `None`. The only error is [`StoreError::QuotaExceeded`].
pub type EditOutcome = Result<Edit<Option<StoredRecipe>>, StoreError>;

/// Whether several changes are made together or each on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// All of them or none. The outcomes end with the first one that was refused.
    All,
    /// Those that are not refused.
    Each,
}

impl Atomicity {
    /// Whether nothing may be changed after this outcome.
    pub(crate) fn is_ended_by(self, outcome: &EditOutcome) -> bool {
        self == Self::All && !matches!(outcome, Ok(Edit::Done(_)))
    }
}

impl Store {
    /// Changes recipes in this order, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor's rights were revoked meanwhile, [`StoreError::Unavailable`]. Then nothing is
    /// changed.
    pub async fn edit_recipes(
        &self,
        edits: Vec<RecipeEdit>,
        atomicity: Atomicity,
        context: Context,
    ) -> Result<Vec<EditOutcome>, StoreError> {
        match self {
            Self::Sqlite(db) => db.edit_recipes(edits, atomicity, context).await,
            Self::Postgres(db) => db.edit_recipes(edits, atomicity, context).await,
        }
    }
}
