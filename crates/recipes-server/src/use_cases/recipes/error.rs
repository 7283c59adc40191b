//! Why a use case of recipes failed.

use ids::RecipeId;
use recipes::amounts::{RecipeView, ViewError};
use recipes::{CorruptRecipe, FieldError, Quotas, Usage};
use search::SearchError;
use store::{
    MAX_COOKED, MAX_COOKED_OF_RECIPE, MAX_EDITED_BYTES, MAX_FAVOURITES, MAX_RATINGS, MAX_SHARES, StoreError,
    StoredRecipe,
};
use tokio::task::JoinError;

use crate::images::ImageError;

/// Why a use case of recipes failed. The texts are for the user, except that of the last variant.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// Absent, or private to another user: the two look the same.
    #[error("Recipe not found")]
    NotFound,
    #[error("Only the owner can change this recipe")]
    NotTheOwner,
    #[error("Your account reads recipes and cannot write any; ask an administrator for the role user")]
    ReadOnlyAccount,
    #[error("This recipe has no owner: only an administrator can change it")]
    NoOwner,
    #[error("There is no such user")]
    NoSuchUser,
    #[error("Only administrators can do this")]
    AdminRequired,
    #[error("Verify your e-mail address first, with the link in the mail; you can request the mail again")]
    EmailNotVerified,
    #[error("You have {MAX_FAVOURITES} favourites, the most that a user may have; remove one first")]
    TooManyFavourites,
    #[error("You have rated {MAX_RATINGS} recipes, the most that a user may rate; remove a rating first")]
    TooManyRatings,
    #[error("You have not rated this recipe")]
    NoRating,
    #[error(
        "You have {MAX_COOKED_OF_RECIPE} entries for this recipe, or {MAX_COOKED} in all, the most that a user may have; remove \
         one first"
    )]
    TooManyCooked,
    #[error("The recipe has {MAX_SHARES} links, the most that it may have; revoke one first")]
    TooManyShares,
    #[error("This link is unknown, expired or revoked")]
    NoSuchShare,
    #[error(
        "The position is not of this database: ask for a new one (GET /api/v1/recipes/changes without since), read all recipes again, \
         then go on from it"
    )]
    PositionUnknown,
    #[error("There is no such revision of this recipe")]
    NoSuchRevision,
    #[error("Only administrators delete recipes without an owner for good")]
    CommunalBinned,
    #[error("A recipe with the uid of this one was imported since; delete it first")]
    UidTaken,
    #[error("You have no such entry")]
    NoSuchEntry,
    #[error("There is no such picture")]
    NoSuchImage,
    #[error("The recipe has no such step")]
    NoSuchStep,
    /// What a client sent as a picture.
    #[error("The picture {0}")]
    Image(#[from] ImageError),
    /// The operator's settings do not allow some of the values, or a patch would make a recipe that is not valid.
    #[error("Some fields are not valid; see errors for each")]
    Invalid(Vec<FieldError>),
    /// An API token for writing only.
    #[error("A patch needs an API token that may also read recipes (recipes:read)")]
    MayNotRead,
    #[error(
        "The operations before have written {} MiB of recipes, the most of one request; send the rest in another one",
        MAX_EDITED_BYTES >> 20
    )]
    EditsTooLarge,
    /// Of several changes that are made together or not at all, this one was refused.
    #[error("{error}")]
    OfOperation { index: usize, error: Box<Self> },
    #[error("You have used this Idempotency-Key for another request; use a new key for each request")]
    IdempotencyKeyReused,
    /// The precondition of the change does not hold.
    #[error("The recipe has changed since you read it; read it again, then repeat your change")]
    Stale {
        id: RecipeId,
        revision: i64,
        /// The recipe as it is now, if the caller may read it.
        current: Option<Box<StoredRecipe>>,
    },
    #[error(
        "The recipe does not say for how many people it is: scale it with scale= instead of servings=, as in scale=3/2"
    )]
    NoServings,
    #[error("The recipe can be scaled to at most {max} times of what it is, and to at least 1/{max}", max = RecipeView::MAX_SCALE)]
    ScaleOutOfRange,
    #[error("Other exports are running; try again later")]
    TooManyExports,
    /// The stored text cannot be read as a recipe.
    #[error(transparent)]
    Corrupt(#[from] CorruptRecipe),
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
    #[error("The search index misses the last changes; try again later")]
    IndexBehind,
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
            StoreError::AdminRequired => Self::AdminRequired,
            StoreError::EditsTooLarge => Self::EditsTooLarge,
            StoreError::QuotaExceeded { usage, quotas } => Self::QuotaExceeded { usage, quotas },
            error => Self::Store(error),
        }
    }
}

impl From<ViewError> for RecipeError {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NoServings => Self::NoServings,
            ViewError::OutOfRange => Self::ScaleOutOfRange,
        }
    }
}
