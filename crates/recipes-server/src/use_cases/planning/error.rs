//! Why a use case of meal plans and shopping lists failed.

use recipes::FieldError;
use store::{
    MAX_HOUSEHOLD_MEMBERS, MAX_PLAN_ENTRIES, MAX_PLAN_ENTRIES_OF_DAY, MAX_SHOPPING_ITEMS, StoreError,
};

use crate::use_cases::recipes::RecipeError;

/// Why a use case of meal plans and shopping lists failed. The texts are for the user, except those of the last variants.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("There is no such meal in your plan")]
    NoSuchMeal,
    #[error("A day can have {MAX_PLAN_ENTRIES_OF_DAY} meals and a plan {MAX_PLAN_ENTRIES}; remove one first")]
    TooManyMeals,
    #[error("There is no such item in your list")]
    NoSuchItem,
    #[error("The item has changed meanwhile; read the list again, then repeat your change")]
    ItemChanged,
    #[error("A list can have {MAX_SHOPPING_ITEMS} items; remove some first")]
    TooManyItems,
    #[error("The invitation is unknown, was used or has expired; ask for another one")]
    NoSuchInvitation,
    #[error("The household has {MAX_HOUSEHOLD_MEMBERS} members, the most that one may have")]
    HouseholdFull,
    #[error("You are in no household")]
    NoHousehold,
    #[error("There is no such calendar")]
    NoSuchFeed,
    #[error("Some fields are not valid; see errors for each")]
    Invalid(Vec<FieldError>),
    /// The account was deleted, or its rights were revoked, while the request was being served.
    #[error("Unauthorized")]
    ActorRevoked,
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The stored text cannot be read as a recipe.
    #[error(transparent)]
    Corrupt(serde_json::Error),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for PlanError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ActorRevoked => Self::ActorRevoked,
            error => Self::Store(error),
        }
    }
}
