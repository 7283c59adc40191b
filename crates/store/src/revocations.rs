//! The places in the status list of grants that have ended, in either kind of database.

use jiff::Timestamp;

use crate::{Store, StoreError};

/// The contents of the status list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndedGrants {
    /// The greatest place that any grant has.
    pub last: u32,
    /// The places whose bits are set.
    pub ended: Vec<u32>,
}

/// Status lists.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The grants that have ended, and those of disabled users and of these clients.
    pub async fn ended_grants(&self, disabled_clients: Vec<String>) -> Result<EndedGrants, StoreError> {
        match self {
            Self::Sqlite(db) => db.ended_grants(disabled_clients).await,
            Self::Postgres(db) => db.ended_grants(disabled_clients).await,
        }
    }

    /// Gives every place without an end of its own this one, and frees the places whose end has come.
    pub async fn free_status_places(&self, free_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.free_status_places(free_at, now).await,
            Self::Postgres(db) => db.free_status_places(free_at, now).await,
        }
    }
}
