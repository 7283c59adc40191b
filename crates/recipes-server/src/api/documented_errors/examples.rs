//! An example for each documented error. Each is a real error, so its code and its message are true.

use std::time::Duration;

use http::StatusCode;
use recipes::{FieldError, Quota, Quotas, Usage};
use serde_json::Value;
use tower_passport::{Challenge, Rejection};

use crate::http::error::{Report, RequestError};
use crate::http::negotiation::Shape;
use crate::images::PictureError;
use crate::limits::{BODY_BYTES, BULK_BYTES, IMPORT_BYTES};
use crate::use_cases::accounts::AccountError;
use crate::use_cases::clients::ClientError;
use crate::use_cases::planning::PlanError;
use crate::use_cases::recipes::RecipeError;
use crate::use_cases::repeats::RepeatError;
use crate::use_cases::webhooks::WebhookError;

const REQUEST_ID: &str = "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d";

const CROSS_ORIGIN: &str = "A request with cookies must come from a page of this service: Origin is \
    https://other.example, Sec-Fetch-Site is cross-site; this service is the host recipes.example. The operator sets its \
    address with PUBLIC_URL, and the origins of other front ends with CORS_ORIGINS";

/// The body of the error in this shape, by the name of the documented error and its status.
pub(super) fn example(name: &str, status: &str, shape: Shape) -> Option<Value> {
    body(&report(name, status)?, shape)
}

/// The body of a 422 for one field.
pub(in crate::api) fn invalid_field(error: FieldError, shape: Shape) -> Option<Value> {
    body(&RequestError::Invalid(vec![error]).into(), shape)
}

fn body(report: &Report, shape: Shape) -> Option<Value> {
    let (_, body) = report.body(shape, REQUEST_ID);
    serde_json::from_slice(&body).ok()
}

fn report(name: &str, status: &str) -> Option<Report> {
    use AccountError as E;
    let insufficient_scope = || Rejection::insufficient_scope(Challenge::bearer()).into();
    Some(match (name, status) {
        ("Malformed", _) => {
            RequestError::Malformed("The body is not valid JSON (line 1, column 9)".into()).into()
        }
        ("Unauthorized", _) => Rejection::no_credentials(Challenge::bearer()).into(),
        ("WrongPassword", _) => E::UnableToLogIn.into(),
        ("InvalidRefreshToken", _) => E::InvalidRefreshToken.into(),
        ("Forbidden", _) => RecipeError::NotTheOwner.into(),
        ("WithoutRecipesRead" | "WithoutBin" | "WithoutRecipesWrite" | "WithoutScope", _) => {
            insufficient_scope()
        }
        ("NoSession", _) => E::SessionRequired.into(),
        ("WrongCurrentPassword", _) => E::WrongPassword.into(),
        ("NoSignUp", _) => E::SignUpClosed.into(),
        ("OtherSite", _) => RequestError::CrossOrigin(CROSS_ORIGIN.to_owned()).into(),
        ("AdminRequired", _) => E::AdminRequired.into(),
        ("UserNotFound", _) => E::UserNotFound.into(),
        ("InvitationNotFound", _) => E::InvitationNotFound.into(),
        ("TooManyFavourites", _) => RecipeError::TooManyFavourites.into(),
        ("TooManyRatings", _) => RecipeError::TooManyRatings.into(),
        ("RatingNotFound", _) => RecipeError::NoRating.into(),
        ("TooManyCooked", _) => RecipeError::TooManyCooked.into(),
        ("TooManyShares", _) => RecipeError::TooManyShares.into(),
        ("ShareNotFound", _) => RecipeError::NoSuchShare.into(),
        ("RevisionNotFound", _) => RecipeError::NoSuchRevision.into(),
        ("PositionUnknown", _) => RecipeError::PositionUnknown.into(),
        ("CommunalBinned", _) => RecipeError::CommunalBinned.into(),
        ("UidTaken", _) => RecipeError::UidTaken.into(),
        ("CookedNotFound", _) => RecipeError::NoSuchEntry.into(),
        ("ImageNotFound", _) => RecipeError::NoSuchImage.into(),
        ("StepNotFound", _) => RecipeError::NoSuchStep.into(),
        ("RangeNotSatisfiable", _) => RequestError::RangeNotSatisfiable { length: 81_920 }.into(),
        ("MealNotFound", _) => PlanError::NoSuchMeal.into(),
        ("TooManyMeals", _) => PlanError::TooManyMeals.into(),
        ("CalendarNotFound", _) => PlanError::NoSuchFeed.into(),
        ("ItemNotFound", _) => PlanError::NoSuchItem.into(),
        ("ItemChanged", _) => PlanError::ItemChanged.into(),
        ("TooManyItems", _) => PlanError::TooManyItems.into(),
        ("HouseholdNotFound", _) => PlanError::NoHousehold.into(),
        ("InvitationToHouseholdNotFound", _) => PlanError::NoSuchInvitation.into(),
        ("HouseholdFull", _) => PlanError::HouseholdFull.into(),
        ("NoInvitation", _) => E::TooManyInvitations.into(),
        ("OwnAccount", _) => E::OwnAccount.into(),
        ("UserDisabled", _) => E::UserDisabled.into(),
        ("LastAdmin", _) => E::LastAdmin.into(),
        ("SessionNotFound", _) => E::SessionNotFound.into(),
        ("ApiTokenNotFound", _) => E::ApiTokenNotFound.into(),
        ("ApplicationNotFound", _) => E::ApplicationNotFound.into(),
        ("ClientNotFound", _) => ClientError::NotFound.into(),
        ("ClientChanged", _) => ClientError::Changed.into(),
        ("SecretlessClient", _) => ClientError::HasNoSecret.into(),
        ("WebhookNotFound", _) => WebhookError::NotFound.into(),
        ("TooManyWebhooks", _) => WebhookError::TooMany.into(),
        ("WebhookDisabled", _) => WebhookError::Disabled.into(),
        ("TooManyApiTokens", _) => E::TooManyApiTokens.into(),
        ("RecipeNotFound" | "BinnedNotFound", _) => RecipeError::NotFound.into(),
        ("NotAcceptable", _) => RequestError::NotAcceptable { offered: "application/json".to_owned() }.into(),
        ("EmailTaken", _) => E::EmailTaken.into(),
        ("PreconditionFailed", _) => {
            RecipeError::Stale { id: ids::RecipeId::from_i64(1)?, revision: 2, current: None }.into()
        }
        ("PreconditionRequired", _) => RequestError::PreconditionRequired.into(),
        ("UnacceptableBody" | "UnacceptableBulk" | "UnacceptableImport" | "UnacceptableImage", "408") => {
            RequestError::BodyTooSlow.into()
        }
        ("UnacceptableBody", "413") => RequestError::BodyTooLarge { limit: BODY_BYTES }.into(),
        ("UnacceptableBody" | "UnacceptableBulk", "415") => RequestError::UnsupportedMediaType.into(),
        ("UnacceptableBody", "422") => RequestError::missing(["name"]).into(),
        ("AnswerLost", _) => RepeatError::AnswerLost.into(),
        ("KeyReused", _) => RecipeError::IdempotencyKeyReused.into(),
        ("UnacceptableBulk", "413") => RequestError::BodyTooLarge { limit: BULK_BYTES }.into(),
        ("UnacceptableBulk", "422") => Report::from(RequestError::missing(["op"])).of_operation(3),
        ("UnacceptableImport", "413") => RequestError::BodyTooLarge { limit: IMPORT_BYTES }.into(),
        ("UnacceptableImage", "413") => RecipeError::Image(PictureError::TooLarge.into()).into(),
        ("UnacceptableImage", "422") => RecipeError::Image(PictureError::UnknownFormat.into()).into(),
        ("UnacceptableImport" | "UnacceptableImage", "415") => RequestError::UnsupportedCoding.into(),
        ("UnacceptableImport", "422") => {
            let message = "is a web page without a recipe in JSON-LD, microdata or RDFa".to_owned();
            RequestError::Invalid(vec![FieldError { pointer: "/0".to_owned(), message }]).into()
        }
        ("QuotaExceeded", _) => {
            let quotas = Quotas { recipes: Quota(Some(20_000)), bytes: Quota(Some(256 << 20)) };
            RecipeError::QuotaExceeded { usage: Usage { recipes: 20_000, bytes: 23_456_789 }, quotas }.into()
        }
        ("RateLimited", _) => {
            let message = "Too many requests of this kind; try again after the time in Retry-After. The operator sets the \
                           limit \"log-in\" with RATE_LIMITS";
            Report::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message)
        }
        ("Unavailable", _) => Report::overloaded(Duration::from_secs(1)),
        _ => return None,
    })
}
