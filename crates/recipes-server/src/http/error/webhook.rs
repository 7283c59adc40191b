//! The errors of webhooks as responses.

use http::StatusCode;
use recipes::FieldError;

use super::Report;
use crate::use_cases::accounts::AccountError;
use crate::use_cases::webhooks::WebhookError;

impl From<WebhookError> for Report {
    fn from(error: WebhookError) -> Self {
        use WebhookError as E;
        let (status, code) = match error {
            E::NotFound => (StatusCode::NOT_FOUND, "webhook_not_found"),
            E::TooMany => (StatusCode::CONFLICT, "too_many_webhooks"),
            E::Disabled => (StatusCode::CONFLICT, "webhook_disabled"),
            E::Off => (StatusCode::SERVICE_UNAVAILABLE, "webhooks_off"),
            E::InvalidUrl(message) => {
                return Self::invalid(vec![FieldError { pointer: "/url".to_owned(), message }]);
            }
            // The cause is in the log already.
            E::Sealing(error) if error.status() == 503 => return Self::unavailable(error),
            E::Sealing(error) => return Self::internal(error),
            E::Store(error) => return AccountError::from(error).into(),
        };
        Self::new(status, code, error.to_string())
    }
}
