//! Checkpoints of the write-ahead log.
//!
//! A commit appends to the log. A checkpoint copies its pages into the database file. When all pages are copied and no
//! reader uses the log, the next commit restarts it from its beginning. SQLite checkpoints by itself, but inside a
//! commit, while the callers wait. Beside busy readers its log never restarts: 60 MB of writes beside two readers left a
//! log of up to 60 MB. So the writer checkpoints after the replies, and pauses the readers when the log is long.

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

/// Pages from which on the readers are paused, 16 MB. Few readers never let it grow so long.
const PAUSE_FROM: i64 = 4_000;

/// The length of the log, and when it was last checkpointed.
pub(super) struct Log {
    /// Pages, from SQLite's hook after each commit. Asking for it would cost as much as a small commit.
    length: Arc<AtomicI64>,
    /// The length at the last checkpoint, also at a failed one, which is not repeated at once.
    checkpointed_at: i64,
}

impl Log {
    pub(super) fn of(writer: &mut Connection) -> rusqlite::Result<Self> {
        let length = Arc::new(AtomicI64::new(0));
        let reported = Arc::clone(&length);
        writer.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            reported.store(pages.into(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { length, checkpointed_at: 0 })
    }

    pub(super) fn checkpoint_if_long(
        &mut self,
        db: &Connection,
        readers: &Readers,
    ) -> Result<(), StoreError> {
        let length = self.length.load(Ordering::Relaxed);
        if length < self.checkpointed_at {
            self.checkpointed_at = 0; // It has restarted.
        }
        if length - self.checkpointed_at < CHECKPOINT_EVERY {
            return Ok(());
        }
        self.checkpointed_at = length;
        cached(db, "PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?;
        if length >= PAUSE_FROM {
            // Little is left to copy. Readers in other processes are not waited for.
            let _pause = readers.pause();
            db.busy_timeout(Duration::ZERO)?;
            let done = cached(db, "PRAGMA wal_checkpoint(RESTART)")?.query_row([], |_| Ok(()));
            db.busy_timeout(PATIENCE)?;
            done?;
        }
        Ok(())
    }
}
