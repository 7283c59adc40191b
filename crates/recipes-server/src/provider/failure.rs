//! Failures of the store, as the protocol's errors.

use std::fmt::Display;

use store::StoreError;
use strict_oidc::{ErrorCode, OAuthError};

/// `temporarily_unavailable`, after the reason was logged.
#[expect(clippy::needless_pass_by_value, reason = "called by map_err")]
pub(super) fn unavailable(error: StoreError) -> OAuthError {
    tracing::error!(error = %error, "The authorization server cannot reach the database");
    OAuthError::new(ErrorCode::TemporarilyUnavailable, "the server cannot reach its database: try again")
}

/// `server_error`, after the reason was logged. The client does not learn it.
pub(super) fn internal(error: impl Display) -> OAuthError {
    tracing::error!(%error, "The authorization server failed");
    OAuthError::new(ErrorCode::ServerError, "the server failed: its log tells why")
}
