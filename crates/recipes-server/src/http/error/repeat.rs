//! The errors of repeated requests as responses.

use http::StatusCode;

use super::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::repeats::RepeatError;

impl From<RepeatError> for Report {
    fn from(error: RepeatError) -> Self {
        match error {
            RepeatError::AnswerLost => {
                Self::new(StatusCode::CONFLICT, "idempotency_answer_lost", error.to_string())
            }
            RepeatError::NoSecret => Self::internal(error),
            RepeatError::Store(error) => AccountError::from(error).into(),
        }
    }
}
