//! Rejections of tower-passport in the format of this API.

use std::borrow::Cow;

use http::{HeaderMap, StatusCode, header};
use tower_passport::{Reason, Rejection};

use super::{ApiError, Report};
use crate::auth::rate_limit::LimitReached;
use crate::limits;

/// The report of a rejection. Its challenges are kept.
pub(super) fn rejected(rejection: Rejection, headers: &mut HeaderMap) -> Report {
    for challenge in rejection.challenges() {
        headers.append(header::WWW_AUTHENTICATE, challenge.clone());
    }
    let (status, code, message): (_, _, Cow<'static, str>) = match rejection.reason() {
        Reason::NoCredentials => (StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized".into()),
        Reason::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized".into()),
        Reason::WrongCredentials => {
            return ApiError::UnableToLogIn.report(headers);
        }
        Reason::InsufficientScope => (
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            "This token does not allow that; WWW-Authenticate names the scope it needs".into(),
        ),
        Reason::InvalidRequest if !rejection.missing_fields().is_empty() => {
            return ApiError::missing(rejection.missing_fields().iter().map(String::as_str)).report(headers);
        }
        Reason::BodyTooLarge => return ApiError::BodyTooLarge { limit: limits::BODY_BYTES }.report(headers),
        Reason::InvalidRequest => {
            (StatusCode::BAD_REQUEST, "invalid_request", rejection.description().to_owned().into())
        }
        Reason::TooManyRequests => match rejection.extension::<LimitReached>() {
            Some(reached) => return ApiError::RateLimited(*reached).report(headers),
            None => return ApiError::Internal(rejection.into()).report(headers),
        },
        Reason::Undecided => match rejection.retry_after() {
            Some(retry_after) => return ApiError::Overloaded { retry_after }.report(headers),
            None => return ApiError::Unavailable(rejection.into()).report(headers),
        },
        _ => return ApiError::Internal(rejection.into()).report(headers),
    };
    Report { status, code, message, errors: Vec::new(), cause: None }
}
