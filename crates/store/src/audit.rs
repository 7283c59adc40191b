//! The audit log, whatever the database.
//!
//! Most events are recorded in the transaction of the write that they are about.

use jiff::Timestamp;

use crate::{Context, Listing, Page, Store, StoreError};
use accounts::TokenDigest;
use accounts::audit::{Entry, Event, Filter, Retention};
use ids::UserId;

/// The audit log.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Notes what changes nothing else, as a log-in that fails.
    pub async fn audit(
        &self,
        event: Event,
        subject: Option<UserId>,
        context: Context,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.audit(event, subject, context).await,
            Self::Postgres(db) => db.audit(event, subject, context).await,
        }
    }

    /// Notes which key signs the access tokens, by a digest that only who has the key can make. Says whether it is
    /// another one than before, which ends every access token there is.
    pub async fn note_signing_key(
        &self,
        fingerprint: TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.note_signing_key(fingerprint, now).await,
            Self::Postgres(db) => db.note_signing_key(fingerprint, now).await,
        }
    }

    /// The entries that match the filter, the newest first.
    pub async fn audit_log(
        &self,
        filter: Filter,
        page: Page<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, StoreError> {
        match self {
            Self::Sqlite(db) => db.audit_log(filter, page).await,
            Self::Postgres(db) => db.audit_log(filter, page).await,
        }
    }

    /// The entries after this id that match the filter, the oldest first, at most [`MAX_PAGE_SIZE`](crate::MAX_PAGE_SIZE).
    pub async fn audit_log_after(&self, filter: Filter, id: i64) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Sqlite(db) => db.audit_log_after(filter, id).await,
            Self::Postgres(db) => db.audit_log_after(filter, id).await,
        }
    }

    /// How many entries the filter lets through.
    pub async fn count_audit_log(&self, filter: Filter) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_audit_log(filter).await,
            Self::Postgres(db) => db.count_audit_log(filter).await,
        }
    }

    /// What has happened to the account of one user and what the user has done, the newest first.
    pub async fn audit_log_of(
        &self,
        user: UserId,
        page: Page<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, StoreError> {
        match self {
            Self::Sqlite(db) => db.audit_log_of(user, page).await,
            Self::Postgres(db) => db.audit_log_of(user, page).await,
        }
    }

    /// Forgets some of what need not be kept. Says how many entries; 0: all that may be forgotten is.
    pub async fn trim_audit_log(&self, keep: Retention, now: Timestamp) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(db) => db.trim_audit_log(keep, now).await,
            Self::Postgres(db) => db.trim_audit_log(keep, now).await,
        }
    }
}
