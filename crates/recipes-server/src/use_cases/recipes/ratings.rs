//! The stars that users give to recipes.

use accounts::audit::Actor;
use ids::{RecipeId, Uid, UserId};
use recipes::Stars;
use store::{Context, Rated, UserRating};

use super::{RecipeError, Recipes};

impl Recipes {
    /// Sets the stars that the actor gives to a recipe. It gets no new revision.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::TooManyRatings`], [`RecipeError::ActorRevoked`].
    pub async fn rate(&self, recipe: RecipeId, stars: Stars, actor: Actor) -> Result<(), RecipeError> {
        let context = Context { actor, now: self.clock.now() };
        let key = Uid::new(context.now, self.entropy.bytes());
        match self.store.rate_recipe(recipe, stars, *key.as_bytes(), context).await? {
            Rated::Done => Ok(()),
            Rated::NoSuchRecipe => Err(RecipeError::NotFound),
            Rated::TooMany => Err(RecipeError::TooManyRatings),
        }
    }

    /// Removes the rating of the actor. There may be none.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::ActorRevoked`].
    pub async fn remove_rating(&self, recipe: RecipeId, actor: Actor) -> Result<(), RecipeError> {
        let context = Context { actor, now: self.clock.now() };
        let removed = self.store.remove_rating(recipe, context).await?;
        if removed { Ok(()) } else { Err(RecipeError::NotFound) }
    }

    /// The stars that a user has given to a recipe.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn rating_of(&self, user: UserId, recipe: RecipeId) -> Result<Option<Stars>, RecipeError> {
        Ok(self.store.rating_of(user, recipe).await?)
    }

    /// # Errors
    /// When the store is unavailable.
    pub async fn ratings(&self, user: UserId) -> Result<Vec<UserRating>, RecipeError> {
        Ok(self.store.ratings(user).await?)
    }
}
