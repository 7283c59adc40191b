//! When the next scheduled backup is due, and what became of the last one: kept in the database, which several servers share.

use jiff::Timestamp;

use crate::{Store, StoreError};

/// The rows of `meta`, which no backup has.
pub(crate) const NEXT: &str = "backup:next";
pub(crate) const LAST: &str = "backup:last";

/// The outcome of a scheduled backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupOutcome {
    /// When it began.
    pub at: Timestamp,
    /// Whether it was written and verified.
    pub is_good: bool,
}

impl BackupOutcome {
    pub(crate) fn to_text(self) -> String {
        format!("{} {}", self.at, if self.is_good { "good" } else { "failed" })
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (at, outcome) = text.split_once(' ')?;
        Some(Self { at: at.parse().ok()?, is_good: outcome == "good" })
    }
}

/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Answers whether a backup is due, and lets no other server begin one before `next_try`.
    pub async fn claim_backup(&self, next_try: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.claim_backup(next_try, now).await,
            Self::Postgres(db) => db.claim_backup(next_try, now).await,
        }
    }

    /// Records the outcome of a backup, and when the next one is due.
    pub async fn note_backup(&self, outcome: BackupOutcome, next: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.note_backup(outcome, next).await,
            Self::Postgres(db) => db.note_backup(outcome, next).await,
        }
    }

    /// The outcome of the last scheduled backup of any server.
    pub async fn last_backup(&self) -> Result<Option<BackupOutcome>, StoreError> {
        match self {
            Self::Sqlite(db) => db.last_backup(),
            Self::Postgres(db) => db.last_backup().await,
        }
    }
}
