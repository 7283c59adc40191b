//! Recipes as they are stored, whatever the database.

use jiff::Timestamp;

use crate::ratings::Ratings;
use crate::recipe_commands::{Change, NewRecipe, PatchRecipe, ReplaceRecipe, RestoreRevision};
use crate::{Context, Listing, Page, PageEnd, ReadCache, RecipePage, Store, StoreError};
use ::recipes::{
    ContentJson, EditRefusal, EditTerms, FieldError, PatchError, Rating, RecipePatch, Usage, Viewer,
    Visibility, write_recipe_json,
};
use ids::{RecipeId, UserId};

/// The recipe that a patch makes of this one.
pub(crate) fn patched(
    patch: &RecipePatch,
    recipe: &StoredRecipe,
) -> Result<Result<(ContentJson, Visibility), Vec<FieldError>>, StoreError> {
    let mut json = Vec::with_capacity(recipe.json_len());
    recipe.write_json(&mut json);
    match patch.apply(&json) {
        Ok(draft) => Ok(Ok((ContentJson::new(draft.content()), draft.content().visibility))),
        Err(PatchError::Invalid(errors)) => Ok(Err(errors)),
        Err(PatchError::Corrupt) => Err(StoreError::Corrupt(format!("the text of recipe {}", recipe.id))),
    }
}

/// A recipe as it is in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecipe {
    pub id: RecipeId,
    pub revision: i64,
    pub updated_at: Timestamp,
    pub(crate) text: Vec<u8>,
    /// Of the current revision only.
    pub(crate) ratings: Ratings,
}

impl StoredRecipe {
    /// Appends the recipe as a JSON object.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_recipe_json(out, self.id, &self.text);
        if let Some(rating) = self.rating() {
            rating.append_to(out);
        }
    }

    /// What users think of it. `None` while no user has rated it, and for a former revision.
    pub fn rating(&self) -> Option<Rating> {
        self.ratings.rating
    }

    /// When the JSON object changed last: by an edit, or by a rating.
    pub fn modified_at(&self) -> Timestamp {
        self.ratings.changed_at.map_or(self.updated_at, |rated_at| rated_at.max(self.updated_at))
    }

    /// The bytes that [`write_json`](Self::write_json) appends, or a few more.
    pub fn json_len(&self) -> usize {
        self.text.len() + JSON_ID_BYTES + Rating::JSON_BYTES
    }
}

/// The longest `{"id":1,`, rounded up.
const JSON_ID_BYTES: usize = 32;

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<T> {
    Done(T),
    /// See [`EditRefusal::NotFound`].
    NotFound,
    /// See [`EditRefusal::Forbidden`].
    Forbidden,
    /// See [`EditRefusal::Ownerless`].
    Ownerless,
    /// See [`EditRefusal::Stale`]. The recipe as it is now, which every editor may read.
    Stale(Box<StoredRecipe>),
    /// The recipe that a patch would make is not valid.
    Invalid(Vec<FieldError>),
    /// The revision to restore does not exist for the actor.
    NoSuchRevision,
}

impl<T> Edit<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Edit<U> {
        match self {
            Self::Done(done) => Edit::Done(change(done)),
            Self::NotFound => Edit::NotFound,
            Self::Forbidden => Edit::Forbidden,
            Self::Stale(current) => Edit::Stale(current),
            Self::Invalid(errors) => Edit::Invalid(errors),
            Self::NoSuchRevision => Edit::NoSuchRevision,
        }
    }

    pub(crate) fn refused(refusal: EditRefusal, current: StoredRecipe) -> Self {
        match refusal {
            EditRefusal::NotFound => Self::NotFound,
            EditRefusal::Forbidden => Self::Forbidden,
            EditRefusal::Ownerless => Self::Ownerless,
            EditRefusal::Stale => Self::Stale(Box::new(current)),
        }
    }
}

/// Recipes.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor's rights were revoked or the owner was deleted meanwhile.
    pub async fn create_recipe(&self, new: NewRecipe, context: Context) -> Result<StoredRecipe, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_recipe(new, context).await,
            Self::Postgres(db) => db.create_recipe(new, context).await,
        }
    }

    /// A cache for values made from recipes, such as rendered responses. Every write to the database empties it.
    pub fn recipe_cache<V: Clone>(&self) -> ReadCache<RecipeId, V> {
        match self {
            Self::Sqlite(db) => ReadCache::new(db.recipe_cache_policy()),
            Self::Postgres(db) => ReadCache::new(db.recipe_cache_policy()),
        }
    }

    pub async fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipe(id, viewer),
            Self::Postgres(db) => db.recipe(id, viewer).await,
        }
    }

    /// The recipes that this viewer may see, in the order of their ids, behind `json`. A page of large recipes ends before
    /// its limit, after 128 KiB; [`Listing::next`] tells whether there are more.
    pub async fn recipes(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes(page, viewer, json),
            Self::Postgres(db) => db.recipes(page, viewer, json).await,
        }
    }

    /// Where a page of [`recipes`](Self::recipes) ends that has as many recipes as its limit says; `None` if it is empty.
    pub async fn end_of_recipe_page(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Option<PageEnd<RecipeId>>, StoreError> {
        match self {
            Self::Sqlite(db) => db.end_of_recipe_page(page, viewer),
            Self::Postgres(db) => db.end_of_recipe_page(page, viewer).await,
        }
    }

    /// The recipes of one user, in the order of their ids. See [`recipes`](Self::recipes).
    pub async fn recipes_of(
        &self,
        owner: UserId,
        page: Page<RecipeId>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes_of(owner, page),
            Self::Postgres(db) => db.recipes_of(owner, page).await,
        }
    }

    /// How many recipes exist for this viewer.
    pub async fn count_recipes(&self, viewer: Viewer) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_recipes(viewer).await,
            Self::Postgres(db) => db.count_recipes(viewer).await,
        }
    }

    /// How much this user has.
    pub async fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        match self {
            Self::Sqlite(db) => db.usage(owner),
            Self::Postgres(db) => db.usage(owner).await,
        }
    }

    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor's rights were revoked meanwhile, [`StoreError::QuotaExceeded`].
    pub async fn replace_recipe(
        &self,
        command: ReplaceRecipe,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_recipe(Change::replace(command), context).await,
            Self::Postgres(db) => db.change_recipe(Change::replace(command), context).await,
        }
    }

    /// Applies a merge patch to the revision of the moment of the change.
    ///
    /// # Errors
    /// As [`replace_recipe`](Self::replace_recipe).
    pub async fn patch_recipe(
        &self,
        command: PatchRecipe,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_recipe(Change::patch(command), context).await,
            Self::Postgres(db) => db.change_recipe(Change::patch(command), context).await,
        }
    }

    /// Makes a new revision with the content of a former one, which the actor must be able to read.
    ///
    /// # Errors
    /// As [`replace_recipe`](Self::replace_recipe).
    pub async fn restore_revision(
        &self,
        command: RestoreRevision,
        context: Context,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_recipe(Change::restore(command), context).await,
            Self::Postgres(db) => db.change_recipe(Change::restore(command), context).await,
        }
    }

    /// Deletes a recipe and its history for good: [`bin_recipe`](Self::bin_recipe) can be undone. The id is never given out again.
    ///
    /// # Errors
    /// As [`replace_recipe`](Self::replace_recipe).
    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        terms: impl Into<EditTerms>,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        let terms = terms.into();
        match self {
            Self::Sqlite(db) => db.delete_recipe(id, terms, context).await,
            Self::Postgres(db) => db.delete_recipe(id, terms, context).await,
        }
    }
}

#[cfg(test)]
mod tests;
