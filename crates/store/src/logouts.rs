//! The queue of messages to clients that a session has ended, in either kind of database.

use ids::UserId;
use jiff::Timestamp;

use crate::{Store, StoreError};

/// The request to take the next message that is due.
#[derive(Clone, Copy, Debug)]
pub struct TakeLogout {
    pub now: Timestamp,
    /// No other worker takes the message before this time.
    pub until: Timestamp,
}

/// A message to be sent now, and only by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLogout {
    pub id: i64,
    /// The number of this try, from 1.
    pub tries: u16,
    pub client: String,
    pub user: UserId,
    pub grant: [u8; 16],
}

/// The queue. The end of a session fills it, in the same transaction, whatever ends the session. All servers on one database
/// share it.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Takes a message that is due.
    pub async fn take_logout(&self, take: TakeLogout) -> Result<Option<DueLogout>, StoreError> {
        match self {
            Self::Sqlite(db) => db.take_logout(take).await,
            Self::Postgres(db) => db.take_logout(take).await,
        }
    }

    /// Leaves a message for another try at this time.
    pub async fn retry_logout(&self, due: &DueLogout, next: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.retry_logout(due, next).await,
            Self::Postgres(db) => db.retry_logout(due, next).await,
        }
    }

    /// Removes a message that was sent or given up. Does nothing if another worker has taken it meanwhile.
    pub async fn remove_logout(&self, due: &DueLogout) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_logout(due).await,
            Self::Postgres(db) => db.remove_logout(due).await,
        }
    }
}
