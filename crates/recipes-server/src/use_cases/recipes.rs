//! Recipes: create, read, list, replace, delete.

mod error;
pub mod import;
pub mod known;
mod search;
mod writer;

pub use self::{
    error::RecipeError,
    search::{Found, PageWanted, RecipeQuery},
    writer::Writer,
};
pub use store::{Precondition, StoredRecipe, Viewer};

use std::sync::Arc;
use std::time::Duration;

use accounts::{Role, User, audit::Actor};
use ids::{RecipeId, Uid, UserId};
use recipes::allergens::{LabelHint, label_hints};
use recipes::amounts::{AppliedView, RecipeView, ViewedRecipe};
use recipes::{Draft, Quotas, Recipe, Usage};
use store::{
    Context, Edit, Listing, NewRecipe, Page, PageEnd, ReadCache, RecipePage, RecipeSnapshot, ReplaceRecipe,
    Store, StoreError,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use self::import::ImportPlaces;
use super::Dependencies;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::jobs::search_index::SearchIndex;
use crate::page_fetcher::PageFetcher;

/// The use cases of recipes.
pub struct Recipes {
    store: Store,
    search: Option<SearchIndex>,
    quotas: Quotas,
    require_verified_email: bool,
    pages: Option<PageFetcher>,
    import_places: ImportPlaces,
    clock: Clock,
    entropy: Entropy,
    exports: Arc<Semaphore>,
}

/// Snapshots at a time. Reads that take long have two connections of PostgreSQL.
const EXPORTS: usize = 1;

/// A client waits so long for the exports of others.
const EXPORT_PATIENCE: Duration = Duration::from_secs(10);

impl Recipes {
    pub fn new(with: &Dependencies) -> Self {
        Self {
            store: with.store.clone(),
            search: with.search.clone(),
            quotas: with.settings.quotas,
            require_verified_email: with.settings.require_verified_email,
            pages: with.pages.clone(),
            import_places: ImportPlaces::default(),
            clock: with.clock.clone(),
            entropy: with.entropy.clone(),
            exports: Arc::new(Semaphore::new(EXPORTS)),
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

    /// Reads a recipe for other servings or in other units.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NoServings`], [`RecipeError::ScaleOutOfRange`].
    pub async fn view(
        &self,
        id: RecipeId,
        viewer: Viewer,
        view: RecipeView,
    ) -> Result<(Recipe, AppliedView), RecipeError> {
        let recipe = self.read_whole(id, viewer).await?;
        let ViewedRecipe { content, applied } = view.apply(recipe.content)?;
        Ok((Recipe { content, ..recipe }, applied))
    }

    /// The allergens that the ingredients of a recipe may contain.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`].
    pub async fn label_hints(&self, id: RecipeId, viewer: Viewer) -> Result<Vec<LabelHint>, RecipeError> {
        Ok(label_hints(&self.read_whole(id, viewer).await?.content))
    }

    async fn read_whole(&self, id: RecipeId, viewer: Viewer) -> Result<Recipe, RecipeError> {
        let stored = self.read(id, viewer).await?;
        let mut json = Vec::with_capacity(stored.json_len());
        stored.write_json(&mut json);
        Ok(Recipe::from_json(&json)?)
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

    /// All recipes that the viewer may see, as they are at one moment. The permit is to be kept until all are read: a
    /// snapshot keeps a transaction open, so only few run at a time.
    ///
    /// # Errors
    /// [`RecipeError::TooManyExports`] if others do not end in time.
    pub async fn snapshot(
        &self,
        viewer: Viewer,
    ) -> Result<(RecipeSnapshot, OwnedSemaphorePermit), RecipeError> {
        let permit = timeout(EXPORT_PATIENCE, Arc::clone(&self.exports).acquire_owned()).await;
        let permit = permit.ok().and_then(Result::ok).ok_or(RecipeError::TooManyExports)?;
        Ok((self.store.recipe_snapshot(viewer), permit))
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
