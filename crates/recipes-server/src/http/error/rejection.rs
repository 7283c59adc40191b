//! The rejections of tower-passport as responses of this API.

use http::{StatusCode, header};
use tower_passport::{Reason, Rejection};

use super::{Report, RequestError};
use crate::auth::rate_limit::LimitReached;
use crate::limits;
use crate::use_cases::accounts::AccountError;

/// The challenges stay as they are.
impl From<Rejection> for Report {
    fn from(rejection: Rejection) -> Self {
        let report = match rejection.reason() {
            Reason::NoCredentials => Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized"),
            Reason::InvalidToken => Self::new(StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized"),
            Reason::WrongCredentials => return AccountError::UnableToLogIn.into(),
            Reason::InsufficientScope => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "This token does not allow that; WWW-Authenticate names the scope it needs",
            ),
            Reason::BodyTooLarge => RequestError::BodyTooLarge { limit: limits::BODY_BYTES }.into(),
            Reason::InvalidRequest if rejection.missing_fields().is_empty() => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_request", rejection.description().to_owned())
            }
            Reason::InvalidRequest => {
                RequestError::missing(rejection.missing_fields().iter().map(String::as_str)).into()
            }
            Reason::TooManyRequests => match rejection.extension::<LimitReached>() {
                Some(reached) => Self::rate_limited(reached),
                None => return Self::internal(rejection),
            },
            Reason::Undecided => match rejection.retry_after() {
                Some(retry_after) => Self::overloaded(retry_after),
                None => return Self::unavailable(rejection),
            },
            _ => return Self::internal(rejection),
        };
        let challenges = rejection.challenges().cloned();
        challenges.fold(report, |report, challenge| report.with_header(header::WWW_AUTHENTICATE, challenge))
    }
}
