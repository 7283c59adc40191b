//! The errors of meal plans and shopping lists as responses.

use http::StatusCode;

use super::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::planning::PlanError;

impl From<PlanError> for Report {
    fn from(error: PlanError) -> Self {
        use PlanError as E;
        let (status, code) = match error {
            E::NoSuchMeal => (StatusCode::NOT_FOUND, "meal_not_found"),
            E::TooManyMeals => (StatusCode::CONFLICT, "too_many_meals"),
            E::NoSuchItem => (StatusCode::NOT_FOUND, "item_not_found"),
            E::ItemChanged => (StatusCode::CONFLICT, "item_changed"),
            E::TooManyItems => (StatusCode::CONFLICT, "too_many_items"),
            E::NoSuchInvitation => (StatusCode::NOT_FOUND, "household_invitation_not_found"),
            E::HouseholdFull => (StatusCode::CONFLICT, "household_full"),
            E::NoHousehold => (StatusCode::NOT_FOUND, "no_household"),
            E::NoSuchFeed => (StatusCode::NOT_FOUND, "calendar_not_found"),
            E::Invalid(errors) => return Self::invalid(errors),
            E::ActorRevoked => return AccountError::ActorRevoked.into(),
            E::Recipe(error) => return error.into(),
            E::Corrupt(error) => return Self::internal(error),
            E::Store(error) => return error.into(),
        };
        Self::new(status, code, error.to_string())
    }
}
