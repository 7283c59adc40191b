//! API tokens, whatever the database.

use jiff::Timestamp;

use crate::{Context, Store, StoreError};
use accounts::{ApiToken, NewApiToken, TokenDigest, User};
use ids::{ApiTokenId, UserId};

/// API tokens.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// `None`: this user has [`MAX_API_TOKENS`](accounts::MAX_API_TOKENS) already.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the user was deleted or disabled meanwhile, or the actor's session has ended.
    pub async fn create_api_token(
        &self,
        user: UserId,
        new: NewApiToken,
        context: Context,
    ) -> Result<Option<ApiToken>, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_api_token(user, new, context).await,
            Self::Postgres(db) => db.create_api_token(user, new, context).await,
        }
    }

    /// The token and its user, in one read. Whether it has expired is for the caller to see.
    pub async fn api_token_user(&self, digest: TokenDigest) -> Result<Option<(ApiToken, User)>, StoreError> {
        match self {
            Self::Sqlite(db) => db.api_token_user(digest),
            Self::Postgres(db) => db.api_token_user(digest).await,
        }
    }

    /// Queues the note that a token was used. Returns at once; a failure is not reported.
    pub fn api_token_used(&self, id: ApiTokenId, now: Timestamp) {
        match self {
            Self::Sqlite(db) => db.api_token_used(id, now),
            Self::Postgres(db) => db.api_token_used(id, now),
        }
    }

    /// The tokens of a user, the oldest first, also those that have expired; at most [`MAX_API_TOKENS`](accounts::MAX_API_TOKENS).
    pub async fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, StoreError> {
        match self {
            Self::Sqlite(db) => db.api_tokens(user),
            Self::Postgres(db) => db.api_tokens(user).await,
        }
    }

    /// Deletes one token of this user. Says whether there was one.
    pub async fn delete_api_token(
        &self,
        user: UserId,
        id: ApiTokenId,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_api_token(user, id, context).await,
            Self::Postgres(db) => db.delete_api_token(user, id, context).await,
        }
    }
}
