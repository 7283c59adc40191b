//! Recipes: create, read, list, replace, delete.

mod bulk;
mod error;
mod search;
mod writer;

pub use self::{
    bulk::{BulkOperation, BulkOutcome},
    error::RecipeError,
    search::{Found, PageWanted, RecipeQuery},
    writer::Writer,
};
pub use store::{Precondition, StoredRecipe, Viewer};

use accounts::{Role, User, audit::Actor};
use ids::{RecipeId, Uid, UserId};
use recipes::{Draft, Quotas, Usage};
use store::{
    Context, Edit, Listing, NewRecipe, Page, PageEnd, ReadCache, RecipePage, ReplaceRecipe, Store, StoreError,
};

use super::Dependencies;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::jobs::search_index::SearchIndex;

/// The use cases of recipes.
pub struct Recipes {
    store: Store,
    search: Option<SearchIndex>,
    quotas: Quotas,
    require_verified_email: bool,
    clock: Clock,
    entropy: Entropy,
}

impl Recipes {
    pub fn new(with: &Dependencies) -> Self {
        Self {
            store: with.store.clone(),
            search: with.search.clone(),
            quotas: with.settings.quotas,
            require_verified_email: with.settings.require_verified_email,
            clock: with.clock.clone(),
            entropy: with.entropy.clone(),
        }
    }

    /// The right to write recipes. What it includes is decided by the store when it writes: an administrator may change
    /// the recipes of all users.
    ///
    /// # Errors
    /// [`RecipeError::EmailNotVerified`] if the operator requires a verified address.
    pub fn writer(&self, user: &User, actor: Actor) -> Result<Writer, RecipeError> {
        if self.require_verified_email && !user.email_verified {
            return Err(RecipeError::EmailNotVerified);
        }
        Ok(Writer { user: user.id, actor })
    }

    /// What the user has, and may have. Administrators have no quota.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn usage(&self, user: &User) -> Result<(Usage, Quotas), RecipeError> {
        let quotas = if user.role == Role::Admin { Quotas::OFF } else { self.quotas };
        Ok((self.store.usage(user.id).await?, quotas))
    }

    /// Adds a recipe, which the writer owns.
    ///
    /// # Errors
    /// [`RecipeError::QuotaExceeded`], [`RecipeError::ActorRevoked`].
    pub async fn create(&self, writer: Writer, draft: &Draft) -> Result<StoredRecipe, RecipeError> {
        let context = self.context(writer);
        let new = NewRecipe::new(draft, Uid::new(context.now, self.entropy.bytes()), Some(writer.user));
        Ok(self.store.create_recipe(new.within(self.quotas), context).await?)
    }

    /// # Errors
    /// [`RecipeError::NotFound`].
    pub async fn read(&self, id: RecipeId, viewer: Viewer) -> Result<StoredRecipe, RecipeError> {
        self.store.recipe(id, viewer).await?.ok_or(RecipeError::NotFound)
    }

    /// A cache of values that are made of recipes. It is valid until the store changes.
    pub fn cache<V: Clone>(&self) -> ReadCache<RecipeId, V> {
        self.store.recipe_cache()
    }

    /// Recipes in the order of their ids, as JSON behind `json`. A page of large recipes ends before its limit.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<Listing<RecipePage, RecipeId>, RecipeError> {
        Ok(self.store.recipes(page, viewer, json).await?)
    }

    /// Where a page of [`list`](Self::list) ends that has as many recipes as its limit says.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn end_of_page(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Option<PageEnd<RecipeId>>, RecipeError> {
        Ok(self.store.end_of_recipe_page(page, viewer).await?)
    }

    /// The recipes of one user after this one, in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list_of_owner(
        &self,
        owner: UserId,
        after: Option<RecipeId>,
    ) -> Result<Listing<RecipePage, RecipeId>, RecipeError> {
        Ok(self.store.recipes_of(owner, Page::longest(after)).await?)
    }

    /// How many recipes [`list`](Self::list) has in all.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn count(&self, viewer: Viewer) -> Result<u64, RecipeError> {
        Ok(self.store.count_recipes(viewer).await?)
    }

    /// Replaces a recipe as a whole.
    ///
    /// # Errors
    /// [`RecipeError::QuotaExceeded`], [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`], [`RecipeError::Stale`].
    pub async fn replace(
        &self,
        writer: Writer,
        id: RecipeId,
        draft: Draft,
        precondition: Precondition,
    ) -> Result<StoredRecipe, RecipeError> {
        let command = ReplaceRecipe { id, draft, precondition, quotas: self.quotas };
        done(id, self.store.replace_recipe(command, self.context(writer)).await)
    }

    /// Deletes a recipe.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`], [`RecipeError::Stale`].
    pub async fn delete(
        &self,
        writer: Writer,
        id: RecipeId,
        precondition: Precondition,
    ) -> Result<(), RecipeError> {
        done(id, self.store.delete_recipe(id, precondition, self.context(writer)).await)
    }

    fn context(&self, writer: Writer) -> Context {
        Context { actor: writer.actor, now: self.clock.now() }
    }
}

fn done<T>(id: RecipeId, edit: Result<Edit<T>, StoreError>) -> Result<T, RecipeError> {
    match edit? {
        Edit::Done(done) => Ok(done),
        Edit::NotFound => Err(RecipeError::NotFound),
        Edit::Forbidden => Err(RecipeError::NotTheOwner),
        Edit::Stale { revision } => Err(RecipeError::Stale { id, revision }),
    }
}
