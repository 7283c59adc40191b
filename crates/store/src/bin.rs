//! The bin of deleted recipes, in either kind of database.

use ids::{RecipeId, UserId};
use jiff::Timestamp;

use crate::{Context, Edit, Listing, Page, Store, StoreError, StoredRecipe, Viewer};
use ::recipes::{EditTerms, Ownerless, Quotas, Visibility};

/// Recipes of one owner in the bin at most: those that were deleted first are deleted for good. So deleting what one has created over
/// and over does not fill the disk, though texts in the bin have no quota. Pictures in the bin have the one of their owner.
pub const MAX_BINNED: u32 = 1_000;

/// Recipes that one call of [`Store::empty_bin`] deletes at most.
pub(crate) const EMPTIED: u32 = 16;

/// Which of the recipes in the bin come later in its list. The newest deletion is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BinKey {
    pub deleted_at: Timestamp,
    pub id: RecipeId,
}

impl BinKey {
    /// The key before the first row of a page: the time in microseconds since 1970, and the id.
    pub(crate) fn before(page: Page<Self>) -> (i64, i64) {
        // In whole seconds: a number of microseconds cannot say more of the last one.
        let first = (Timestamp::MAX.as_second().saturating_mul(1_000_000), i64::MAX);
        page.after().map_or(first, |key| (key.deleted_at.as_microsecond(), key.id.get()))
    }
}

/// A recipe in the bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinnedRecipe {
    pub id: RecipeId,
    pub name: String,
    /// `None`: communal.
    pub owner: Option<UserId>,
    pub visibility: Visibility,
    pub deleted_at: Timestamp,
    /// `None`: the operator, or a user who was deleted since.
    pub deleted_by: Option<UserId>,
}

impl BinnedRecipe {
    pub fn key(&self) -> BinKey {
        BinKey { deleted_at: self.deleted_at, id: self.id }
    }
}

/// What became of a recipe in the bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BinEdit<T> {
    Done(T),
    /// It is not in the bin, or not one that the actor could change.
    NotFound,
    /// Only administrators delete communal recipes for good.
    Forbidden,
    /// A recipe with the same uid was imported since.
    UidTaken,
}

/// Recipes in the bin with their texts, for the export of an account.
pub type BinExport = Listing<Vec<(BinnedRecipe, StoredRecipe)>, BinKey>;

/// The bin. A recipe in it is no recipe for all other methods.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Moves a recipe into the bin, with its history and what users keep about it.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor's rights were revoked meanwhile.
    pub async fn bin_recipe(
        &self,
        id: RecipeId,
        terms: impl Into<EditTerms>,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        let terms = terms.into();
        match self {
            Self::Sqlite(db) => db.bin_recipe(id, terms, context).await,
            Self::Postgres(db) => db.bin_recipe(id, terms, context).await,
        }
    }

    /// The recipes in the bin that the viewer could change: the own ones, the communal ones if users change such recipes, and all of
    /// them for administrators.
    pub async fn bin(
        &self,
        page: Page<BinKey>,
        viewer: Viewer,
        ownerless: Ownerless,
    ) -> Result<Listing<Vec<BinnedRecipe>, BinKey>, StoreError> {
        match self {
            Self::Sqlite(db) => db.bin(page, viewer, ownerless),
            Self::Postgres(db) => db.bin(page, viewer, ownerless).await,
        }
    }

    /// Some recipes of this owner in the bin.
    pub async fn bin_of(&self, owner: UserId, after: Option<BinKey>) -> Result<BinExport, StoreError> {
        match self {
            Self::Sqlite(db) => db.bin_of(owner, after).await,
            Self::Postgres(db) => db.bin_of(owner, after).await,
        }
    }

    /// Takes a recipe out of the bin: it is as it was, with its id, its revision and its history.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`]; [`StoreError::QuotaExceeded`] if its owner would have more than these quotas.
    pub async fn restore_binned(
        &self,
        id: RecipeId,
        ownerless: Ownerless,
        quotas: Quotas,
        context: Context,
    ) -> Result<BinEdit<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.restore_binned(id, ownerless, quotas, context).await,
            Self::Postgres(db) => db.restore_binned(id, ownerless, quotas, context).await,
        }
    }

    /// Deletes a recipe in the bin and its history for good.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`].
    pub async fn delete_binned(
        &self,
        id: RecipeId,
        ownerless: Ownerless,
        context: Context,
    ) -> Result<BinEdit<()>, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_binned(id, ownerless, context).await,
            Self::Postgres(db) => db.delete_binned(id, ownerless, context).await,
        }
    }

    /// Deletes some of the recipes that were moved into the bin until then for good; says how many.
    pub async fn empty_bin(&self, until: Timestamp) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(db) => db.empty_bin(until).await,
            Self::Postgres(db) => db.empty_bin(until).await,
        }
    }
}
