//! The refusals of tower-passport as responses of this API.

use http::{StatusCode, header};
use tower_passport::{Reason, Refusal};

use super::{Report, RequestError};
use crate::auth::rate_limit::LimitReached;
use crate::limits;
use crate::passwords::HashError;
use crate::use_cases::accounts::AccountError;

/// The challenges stay as they are.
impl From<Refusal> for Report {
    fn from(refusal: Refusal) -> Self {
        let report = match refusal.reason() {
            Reason::NoCredentials => Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized"),
            Reason::InvalidToken => Self::new(StatusCode::UNAUTHORIZED, "invalid_token", "Unauthorized"),
            Reason::WrongCredentials => return AccountError::UnableToLogIn.into(),
            Reason::InsufficientScope => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                "This token does not allow that; WWW-Authenticate names the scope it needs",
            ),
            Reason::BodyTooLarge => RequestError::BodyTooLarge { limit: limits::BODY_BYTES }.into(),
            Reason::InvalidRequest if refusal.missing_fields().is_empty() => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_request", refusal.description().to_owned())
            }
            Reason::InvalidRequest => {
                RequestError::missing(refusal.missing_fields().iter().map(String::as_str)).into()
            }
            Reason::Undecided => return undecided(refusal),
            _ => return Self::internal(refusal),
        };
        let challenges = refusal.challenges().cloned();
        challenges.fold(report, |report, challenge| report.with_header(header::WWW_AUTHENTICATE, challenge))
    }
}

/// A strategy could not decide. Its error says why.
fn undecided(refusal: Refusal) -> Report {
    let error = refusal.error();
    if let Some(reached) = error.and_then(|error| error.downcast_ref::<LimitReached>()) {
        return Report::rate_limited(reached);
    }
    match error.and_then(|error| error.downcast_ref::<HashError>()) {
        Some(HashError::Overloaded { retry_after }) => Report::overloaded(*retry_after),
        _ => Report::unavailable(refusal),
    }
}
