//! The recipes that users keep for themselves.

use accounts::audit::Actor;
use ids::{RecipeId, Uid, UserId};
use store::{Context, Favoured, Favourite};

use super::{RecipeError, RecipeQuery, Recipes};

impl Recipes {
    /// Adds a recipe to the favourites of the actor. It may be one already.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::TooManyFavourites`], [`RecipeError::ActorRevoked`].
    pub async fn add_favourite(&self, recipe: RecipeId, actor: Actor) -> Result<(), RecipeError> {
        let context = Context { actor, now: self.clock.now() };
        let key = Uid::new(context.now, self.entropy.bytes());
        match self.store.add_favourite(recipe, *key.as_bytes(), context).await? {
            Favoured::Done => Ok(()),
            Favoured::NoSuchRecipe => Err(RecipeError::NotFound),
            Favoured::TooMany => Err(RecipeError::TooManyFavourites),
        }
    }

    /// Removes a recipe from the favourites of the actor. It may be none.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::ActorRevoked`].
    pub async fn remove_favourite(&self, recipe: RecipeId, actor: Actor) -> Result<(), RecipeError> {
        let context = Context { actor, now: self.clock.now() };
        let removed = self.store.remove_favourite(recipe, context).await?;
        if removed { Ok(()) } else { Err(RecipeError::NotFound) }
    }

    /// # Errors
    /// When the store is unavailable.
    pub async fn is_favourite(&self, user: UserId, recipe: RecipeId) -> Result<bool, RecipeError> {
        Ok(self.store.is_favourite(user, recipe).await?)
    }

    /// # Errors
    /// When the store is unavailable.
    pub async fn favourites(&self, user: UserId) -> Result<Vec<Favourite>, RecipeError> {
        Ok(self.store.favourites(user).await?)
    }

    /// The query with the favourites that it asks for as a condition of the index.
    pub(super) async fn among_favourites(&self, mut query: RecipeQuery) -> Result<RecipeQuery, RecipeError> {
        if let Some(user) = query.favourites_of {
            let favourites = self.favourites(user).await?;
            query.filter.among = Some(favourites.iter().map(|favourite| favourite.recipe).collect());
        }
        Ok(query)
    }
}
