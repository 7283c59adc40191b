//! Share links, in either kind of database: each shows one recipe to visitors without an account.

use accounts::TokenDigest;
use ids::{RecipeId, ShareId, UserId};
use jiff::Timestamp;

use crate::{Context, EditRefusal, Ownerless, Store, StoreError, StoredRecipe};

/// Links of one recipe at most.
pub const MAX_SHARES: u16 = 100;

/// A link as it is stored, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub id: ShareId,
    pub created_by: UserId,
    pub created_at: Timestamp,
    /// `None`: it does not end by itself.
    pub expires_at: Option<Timestamp>,
}

/// A link, and the recipe that it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedByUser {
    pub recipe: RecipeId,
    pub share: Share,
}

/// A link before it is stored.
#[derive(Clone, Copy, Debug)]
pub struct NewShare {
    pub id: ShareId,
    /// Of the secret, which is shown once and not stored.
    pub digest: TokenDigest,
    pub expires_at: Option<Timestamp>,
}

/// The links of a recipe, for an actor. Users who may change the recipe manage its links.
#[derive(Clone, Copy, Debug)]
pub struct ShareRequest {
    pub recipe: RecipeId,
    pub ownerless: Ownerless,
    pub context: Context,
}

/// Share links.
///
/// # Errors
/// [`StoreError::ActorRevoked`] if the actor is no user, or the user's rights were revoked meanwhile;
/// [`StoreError::Unavailable`] when the disk fails. The inner error says that the actor may not change the recipe.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// `None`: the recipe has [`MAX_SHARES`] links.
    pub async fn create_share(
        &self,
        new: NewShare,
        request: ShareRequest,
    ) -> Result<Result<Option<Share>, EditRefusal>, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_share(new, request).await,
            Self::Postgres(db) => db.create_share(new, request).await,
        }
    }

    /// The links that have not expired, the oldest first.
    pub async fn shares(&self, request: ShareRequest) -> Result<Result<Vec<Share>, EditRefusal>, StoreError> {
        match self {
            Self::Sqlite(db) => db.shares(request),
            Self::Postgres(db) => db.shares(request).await,
        }
    }

    /// The links that a user has made, also expired ones and those to recipes in the bin, the oldest first.
    pub async fn shares_of(&self, user: UserId) -> Result<Vec<SharedByUser>, StoreError> {
        match self {
            Self::Sqlite(db) => db.shares_of(user).await,
            Self::Postgres(db) => db.shares_of(user).await,
        }
    }

    /// `false`: the recipe has no such link.
    pub async fn revoke_share(
        &self,
        id: ShareId,
        request: ShareRequest,
    ) -> Result<Result<bool, EditRefusal>, StoreError> {
        match self {
            Self::Sqlite(db) => db.revoke_share(id, request).await,
            Self::Postgres(db) => db.revoke_share(id, request).await,
        }
    }

    /// The recipe that a link shows, also a private one. `None`: the link is unknown, revoked or expired, or the user
    /// who made it is disabled.
    pub async fn shared_recipe(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.shared_recipe(digest, now),
            Self::Postgres(db) => db.shared_recipe(digest, now).await,
        }
    }
}
