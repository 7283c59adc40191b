//! Ratings: the stars that users give to recipes, in either kind of database.

use ::recipes::{Rating, Stars};
use ids::{RecipeId, UserId};
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// Ratings of one user at most: an export has all of them.
pub const MAX_RATINGS: u32 = 10_000;

/// The stars that a user has given to a recipe. The user may not be able to read it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRating {
    pub recipe: RecipeId,
    pub stars: Stars,
    pub rated_at: Timestamp,
}

/// What became of a rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rated {
    Done,
    /// There is no such recipe that the user may read.
    NoSuchRecipe,
    /// The user has [`MAX_RATINGS`].
    TooMany,
}

/// What the ratings of a recipe add up to, and when they changed last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ratings {
    pub(crate) rating: Option<Rating>,
    pub(crate) changed_at: Option<Timestamp>,
}

/// Ratings.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Sets the stars that the actor gives to a recipe. `id` is the key of the row, if it is the first time. The recipe gets no new
    /// revision.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no user, or the user's rights were revoked meanwhile.
    pub async fn rate_recipe(
        &self,
        recipe: RecipeId,
        stars: Stars,
        id: [u8; 16],
        context: Context,
    ) -> Result<Rated, StoreError> {
        match self {
            Self::Sqlite(db) => db.rate_recipe(recipe, stars, id, context).await,
            Self::Postgres(db) => db.rate_recipe(recipe, stars, id, context).await,
        }
    }

    /// Removes the rating of the actor. `false`: there was none, and there is no such recipe that the user may read.
    ///
    /// # Errors
    /// As [`rate_recipe`](Self::rate_recipe).
    pub async fn remove_rating(&self, recipe: RecipeId, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_rating(recipe, context).await,
            Self::Postgres(db) => db.remove_rating(recipe, context).await,
        }
    }

    /// The stars that this user has given to this recipe.
    pub async fn rating_of(&self, user: UserId, recipe: RecipeId) -> Result<Option<Stars>, StoreError> {
        match self {
            Self::Sqlite(db) => db.rating_of(user, recipe),
            Self::Postgres(db) => db.rating_of(user, recipe).await,
        }
    }

    /// The ratings of this user, also of recipes in the bin, in the order of the recipes' ids.
    pub async fn ratings(&self, user: UserId) -> Result<Vec<UserRating>, StoreError> {
        match self {
            Self::Sqlite(db) => db.ratings(user).await,
            Self::Postgres(db) => db.ratings(user).await,
        }
    }
}
