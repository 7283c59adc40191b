//! The errors of recipes as responses.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use recipes::FieldError;

use super::{Report, RequestError};
use crate::http::conditional::ETag;
use crate::images::{ImageError, MAX_BYTES, PictureError};
use crate::use_cases::accounts::AccountError;
use crate::use_cases::recipes::RecipeError;

/// The least rate at which the search index is built.
const INDEXED_PER_SECOND: u64 = 5_000;

/// In seconds.
const LONGEST_WAIT: u64 = 60;

impl From<RecipeError> for Report {
    fn from(error: RecipeError) -> Self {
        use RecipeError as E;
        let (status, code) = match error {
            E::NotFound => (StatusCode::NOT_FOUND, "recipe_not_found"),
            E::NotTheOwner => (StatusCode::FORBIDDEN, "not_the_owner"),
            E::ReadOnlyAccount => (StatusCode::FORBIDDEN, "read_only_account"),
            E::NoOwner => (StatusCode::FORBIDDEN, "recipe_without_owner"),
            E::NoSuchUser => return AccountError::UserNotFound.into(),
            E::AdminRequired => return AccountError::AdminRequired.into(),
            E::EmailNotVerified => (StatusCode::FORBIDDEN, "email_not_verified"),
            // As in RFC 4331, section 6.
            E::QuotaExceeded { .. } => (StatusCode::INSUFFICIENT_STORAGE, "quota_exceeded"),
            E::NoServings => (StatusCode::BAD_REQUEST, "no_servings"),
            E::ScaleOutOfRange => (StatusCode::BAD_REQUEST, "malformed"),
            E::TooManyExports => return Self::overloaded(Duration::from_secs(10)),
            E::Corrupt(why) => return Self::internal(why),
            E::IdempotencyKeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            E::TooManyShares => (StatusCode::CONFLICT, "too_many_shares"),
            E::NoSuchShare => (StatusCode::NOT_FOUND, "share_not_found"),
            E::EditsTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "edits_too_large"),
            E::MayNotRead => (StatusCode::FORBIDDEN, "insufficient_scope"),
            E::OfOperation { index, error } => return Self::from(*error).of_operation(index),
            E::TooManyCooked => (StatusCode::CONFLICT, "too_many_entries"),
            E::NoSuchRevision => (StatusCode::NOT_FOUND, "revision_not_found"),
            E::CommunalBinned => (StatusCode::FORBIDDEN, "admin_required"),
            E::PositionUnknown => (StatusCode::GONE, "position_unknown"),
            E::UidTaken => (StatusCode::CONFLICT, "uid_taken"),
            E::NoSuchEntry => (StatusCode::NOT_FOUND, "entry_not_found"),
            E::NoSuchImage => (StatusCode::NOT_FOUND, "image_not_found"),
            E::NoSuchStep => (StatusCode::NOT_FOUND, "step_not_found"),
            E::Image(ImageError::Overloaded { retry_after }) => return Self::overloaded(retry_after),
            E::Image(ImageError::Failed(why)) => return Self::internal(why),
            E::Image(ImageError::Refused(PictureError::TooLarge)) => {
                return RequestError::BodyTooLarge { limit: MAX_BYTES }.into();
            }
            E::Image(ref why) => {
                let problem = FieldError { pointer: "/image".to_owned(), message: why.to_string() };
                let report = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_image", error.to_string());
                return report.with_errors(vec![problem]);
            }
            E::TooManyFavourites => (StatusCode::CONFLICT, "too_many_favourites"),
            E::TooManyRatings => (StatusCode::CONFLICT, "too_many_ratings"),
            E::NoRating => (StatusCode::NOT_FOUND, "rating_not_found"),
            E::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
            E::IndexIncomplete { .. } => (StatusCode::SERVICE_UNAVAILABLE, "search_index_incomplete"),
            E::IndexBehind => (StatusCode::SERVICE_UNAVAILABLE, "search_index_behind"),
            E::NoSearch => return Self::internal(error),
            E::Search(error) => return Self::internal(error),
            E::Thread(error) => return Self::internal(error),
            E::Invalid(errors) => return Self::invalid(errors),
            E::ActorRevoked => return AccountError::ActorRevoked.into(),
            E::Store(error) => return error.into(),
        };
        let report = Self::new(status, code, error.to_string());
        match error {
            E::IndexIncomplete { indexed, total } => {
                let seconds = total.saturating_sub(indexed) / INDEXED_PER_SECOND;
                report.retry_after_seconds(seconds.clamp(1, LONGEST_WAIT))
            }
            E::IndexBehind => report.retry_after_seconds(1),
            E::MayNotRead => {
                let challenge = "Bearer error=\"insufficient_scope\", scope=\"recipes:read\"";
                report.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
            }
            E::Stale { id, revision, current } => {
                let etag = current.as_deref().map_or_else(|| ETag::json(id, revision), ETag::of);
                let report = report.with_header(header::ETAG, etag.to_header());
                match current {
                    Some(current) => report.with_current(&current),
                    None => report,
                }
            }
            _ => report,
        }
    }
}
