//! Favourites: the recipes that users keep for themselves, in either kind of database.

use ids::{RecipeId, UserId};
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// Favourites of one user at most: a search for them takes all of their ids.
pub const MAX_FAVOURITES: u32 = 10_000;

/// A recipe that a user keeps. The user may not be able to read it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Favourite {
    pub recipe: RecipeId,
    pub added_at: Timestamp,
}

/// What became of a wish to add a favourite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Favoured {
    /// Now, or before.
    Done,
    /// There is no such recipe that the user may read.
    NoSuchRecipe,
    /// The user has [`MAX_FAVOURITES`].
    TooMany,
}

/// Favourites.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Adds a recipe to the favourites of the actor. `id` is the key of the row.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no user, or the user's rights were revoked meanwhile.
    pub async fn add_favourite(
        &self,
        recipe: RecipeId,
        id: [u8; 16],
        context: Context,
    ) -> Result<Favoured, StoreError> {
        match self {
            Self::Sqlite(db) => db.add_favourite(recipe, id, context).await,
            Self::Postgres(db) => db.add_favourite(recipe, id, context).await,
        }
    }

    /// Removes a recipe from the favourites of the actor. `false`: it was none, and there is no such recipe that the user may read.
    ///
    /// # Errors
    /// As [`add_favourite`](Self::add_favourite).
    pub async fn remove_favourite(&self, recipe: RecipeId, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_favourite(recipe, context).await,
            Self::Postgres(db) => db.remove_favourite(recipe, context).await,
        }
    }

    pub async fn is_favourite(&self, user: UserId, recipe: RecipeId) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.is_favourite(user, recipe),
            Self::Postgres(db) => db.is_favourite(user, recipe).await,
        }
    }

    /// The favourites of this user, in the order of the recipes' ids.
    pub async fn favourites(&self, user: UserId) -> Result<Vec<Favourite>, StoreError> {
        match self {
            Self::Sqlite(db) => db.favourites(user).await,
            Self::Postgres(db) => db.favourites(user).await,
        }
    }
}
