//! What the doors of tower-passport refuse, in the words of this API.

use std::borrow::Cow;

use http::{HeaderMap, StatusCode, header};
use tower_passport::{Reason, Refusal};

use super::{ApiError, Report};
use crate::auth::rate_limit::LimitReached;
use crate::limits;
use crate::passwords::HashError;

/// The door's conclusion in the words of this API; its challenges stay as they are.
pub(super) fn refused(refusal: Refusal, headers: &mut HeaderMap) -> Report {
    for challenge in refusal.challenges() {
        headers.append(header::WWW_AUTHENTICATE, challenge.clone());
    }
    let (status, code, message): (_, _, Cow<'static, str>) = match refusal.reason() {
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
        Reason::InvalidRequest if !refusal.missing_fields().is_empty() => {
            return ApiError::missing(refusal.missing_fields().iter().map(String::as_str)).report(headers);
        }
        Reason::BodyTooLarge => return ApiError::BodyTooLarge { limit: limits::BODY_BYTES }.report(headers),
        Reason::InvalidRequest => {
            (StatusCode::BAD_REQUEST, "invalid_request", refusal.description().to_owned().into())
        }
        Reason::Undecided => {
            let error = refusal.error();
            let overloaded = error.and_then(|error| error.downcast_ref::<HashError>());
            let limited = error.and_then(|error| error.downcast_ref::<LimitReached>());
            return match (overloaded, limited) {
                (_, Some(reached)) => ApiError::RateLimited(*reached),
                (Some(HashError::Overloaded { retry_after }), _) => {
                    ApiError::Overloaded { retry_after: *retry_after }
                }
                _ => ApiError::Unavailable(refusal.into()),
            }
            .report(headers);
        }
        _ => return ApiError::Internal(refusal.into()).report(headers),
    };
    Report { status, code, message, errors: Vec::new(), cause: None }
}
