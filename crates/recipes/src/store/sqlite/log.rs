//! The write-ahead log: when its pages move into the database file, and how it is kept from growing.
//!
//! A commit appends to the log. Now and then its pages are copied to where they belong, and once all
//! of them are and nobody reads from the log any more, the next commit starts over at its beginning.
//! SQLite does this by itself, but in the commit, while the callers wait, and it never gets to start
//! over where somebody reads at any time: 60 MB written beside two busy readers left a log of up to
//! 60 MB. So we do it behind the answers, and when the log is long we let the readers pause for it.

use std::time::Duration;

use rusqlite::Connection;

use super::cached;
use super::file::PATIENCE;
use super::reader::Readers;
use crate::store::StoreError;

/// Pages between two checkpoints: SQLite's own default, 4 MB.
const CHECKPOINT_EVERY: i64 = 1_000;

/// Pages from which on the readers have to pause, 16 MB. Beside few readers it never gets there.
const PAUSE_FROM: i64 = 4_000;

/// Tended by the writer after each commit.
#[derive(Default)]
pub(super) struct Log {
    /// How long the log was at the last checkpoint, done or not; one that failed is not tried again
    /// at once.
    checkpointed_at: i64,
}

impl Log {
    pub(super) fn tend(&mut self, db: &Connection, readers: &Readers) -> Result<(), StoreError> {
        let length = checkpoint(db, "PRAGMA wal_checkpoint(NOOP)")?;
        if length < self.checkpointed_at {
            self.checkpointed_at = 0; // It has started over.
        }
        if length - self.checkpointed_at < CHECKPOINT_EVERY {
            return Ok(());
        }
        self.checkpointed_at = length;
        checkpoint(db, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if length >= PAUSE_FROM {
            // Most is done; what is left is short. Not waiting for readers in other processes.
            let _pause = readers.pause();
            db.busy_timeout(Duration::ZERO)?;
            let done = checkpoint(db, "PRAGMA wal_checkpoint(RESTART)");
            db.busy_timeout(PATIENCE)?;
            done?;
        }
        Ok(())
    }
}

/// Says how many pages the log has.
fn checkpoint(db: &Connection, sql: &str) -> Result<i64, StoreError> {
    Ok(cached(db, sql)?.query_row([], |row| row.get(1))?)
}
