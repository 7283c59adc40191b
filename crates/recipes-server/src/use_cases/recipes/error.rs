//! Why a use case of recipes failed.

use ids::RecipeId;
use recipes::{Quotas, Usage};
use search::SearchError;
use store::StoreError;
use tokio::task::JoinError;

/// Why a use case of recipes failed. The texts are for the user, except that of the last variant.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// Absent, or private to another user: the two look the same.
    #[error("Recipe not found")]
    NotFound,
    #[error("Only the owner can change this recipe")]
    NotTheOwner,
    #[error("Verify your e-mail address first, with the link in the mail; you can request the mail again")]
    EmailNotVerified,
    /// The precondition of the change does not hold.
    #[error("The recipe has changed since you read it; read it again, then repeat your change")]
    Stale { id: RecipeId, revision: i64 },
    #[error(
        "Your recipes would exceed your quota: you have {} recipes of {} and {} bytes of {}; delete some, or ask the \
         operator for a larger quota (QUOTA_RECIPES, QUOTA_BYTES)",
        usage.recipes, quotas.recipes, usage.bytes, quotas.bytes
    )]
    QuotaExceeded { usage: Usage, quotas: Quotas },
    /// The account was deleted, or its rights were revoked, while the request was being served.
    #[error("Unauthorized")]
    ActorRevoked,
    #[error("The search index is being built: {indexed} of {total} recipes; try again after the given time")]
    IndexIncomplete { indexed: u64, total: u64 },
    /// The service has no recipes.
    #[error("This service has no search")]
    NoSearch,
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A thread of the search has failed.
    #[error(transparent)]
    Thread(#[from] JoinError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RecipeError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ActorRevoked => Self::ActorRevoked,
            StoreError::QuotaExceeded { usage, quotas } => Self::QuotaExceeded { usage, quotas },
            error => Self::Store(error),
        }
    }
}
