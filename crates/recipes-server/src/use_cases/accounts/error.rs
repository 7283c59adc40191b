//! Why a use case of accounts failed.

use store::StoreError;
use strict_jose::SignError;

use crate::auth::rate_limit::LimitReached;
use crate::jobs::mail::QueueError;
use crate::passwords::HashError;

/// Why a use case of accounts failed. The texts are for the user, except those of the last three variants.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    // The wording of the original API, as some of its clients compare it.
    #[error("Email already exists!")]
    EmailTaken,
    /// An unknown e-mail address or a wrong password.
    #[error("Unable to login")]
    UnableToLogIn,
    /// The account was deleted, or its rights were revoked, while the request was being served.
    #[error("Unauthorized")]
    ActorRevoked,
    #[error("This service does not accept sign-ups; ask its operator for an account")]
    SignUpClosed,
    #[error("Signing up requires a valid invitation; it may be expired, used, or for another e-mail address")]
    NotInvited,
    /// A signed-in user had to confirm the password.
    #[error("This is not your current password")]
    WrongPassword,
    /// Unknown, expired, used before, or its session has ended.
    #[error("This refresh token is not valid any more; log in again")]
    InvalidRefreshToken,
    #[error("API tokens cannot do this; log in to get a session token")]
    SessionRequired,
    #[error("Only administrators can do this")]
    AdminRequired,
    #[error("There is no such user")]
    UserNotFound,
    #[error("This user is disabled; enable the user first")]
    UserDisabled,
    #[error("This is the last administrator; make another user an administrator first")]
    LastAdmin,
    #[error("This is your own account; DELETE /api/v1/users/me deletes it, with your password")]
    OwnAccount,
    #[error("There is no such open invitation")]
    InvitationNotFound,
    #[error("The limit of open invitations is reached; revoke one first")]
    TooManyInvitations,
    #[error("Invitations cannot be used while SIGNUP is closed; the operator must set SIGNUP=invite")]
    InvitationsUnusable,
    #[error("You have no such session")]
    SessionNotFound,
    #[error("You have no such API token")]
    ApiTokenNotFound,
    #[error("No application with this id has access to your account")]
    ApplicationNotFound,
    #[error("The limit of API tokens is reached; delete one first")]
    TooManyApiTokens,
    /// One value of the command, named by its field, is not valid.
    #[error("{field} {message}")]
    Invalid { field: &'static str, message: String },
    #[error(transparent)]
    RateLimited(#[from] LimitReached),
    #[error("too many mails are waiting to be sent")]
    MailQueueFull,
    #[error(transparent)]
    Hash(HashError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error(transparent)]
    Store(StoreError),
}

impl AccountError {
    pub(super) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }

    /// The token of a link in a mail is unknown, expired or used.
    pub(super) fn invalid_link() -> Self {
        Self::invalid("token", "is not valid any more; request another mail")
    }
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => Self::EmailTaken,
            StoreError::NotInvited => Self::NotInvited,
            StoreError::ActorRevoked => Self::ActorRevoked,
            StoreError::AdminRequired => Self::AdminRequired,
            StoreError::LastAdmin => Self::LastAdmin,
            error => Self::Store(error),
        }
    }
}

impl From<QueueError> for AccountError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Full => Self::MailQueueFull,
            QueueError::Store(error) => error.into(),
        }
    }
}

impl From<HashError> for AccountError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::TooLong { .. } | HashError::Nul => Self::invalid("password", error.to_string()),
            error => Self::Hash(error),
        }
    }
}
