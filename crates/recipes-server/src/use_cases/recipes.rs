//! Recipes: create, read, list, replace, delete.

mod error;
mod quota;
mod writer;

pub use self::{
    error::RecipeError,
    quota::{Quota, Quotas},
    writer::Writer,
};
pub use store::{Editor, Precondition, StoredRecipe, Usage, Viewer};

use accounts::{Role, User};
use ids::{RecipeId, Uid, UserId};
use recipes::Draft;
use store::{Edit, Listing, NewRecipe, Page, ReadCache, RecipeTexts, ReplaceRecipe, Store, StoreError};

use self::quota::Usages;
use super::Dependencies;
use crate::clock::Clock;
use crate::entropy::Entropy;

/// The use cases of recipes.
pub struct Recipes {
    store: Store,
    usages: Usages,
    require_verified_email: bool,
    clock: Clock,
    entropy: Entropy,
}

impl Recipes {
    pub fn new(with: &Dependencies) -> Self {
        Self {
            store: with.store.clone(),
            usages: Usages::new(with.store.clone(), with.settings.quotas),
            require_verified_email: with.settings.require_verified_email,
            clock: with.clock.clone(),
            entropy: with.entropy.clone(),
        }
    }

    /// The right to write recipes. As an [`Editor::Admin`] the user may change the recipes of all users.
    ///
    /// # Errors
    /// [`RecipeError::EmailNotVerified`] if the operator requires a verified address.
    pub fn writer(&self, user: &User, editor: Editor) -> Result<Writer, RecipeError> {
        if self.require_verified_email && !user.email_verified {
            return Err(RecipeError::EmailNotVerified);
        }
        Ok(Writer { user: user.id, editor, has_quota: user.role != Role::Admin })
    }

    /// What the user has, and may have. Administrators have no quota.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn usage(&self, user: &User) -> Result<(Usage, Quotas), RecipeError> {
        let quotas = if user.role == Role::Admin { Quotas::OFF } else { self.usages.quotas() };
        Ok((self.usages.of(user.id, self.clock.now()).await?, quotas))
    }

    /// Adds a recipe, which the writer owns.
    ///
    /// # Errors
    /// [`RecipeError::QuotaExceeded`], [`RecipeError::ActorRevoked`].
    pub async fn create(&self, writer: Writer, draft: &Draft) -> Result<StoredRecipe, RecipeError> {
        let now = self.clock.now();
        let new = NewRecipe::new(draft, Uid::new(now, self.entropy.bytes()), Some(writer.user));
        if writer.has_quota {
            let more = Usage { recipes: 1, bytes: new.json_len() };
            self.usages.reserve(writer.user, more, now).await?;
        }
        let created = self.store.create_recipe(new, now).await;
        if created.is_err() {
            self.usages.is_less(writer.user);
        }
        Ok(created?)
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

    /// Recipes in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Listing<RecipeTexts, RecipeId>, RecipeError> {
        Ok(self.store.recipes(page, viewer).await?)
    }

    /// The recipes of one user after this one, in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list_of_owner(
        &self,
        owner: UserId,
        after: Option<RecipeId>,
    ) -> Result<Listing<RecipeTexts, RecipeId>, RecipeError> {
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
        let command = ReplaceRecipe { id, editor: writer.editor, draft, precondition };
        let now = self.clock.now();
        if writer.has_quota {
            let old = self.store.recipe(id, Viewer::Admin).await?;
            let old = old.map_or(u64::MAX, |old| old.json_len() as u64);
            let growth = Usage { recipes: 0, bytes: command.json_len().saturating_sub(old) };
            if growth != Usage::default() {
                self.usages.reserve(writer.user, growth, now).await?;
            }
        }
        let replaced = self.store.replace_recipe(command, now).await;
        self.usages.is_less(writer.user);
        done(id, replaced)
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
        let deleted = self.store.delete_recipe(id, writer.editor, precondition).await;
        self.usages.is_less(writer.user);
        done(id, deleted)
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
