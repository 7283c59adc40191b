//! The errors of accounts as responses.

use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use recipes::FieldError;

use super::Report;
use crate::passwords::HashError;
use crate::use_cases::accounts::{AccountError, CheckError};

/// RFC 9110 section 11.6.1 requires a challenge with every 401. Logging in gives a bearer token.
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const INVALID_TOKEN: HeaderValue = HeaderValue::from_static(r#"Bearer error="invalid_token""#);

/// How long a client waits until some of the queued mails are sent.
const MAIL_RETRY_AFTER: Duration = Duration::from_secs(10);

impl From<AccountError> for Report {
    fn from(error: AccountError) -> Self {
        use AccountError as E;
        let (status, code) = match error {
            E::ActorRevoked => (StatusCode::UNAUTHORIZED, "invalid_token"),
            E::UnableToLogIn => (StatusCode::UNAUTHORIZED, "unable_to_log_in"),
            E::InvalidRefreshToken => (StatusCode::UNAUTHORIZED, "invalid_refresh_token"),
            // Not 401: the token is good, and a client that gets 401 discards it.
            E::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            E::SignUpClosed => (StatusCode::FORBIDDEN, "sign_up_closed"),
            E::NotInvited => (StatusCode::FORBIDDEN, "not_invited"),
            E::SessionRequired => (StatusCode::FORBIDDEN, "session_required"),
            E::AdminRequired => (StatusCode::FORBIDDEN, "admin_required"),
            E::UserNotFound => (StatusCode::NOT_FOUND, "user_not_found"),
            E::SessionNotFound => (StatusCode::NOT_FOUND, "session_not_found"),
            E::ApiTokenNotFound => (StatusCode::NOT_FOUND, "api_token_not_found"),
            E::ApplicationNotFound => (StatusCode::NOT_FOUND, "application_not_found"),
            E::InvitationNotFound => (StatusCode::NOT_FOUND, "invitation_not_found"),
            E::EmailTaken => (StatusCode::CONFLICT, "email_taken"),
            E::UserDisabled => (StatusCode::CONFLICT, "user_disabled"),
            E::OwnAccount => (StatusCode::CONFLICT, "own_account"),
            E::LastAdmin => (StatusCode::CONFLICT, "last_admin"),
            E::TooManyApiTokens => (StatusCode::CONFLICT, "too_many_api_tokens"),
            E::TooManyInvitations => (StatusCode::CONFLICT, "too_many_invitations"),
            E::InvitationsUnusable => (StatusCode::CONFLICT, "sign_up_closed"),
            E::Invalid { field, message } => {
                return Self::invalid(vec![FieldError { pointer: format!("/{field}"), message }]);
            }
            E::RateLimited(reached) => return Self::rate_limited(&reached),
            E::MailQueueFull => return Self::overloaded(MAIL_RETRY_AFTER),
            E::Hash(HashError::Overloaded { retry_after }) => return Self::overloaded(retry_after),
            E::Hash(error) => return Self::internal(error),
            E::Sign(error) => return Self::internal(error),
            E::Store(error) => return error.into(),
        };
        let challenge = match error {
            E::UnableToLogIn => Some(BEARER),
            E::ActorRevoked | E::InvalidRefreshToken => Some(INVALID_TOKEN),
            _ => None,
        };
        let report = Self::new(status, code, error.to_string());
        match challenge {
            Some(challenge) => report.with_header(header::WWW_AUTHENTICATE, challenge),
            None => report,
        }
    }
}

/// A password that could not be checked.
impl From<CheckError> for Report {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Hash(error) => AccountError::Hash(error).into(),
            CheckError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use store::{StoreError, Unavailable};

    use super::*;
    use crate::http::negotiation::Shape;

    /// Status, code and challenge of the response.
    #[track_caller]
    fn check(error: AccountError, status: u16, code: &str, challenge: Option<&str>) {
        let report = Report::from(error);
        assert_eq!(report.code(), code);
        let response = report.into_response();
        assert_eq!(response.status().as_u16(), status, "{code}");
        let header = response.headers().get(header::WWW_AUTHENTICATE);
        assert_eq!(header.map(|value| value.to_str().unwrap()), challenge, "{code}");
    }

    #[test]
    fn every_401_has_a_challenge_and_other_errors_have_none() {
        use AccountError as E;
        check(E::UnableToLogIn, 401, "unable_to_log_in", Some("Bearer"));
        check(E::InvalidRefreshToken, 401, "invalid_refresh_token", Some(r#"Bearer error="invalid_token""#));
        check(E::ActorRevoked, 401, "invalid_token", Some(r#"Bearer error="invalid_token""#));
        check(E::WrongPassword, 403, "wrong_password", None);
        check(E::Invalid { field: "token", message: String::new() }, 422, "invalid", None);
        check(E::MailQueueFull, 503, "overloaded", None);
        check(E::Store(StoreError::Unavailable(Unavailable::DiskFull)), 503, "unavailable", None);
        check(E::Store(StoreError::Corrupt("a page".to_owned())), 503, "unavailable", None);
        check(E::Store(StoreError::Bug("SQL".to_owned())), 500, "internal", None);
    }

    #[test]
    fn causes_are_not_sent_to_the_client() {
        let report = Report::from(AccountError::Store(StoreError::Bug("no such table".to_owned())));
        for shape in [Shape::Seed, Shape::Problem] {
            let (_, body) = report.render(shape, "r-1");
            let body = String::from_utf8(body).unwrap();
            assert!(body.contains("r-1") && !body.contains("table"), "{body}");
        }
    }
}
