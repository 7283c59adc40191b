//! Several changes of recipes in one transaction.

use ids::RecipeId;

use crate::{
    Context, Edit, EditTerms, NewRecipe, PatchRecipe, ReplaceRecipe, Store, StoreError, StoredRecipe,
};

/// Bytes of recipes that several changes write, or show because they did not fit, at most. A small patch may write a large
/// recipe, and all other writes of a database in a file wait meanwhile.
pub const MAX_EDITED_BYTES: usize = 16 << 20;

/// One of several changes.
#[derive(Clone, Debug)]
pub enum RecipeEdit {
    Create(NewRecipe),
    Replace(Box<ReplaceRecipe>),
    Patch(PatchRecipe),
    /// Moves the recipe into the bin.
    Bin {
        id: RecipeId,
        terms: EditTerms,
    },
    /// Deletes the recipe for good.
    Delete {
        id: RecipeId,
        terms: EditTerms,
    },
}

/// A recipe after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revised {
    pub id: RecipeId,
    pub revision: i64,
}

/// What became of one of several changes. A recipe that was deleted is `None`. The errors are [`StoreError::QuotaExceeded`] and
/// [`StoreError::EditsTooLarge`].
pub type EditOutcome = Result<Edit<Option<Revised>>, StoreError>;

/// Whether several changes are made together or each on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// All of them or none. The outcomes end with the first one that was refused.
    All,
    /// Those that are not refused.
    Each,
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

/// The outcomes of the changes that were made so far.
pub(crate) struct Outcomes {
    all: Vec<EditOutcome>,
    atomicity: Atomicity,
    bytes: usize,
}

impl Outcomes {
    pub(crate) fn new(edits: usize, atomicity: Atomicity) -> Self {
        Self { all: Vec::with_capacity(edits), atomicity, bytes: 0 }
    }

    /// # Errors
    /// [`StoreError::EditsTooLarge`] if no other change may be made.
    pub(crate) fn check_room(&self) -> Result<(), StoreError> {
        if self.bytes <= MAX_EDITED_BYTES { Ok(()) } else { Err(StoreError::EditsTooLarge) }
    }

    /// Adds an outcome. Answers whether all changes are to be undone because of it.
    ///
    /// # Errors
    /// Those of the store, which end the transaction.
    pub(crate) fn push(
        &mut self,
        outcome: Result<Edit<Option<StoredRecipe>>, StoreError>,
    ) -> Result<bool, StoreError> {
        let outcome = match outcome {
            Ok(Edit::Done(Some(recipe))) => {
                self.bytes += recipe.text.len();
                Ok(Edit::Done(Some(Revised { id: recipe.id, revision: recipe.revision })))
            }
            Ok(Edit::Stale(current)) => {
                self.bytes += current.text.len();
                Ok(Edit::Stale(current))
            }
            Ok(edit) => Ok(edit.map(|_| None)),
            Err(why @ (StoreError::QuotaExceeded { .. } | StoreError::EditsTooLarge)) => Err(why),
            Err(why) => return Err(why),
        };
        let is_refused = !matches!(outcome, Ok(Edit::Done(_)));
        self.all.push(outcome);
        Ok(is_refused && self.atomicity == Atomicity::All)
    }

    pub(crate) fn finish(self) -> Vec<EditOutcome> {
        self.all
    }
}
