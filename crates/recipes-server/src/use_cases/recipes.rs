//! Recipes: create, read, list, replace, delete.

mod error;
mod writer;

pub use self::{error::RecipeError, writer::Writer};
pub use store::{Editor, Precondition, Stored, Viewer};

use accounts::User;
use ids::{RecipeId, Uid, UserId};
use recipes::Draft;
use store::{Edit, Mark, NewRecipe, Page, Store, StoreError};

use super::{Dependencies, Listing};
use crate::clock::Clock;
use crate::entropy::Entropy;

/// The use cases of recipes.
pub struct Recipes {
    store: Store,
    require_verified_email: bool,
    clock: Clock,
    entropy: Entropy,
}

impl Recipes {
    pub fn new(with: &Dependencies) -> Self {
        Self {
            store: with.store.clone(),
            require_verified_email: with.settings.require_verified_email,
            clock: with.clock.clone(),
            entropy: with.entropy.clone(),
        }
    }

    /// The right to write recipes. `editor` is whose recipes the user may change.
    ///
    /// # Errors
    /// [`RecipeError::EmailNotVerified`] if the operator requires a verified address.
    pub fn writer(&self, user: &User, editor: Editor) -> Result<Writer, RecipeError> {
        if self.require_verified_email && !user.email_verified {
            return Err(RecipeError::EmailNotVerified);
        }
        Ok(Writer { user: user.id, editor })
    }

    /// Adds a recipe, which the writer owns.
    ///
    /// # Errors
    /// [`RecipeError::ActorRevoked`].
    pub async fn create(&self, writer: Writer, draft: &Draft) -> Result<Stored, RecipeError> {
        let now = self.clock.now();
        let new = NewRecipe::of(draft, Uid::new(now, self.entropy.bytes()), Some(writer.user));
        Ok(self.store.create_recipe(new, now).await?)
    }

    /// # Errors
    /// [`RecipeError::NotFound`].
    pub async fn read(&self, id: RecipeId, viewer: Viewer) -> Result<Stored, RecipeError> {
        self.store.recipe(id, viewer).await?.ok_or(RecipeError::NotFound)
    }

    /// Recipes in the order of their ids.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Listing<RecipesJson, RecipeId>, RecipeError> {
        Ok(RecipesJson::of(&self.store.recipes(&page, viewer, Vec::new()).await?))
    }

    /// The recipes of one user in the order of their ids, as many as a page has.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn list_of_owner(
        &self,
        owner: UserId,
        after: Option<RecipeId>,
    ) -> Result<Listing<RecipesJson, RecipeId>, RecipeError> {
        Ok(RecipesJson::of(&self.store.recipes_of(owner, after).await?))
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
    /// [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`], [`RecipeError::Stale`].
    pub async fn replace(
        &self,
        writer: Writer,
        id: RecipeId,
        draft: &Draft,
        precondition: Precondition,
    ) -> Result<Stored, RecipeError> {
        let now = self.clock.now();
        done(id, self.store.replace_recipe(id, writer.editor, draft, precondition, now).await)
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
        done(id, self.store.delete_recipe(id, writer.editor, precondition).await)
    }

    pub fn mark(&self) -> Mark {
        self.store.mark()
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

/// Several recipes as the items of a JSON array.
pub struct RecipesJson(Vec<u8>);

impl RecipesJson {
    fn of(listing: &store::Listing) -> Listing<Self, RecipeId> {
        let items = &listing.json[1..listing.json.len() - 1];
        let rows = if items.is_empty() { Vec::new() } else { vec![Self(items.to_vec())] };
        Listing { rows, next: listing.next }
    }

    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    pub fn json_len(&self) -> usize {
        self.0.len()
    }
}
