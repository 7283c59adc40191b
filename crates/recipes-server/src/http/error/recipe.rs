//! The errors of recipes as responses.

use http::{HeaderValue, StatusCode, header};

use super::Report;
use crate::http::conditional::ETag;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::recipes::RecipeError;

impl From<RecipeError> for Report {
    fn from(error: RecipeError) -> Self {
        use RecipeError as E;
        let (status, code) = match error {
            E::NotFound => (StatusCode::NOT_FOUND, "recipe_not_found"),
            E::NotTheOwner => (StatusCode::FORBIDDEN, "not_the_owner"),
            E::EmailNotVerified => (StatusCode::FORBIDDEN, "email_not_verified"),
            // As in RFC 4331, section 6.
            E::QuotaExceeded { .. } => (StatusCode::INSUFFICIENT_STORAGE, "quota_exceeded"),
            E::Stale { .. } => (StatusCode::PRECONDITION_FAILED, "precondition_failed"),
            E::IndexIncomplete => (StatusCode::SERVICE_UNAVAILABLE, "search_index_incomplete"),
            E::Search(error) => return Self::internal(error),
            E::Thread(error) => return Self::internal(error),
            E::ActorRevoked => return AccountError::ActorRevoked.into(),
            E::Store(error) => return error.into(),
        };
        let report = Self::new(status, code, error.to_string());
        match error {
            E::IndexIncomplete => report.with_header(header::RETRY_AFTER, HeaderValue::from_static("1")),
            E::Stale { id, revision } => {
                report.with_header(header::ETAG, ETag::json(id, revision).to_header())
            }
            _ => report,
        }
    }
}
