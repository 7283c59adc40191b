//! Several recipes in one transaction: an import.

use ::recipes::{Draft, ImportedHistory, Ownerless, Quotas};
use ids::{RecipeId, Uid, UserId};

use crate::{Context, ImportRefusal, RevisionsKept, Store, StoreError};

/// What happens to a recipe that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// It stays as it is.
    #[default]
    Skip,
    /// It is replaced, if the actor may change it.
    Update,
    /// The imported recipe is added beside it, with a uid of its own.
    Copy,
}

/// Recipes that are imported together.
#[derive(Clone, Debug)]
pub struct ImportBatch {
    pub recipes: Vec<RecipeImport>,
    /// `None`: the recipes are communal.
    pub owner: Option<UserId>,
    pub on_conflict: OnConflict,
    /// All of them or none: the first refusal is an error.
    pub is_atomic: bool,
    /// The users who update recipes without an owner.
    pub ownerless: Ownerless,
    /// Of the owner. Administrators have none.
    pub quotas: Quotas,
    /// Of each recipe that is updated.
    pub revisions_kept: RevisionsKept,
}

/// One recipe of an import.
#[derive(Clone, Debug)]
pub struct RecipeImport {
    pub draft: Draft,
    pub history: ImportedHistory,
    /// For a recipe without a uid of its own, and for a copy.
    pub uid: Uid,
    /// A recipe with the same source or content that the caller has found.
    pub same: Option<RecipeId>,
}

/// What became of a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    Added(RecipeId),
    Updated(RecipeId),
    /// It was there, and has not changed.
    AlreadyThere(RecipeId),
    Refused(ImportRefusal),
}

impl ImportBatch {
    /// # Errors
    /// The refusal, if none of the recipes may be imported because of it.
    pub(crate) fn check(&self, index: usize, outcome: ImportOutcome) -> Result<ImportOutcome, StoreError> {
        match outcome {
            ImportOutcome::Refused(refusal) if self.is_atomic => {
                Err(StoreError::ImportRefused { index, refusal })
            }
            outcome => Ok(outcome),
        }
    }
}

impl Store {
    /// Imports recipes in one transaction. Answers what became of each, in their order. A recipe is there already if one
    /// has the same uid and the actor can see it, or if the caller found it: see [`RecipeImport::same`].
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`]; [`StoreError::ImportRefused`] for all or none; [`StoreError::Unavailable`] when the
    /// disk fails. Then nothing was imported.
    pub async fn import_recipes(
        &self,
        batch: ImportBatch,
        context: Context,
    ) -> Result<Vec<ImportOutcome>, StoreError> {
        match self {
            Self::Sqlite(db) => db.import_recipes(batch, context).await,
            Self::Postgres(db) => db.import_recipes(batch, context).await,
        }
    }
}
