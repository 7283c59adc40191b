//! The write-ahead log: when its pages move into the database file, and how it is kept from growing.
//!
//! A commit appends to the log. Now and then its pages are copied to where they belong, and once all
//! of them are and nobody reads from the log any more, the next commit starts over at its beginning.
//! SQLite does this by itself, but in the commit, while the callers wait, and it never gets to start
//! over where somebody reads at any time: 60 MB written beside two busy readers left a log of up to
//! 60 MB. So we do it behind the answers, and when the log is long we let the readers pause for it.

use std::{
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, hooks::Wal};

use super::cached;
use super::file::PATIENCE;
use super::reader::Readers;
use crate::StoreError;

/// Pages between two checkpoints, 8 MB: twice as many as SQLite has by default, as each flushes two files.
const CHECKPOINT_EVERY: i64 = 2_000;

/// Pages from which on the readers have to pause, 16 MB. Beside few readers it never gets there.
const PAUSE_FROM: i64 = 4_000;

/// Tended by the writer after each commit.
pub(super) struct Log {
    /// Pages, as SQLite tells after each commit of the writer. To ask for it costs as much as a small commit.
    length: Arc<AtomicI64>,
    /// How long the log was at the last checkpoint, done or not; one that failed is not tried again
    /// at once.
    checkpointed_at: i64,
}

impl Log {
    pub(super) fn of(writer: &mut Connection) -> rusqlite::Result<Self> {
        let length = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&length);
        writer.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            told.store(pages.into(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { length, checkpointed_at: 0 })
    }

    pub(super) fn tend(&mut self, db: &Connection, readers: &Readers) -> Result<(), StoreError> {
        let length = self.length.load(Ordering::Relaxed);
        if length < self.checkpointed_at {
            self.checkpointed_at = 0; // It has started over.
        }
        if length - self.checkpointed_at < CHECKPOINT_EVERY {
            return Ok(());
        }
        self.checkpointed_at = length;
        cached(db, "PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?;
        if length >= PAUSE_FROM {
            // Most is done; what is left is short. Not waiting for readers in other processes.
            let _pause = readers.pause();
            db.busy_timeout(Duration::ZERO)?;
            let done = cached(db, "PRAGMA wal_checkpoint(RESTART)")?.query_row([], |_| Ok(()));
            db.busy_timeout(PATIENCE)?;
            done?;
        }
        Ok(())
    }
}
