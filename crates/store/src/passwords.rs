//! Passwords, whatever the database.

use jiff::Timestamp;

use crate::{ChangePassword, Context, Store, StoreError};
use accounts::{PasswordHash, TokenDigest, User};
use ids::UserId;

/// Passwords.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Stores `new` only if `old` is still there, so that a log-in that upgrades a hash cannot undo a
    /// change of the password made meanwhile. Says whether it was.
    pub async fn replace_password_hash(
        &self,
        id: UserId,
        old: &PasswordHash,
        new: PasswordHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.replace_password_hash(id, old.clone(), new, now).await,
            Self::Postgres(db) => db.replace_password_hash(id, old, new, now).await,
        }
    }

    /// Changes the password and ends the sessions that are not `keep`, at once. Does neither, and says so, if `old` is
    /// not the hash any more.
    pub async fn change_password(
        &self,
        command: ChangePassword,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.change_password(command, context).await,
            Self::Postgres(db) => db.change_password(command, context).await,
        }
    }

    /// Sets the password of a user and ends all sessions, API tokens and links. Only the operator does this: an
    /// administrator who could choose a user's password could act as the user. `None`: there is no such user.
    pub async fn set_password(
        &self,
        user: UserId,
        new: PasswordHash,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.set_password(user, new, now).await,
            Self::Postgres(db) => db.set_password(user, new, now).await,
        }
    }

    /// Uses up the token of a mail, sets the password, and ends everything that the account was open to: all sessions,
    /// API tokens and links, as the user may be getting rid of an intruder. That the mail has arrived verifies
    /// its address. `None`: the token is not or no longer good for this, and nothing has changed.
    pub async fn reset_password(
        &self,
        digest: TokenDigest,
        new: PasswordHash,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.reset_password(digest, new, context).await,
            Self::Postgres(db) => db.reset_password(digest, new, context).await,
        }
    }
}
