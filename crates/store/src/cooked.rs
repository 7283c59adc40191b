//! When users cooked recipes, in either kind of database.

use ids::{CookedId, RecipeId, UserId};
use jiff::civil::Date;

use crate::{Context, Store, StoreError};

/// Entries of one user for one recipe at most: a list has all of them.
pub const MAX_COOKED_OF_RECIPE: u32 = 500;

/// Entries of one user at most: an export has all of them.
pub const MAX_COOKED: u32 = 5_000;

/// A user cooked a recipe on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooked {
    pub id: CookedId,
    pub recipe: RecipeId,
    pub on: Date,
    pub note: Option<String>,
}

/// What became of a new entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    Done,
    /// There is no such recipe that the user may read.
    NoSuchRecipe,
    /// The user has [`MAX_COOKED_OF_RECIPE`] or [`MAX_COOKED`].
    TooMany,
}

/// The log of what users cooked.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Adds an entry to the log of the actor.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no user, or the user's rights were revoked meanwhile.
    pub async fn add_cooked(&self, new: Cooked, context: Context) -> Result<Noted, StoreError> {
        match self {
            Self::Sqlite(db) => db.add_cooked(new, context).await,
            Self::Postgres(db) => db.add_cooked(new, context).await,
        }
    }

    /// Removes an entry of the actor for this recipe. Says whether there was one.
    ///
    /// # Errors
    /// As [`add_cooked`](Self::add_cooked).
    pub async fn remove_cooked(
        &self,
        recipe: RecipeId,
        id: CookedId,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_cooked(recipe, id, context).await,
            Self::Postgres(db) => db.remove_cooked(recipe, id, context).await,
        }
    }

    /// The entries of this user, also for recipes in the bin, or those for one recipe; the newest day first.
    pub async fn cooked(&self, user: UserId, recipe: Option<RecipeId>) -> Result<Vec<Cooked>, StoreError> {
        match self {
            Self::Sqlite(db) => db.cooked(user, recipe).await,
            Self::Postgres(db) => db.cooked(user, recipe).await,
        }
    }
}
