//! The bin of deleted recipes.

use ids::{RecipeId, UserId};
use jiff::{SignedDuration, Timestamp};
use store::{BinEdit, BinExport, BinKey, BinnedRecipe, Listing, Page, Precondition, StoredRecipe, Viewer};

use super::{RecipeError, Recipes, Writer, done};

impl Recipes {
    /// Deletes a recipe: it is moved into the bin, unless the operator has switched that off.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::NotTheOwner`], [`RecipeError::NoOwner`], [`RecipeError::Stale`].
    pub async fn delete(
        &self,
        writer: Writer,
        id: RecipeId,
        precondition: Precondition,
    ) -> Result<(), RecipeError> {
        let (terms, context) = (self.terms(precondition), self.context(writer));
        let deleted = if self.bin_days == 0 {
            self.store.delete_recipe(id, terms, context).await
        } else {
            self.store.bin_recipe(id, terms, context).await
        };
        done(writer, deleted)
    }

    /// The recipes in the bin that the viewer could change, the newest deletion first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn bin(
        &self,
        page: Page<BinKey>,
        viewer: Viewer,
    ) -> Result<Listing<Vec<BinnedRecipe>, BinKey>, RecipeError> {
        Ok(self.store.bin(page, viewer, self.ownerless).await?)
    }

    /// When a recipe leaves the bin that was moved into it then.
    pub fn leaves_bin_at(&self, deleted_at: Timestamp) -> Timestamp {
        let days = SignedDuration::from_hours(24 * i64::from(self.bin_days));
        deleted_at.saturating_add(days).unwrap_or(Timestamp::MAX)
    }

    /// Takes a recipe out of the bin, as it was.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::UidTaken`], [`RecipeError::QuotaExceeded`].
    pub async fn restore_binned(&self, writer: Writer, id: RecipeId) -> Result<StoredRecipe, RecipeError> {
        let context = self.context(writer);
        taken_out(self.store.restore_binned(id, self.ownerless, self.quotas, context).await?)
    }

    /// Deletes a recipe in the bin for good.
    ///
    /// # Errors
    /// [`RecipeError::NotFound`], [`RecipeError::CommunalBinned`] for a recipe without an owner.
    pub async fn delete_binned(&self, writer: Writer, id: RecipeId) -> Result<(), RecipeError> {
        taken_out(self.store.delete_binned(id, self.ownerless, self.context(writer)).await?)
    }

    /// Some of the recipes of a user in the bin, for the export of the account.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn bin_of(&self, owner: UserId, after: Option<BinKey>) -> Result<BinExport, RecipeError> {
        Ok(self.store.bin_of(owner, after).await?)
    }
}

fn taken_out<T>(edit: BinEdit<T>) -> Result<T, RecipeError> {
    match edit {
        BinEdit::Done(done) => Ok(done),
        BinEdit::NotFound => Err(RecipeError::NotFound),
        BinEdit::Forbidden => Err(RecipeError::CommunalBinned),
        BinEdit::UidTaken => Err(RecipeError::UidTaken),
    }
}
