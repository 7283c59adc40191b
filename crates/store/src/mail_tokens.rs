//! Tokens in mails, whatever the database. [`Store::take_mail`] creates them.

use jiff::Timestamp;

use crate::{Context, Store, StoreError};
use accounts::{MailPurpose, TokenDigest, User};

/// Tokens in mails. They end with the first use, in time, with the address they were sent to, with a new password,
/// and with the account, also when that is only disabled.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The user of a token, without using it up. `None`: it is not or no longer good for this.
    pub async fn mail_token_user(
        &self,
        digest: TokenDigest,
        purpose: MailPurpose,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.mail_token_user(digest, purpose, now),
            Self::Postgres(db) => db.mail_token_user(digest, purpose, now).await,
        }
    }

    /// Uses a token up, and notes that mail reaches the user. `None`: it is not or no longer good for this.
    pub async fn verify_email(
        &self,
        digest: TokenDigest,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.verify_email(digest, context).await,
            Self::Postgres(db) => db.verify_email(digest, context).await,
        }
    }
}
