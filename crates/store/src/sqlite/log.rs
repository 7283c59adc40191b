//! Checkpoints of the write-ahead log.
//!
//! A commit appends to the log. A checkpoint copies its pages into the database file. When all pages are copied and no
//! reader uses the log, the next commit restarts it from its beginning. SQLite checkpoints by itself, but inside a
//! commit, while the callers wait. Beside busy readers its log never restarts: 60 MB of writes beside two readers left a
//! log of up to 60 MB. So the writer checkpoints after the replies, and pauses the readers when the log is long. After a
//! second without a write it moves everything into the database file, so that a copy of that file alone is whole.

use std::{
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, Row, hooks::Wal};

use super::cached;
use super::file::{PATIENCE, PAUSE, TRIES};
use super::reader::Readers;
use super::watch::WatchedFiles;
use crate::StoreError;

/// Pages between two checkpoints, 8 MB: twice as many as SQLite has by default, as each flushes two files.
const CHECKPOINT_EVERY: i64 = 2_000;

/// Pages from which on the readers are paused, 16 MB. Few readers never let it grow so long.
const PAUSE_FROM: i64 = 4_000;

/// The length of the log, and when it was last checkpointed.
pub(super) struct Log {
    /// Pages, from SQLite's hook after each commit. Asking for it would cost as much as a small commit.
    length: Arc<AtomicI64>,
    page_size: i64,
    /// The length at the last checkpoint, also at a failed one, which is not repeated at once.
    checkpointed_at: i64,
    /// Whether this process has committed something that is not in the database file yet.
    is_dirty: Arc<AtomicBool>,
    pub(super) files: WatchedFiles,
}

impl Log {
    pub(super) fn of(writer: &mut Connection, files: WatchedFiles) -> rusqlite::Result<Self> {
        let length = Arc::new(AtomicI64::new(0));
        let is_dirty = Arc::new(AtomicBool::new(true));
        let (reported, dirtied) = (Arc::clone(&length), Arc::clone(&is_dirty));
        writer.wal_hook(Some(move |_: &mut Wal, pages: c_int| {
            reported.store(pages.into(), Ordering::Relaxed);
            dirtied.store(true, Ordering::Relaxed);
            Ok(())
        }))?;
        let page_size: i64 = writer.pragma_query_value(None, "page_size", |row| row.get(0))?;
        Ok(Self { length, page_size, checkpointed_at: 0, is_dirty, files })
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
        self.run(db, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if length >= PAUSE_FROM {
            // Little is left to copy. Readers in other processes are not waited for.
            let _pause = readers.pause();
            self.run(db, "PRAGMA wal_checkpoint(RESTART)")?;
        }
        Ok(())
    }

    /// Empties the log, or as much of it as running queries allow.
    pub(super) fn checkpoint_when_idle(
        &mut self,
        db: &Connection,
        readers: &Readers,
    ) -> Result<(), StoreError> {
        if !self.is_dirty.load(Ordering::Relaxed) {
            return Ok(());
        }
        let pause = readers.try_pause();
        let how = if pause.is_some() { "TRUNCATE" } else { "PASSIVE" };
        self.run(db, &format!("PRAGMA wal_checkpoint({how})"))?;
        self.checkpointed_at = 0;
        Ok(())
    }

    /// Before a transaction: whether the log still has all that was committed. If another program has cut it off, a commit
    /// behind the gap would be acknowledged, and lost at the next start.
    pub(super) fn is_whole(&mut self, db: &Connection) -> bool {
        for _ in 0..TRIES {
            if self.has_its_length() {
                return true;
            }
            // Another process may have emptied the log after copying it. SQLite then answers that its length is 0, but only
            // when that process has ended its checkpoint.
            if self.run(db, "PRAGMA wal_checkpoint(PASSIVE)").is_err() {
                return false;
            }
            if self.has_its_length() {
                return true;
            }
            thread::sleep(PAUSE);
        }
        false
    }

    fn has_its_length(&self) -> bool {
        let pages = self.length.load(Ordering::Relaxed);
        // The format of the file: sqlite.org/fileformat2.html, section 4.1.
        let bytes = if pages == 0 { 0 } else { 32 + pages * (24 + self.page_size) };
        self.files.log_length() >= bytes.unsigned_abs()
    }

    /// Runs a checkpoint without waiting for other processes.
    fn run(&mut self, db: &Connection, sql: &str) -> Result<(), StoreError> {
        self.files.checkpoint_begins()?;
        db.busy_timeout(Duration::ZERO)?;
        let done = cached(db, sql).and_then(|mut checkpoint| {
            let counts = |row: &Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
            Ok(checkpoint.query_row([], counts)?)
        });
        db.busy_timeout(PATIENCE)?;
        let (pages, copied) = done?;
        if pages < 0 {
            return Ok(()); // Another process makes a checkpoint, and marks it.
        }
        self.length.store(pages, Ordering::Relaxed);
        let is_complete = pages == copied;
        self.is_dirty.store(!is_complete, Ordering::Relaxed);
        self.files.checkpoint_ended(db, is_complete)
    }
}
