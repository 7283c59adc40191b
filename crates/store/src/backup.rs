//! Backups: the rows of a database as records of neither kind of database, and databases that are filled with them.
//!
//! Both kinds of database read and write the same records, so a backup of the one can be restored into the other.

mod columns;
mod record;
mod restore;
mod table;

use tokio::sync::mpsc;
use tokio::task::{self, JoinHandle};

pub(crate) use self::columns::{Column, Kind, Table};
pub use self::record::Record;
pub(crate) use self::record::Value;
pub use self::restore::{Restore, RestoreBatch, RestoreError, Restored};
pub(crate) use self::table::{SEQUENCES, TABLES};
use crate::url::Location;
use crate::{DatabaseUrl, Store, StoreError, postgres, sqlite};

/// Batches that wait for a slow disk: with those in work, all that a backup keeps in memory.
const BATCHES: usize = 1;

/// Everything in a database at one moment, read in batches while the service goes on.
#[derive(Debug)]
pub struct Snapshot {
    batches: mpsc::Receiver<Vec<Record>>,
    reading: Option<JoinHandle<Result<(), StoreError>>>,
}

impl Snapshot {
    /// The next records, in the order in which they can be restored. `None` behind the last one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database fails or is closed. The snapshot is incomplete then.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>, StoreError> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(batch));
        }
        let Some(reading) = self.reading.take() else { return Ok(None) };
        reading.await.unwrap_or_else(|why| Err(StoreError::Bug(why.to_string()))).map(|()| None)
    }
}

impl Store {
    /// Begins to read everything in the database, as it is at one moment: in one read transaction of SQLite, in one `REPEATABLE
    /// READ` transaction of PostgreSQL.
    pub fn snapshot(&self) -> Snapshot {
        let (batch, batches) = mpsc::channel(BATCHES);
        let reading = match self.clone() {
            Self::Sqlite(db) => task::spawn_blocking(move || db.read_everything(&batch)),
            Self::Postgres(db) => task::spawn(async move { db.read_everything(batch).await }),
        };
        Snapshot { batches, reading: Some(reading) }
    }

    /// Fills a database that is empty or, if that is asked for, replaces what it has. Makes it where there is none.
    ///
    /// It is filled completely or not at all: a SQLite database as a new file, PostgreSQL in one transaction. No id that the
    /// former or the archived database has given out is given out again.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub async fn restore(url: &DatabaseUrl, restore: Restore) -> Result<Restored, RestoreError> {
        match &url.0 {
            Location::Sqlite(file) => {
                let file = file.clone();
                let restored = task::spawn_blocking(move || sqlite::restore(&file, restore)).await;
                restored.unwrap_or_else(|why| Err(StoreError::Bug(why.to_string()).into()))
            }
            Location::Postgres(address) => postgres::restore(address, restore).await,
        }
    }
}
