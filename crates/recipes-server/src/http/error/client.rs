//! The errors of clients as responses.

use http::StatusCode;
use recipes::FieldError;

use super::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::clients::ClientError;

impl From<ClientError> for Report {
    fn from(error: ClientError) -> Self {
        use ClientError as E;
        let (status, code) = match error {
            E::NotFound => (StatusCode::NOT_FOUND, "client_not_found"),
            E::Changed => (StatusCode::CONFLICT, "client_changed"),
            E::HasNoSecret => (StatusCode::CONFLICT, "client_has_no_secret"),
            E::InvalidField { field, message } => {
                return Self::invalid(vec![FieldError { pointer: format!("/{field}"), message }]);
            }
            E::Invalid(error) => {
                let problem =
                    |message: &String| FieldError { pointer: String::new(), message: message.clone() };
                return Self::invalid(error.problems().iter().map(problem).collect());
            }
            E::Corrupt(error) => return Self::internal(error),
            E::Store(error) => return AccountError::from(error).into(),
        };
        Self::new(status, code, error.to_string())
    }
}
