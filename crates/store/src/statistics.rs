//! Numbers for monitoring.

use super::{Store, StoreError};

/// The state of a database at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The sessions that have not ended, expired ones included until they are removed.
    pub sessions: u64,
    /// The mails that wait for their first try, for all servers on the database.
    pub mails: u64,
    /// The open connections to the database.
    pub connections: usize,
    /// The callers that wait for a connection. Callers of SQLite wait for none.
    pub waiting: usize,
    /// The version of the tables.
    pub schema: usize,
}

impl Store {
    /// Counts.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the disk fails.
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        match self {
            Self::Sqlite(db) => db.statistics().await,
            Self::Postgres(db) => db.statistics().await,
        }
    }
}
