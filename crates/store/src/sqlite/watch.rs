//! Notices that the files of the database were removed, replaced or changed by another program while they are in use.
//!
//! SQLite goes on writing into a file that has no name any more: everything would be acknowledged, and lost at the next
//! start. So the writer looks at the files before it answers for a commit, and once a second.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rusqlite::Connection;

use super::checkpoint_mark::{CheckpointMark, FileState};
use super::file::{PAUSE, TRIES, beside, is_empty, open_without_log};
use crate::{StoreError, Unavailable};

/// The files of the database as they were when it was opened.
pub(super) struct WatchedFiles {
    database: Watched,
    beside: Vec<Watched>,
    mark: CheckpointMark,
    state: Option<FileState>,
    /// The highest ids that the last complete checkpoint has moved into the file.
    sequences: Vec<i64>,
}

/// A file that is not the one that was opened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub(super) what: String,
    /// Whether the log fits the database file no longer, and must not be merged into it.
    pub(super) is_log_foreign: bool,
}

/// The file of the memory that all connections share, `-shm`. If another program makes it shorter, the next access ends this
/// process (SIGBUS), so its length is checked before each transaction. It only grows while the database is open.
pub(super) struct SharedMemory {
    path: PathBuf,
    length: AtomicU64,
}

impl SharedMemory {
    pub(super) fn of(database: &Path) -> Self {
        Self { path: beside(database, "-shm"), length: AtomicU64::new(0) }
    }

    pub(super) fn check(&self) -> Result<(), Unavailable> {
        // Before the file is looked at: another thread may see it grow meanwhile.
        let known = self.length.load(Ordering::Acquire);
        let length = fs::metadata(&self.path).map_or(0, |file| file.len());
        self.length.fetch_max(length, Ordering::Release);
        if length >= known { Ok(()) } else { Err(Unavailable::FilesChanged) }
    }
}

struct Watched {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl WatchedFiles {
    pub(super) fn of(database: &Path) -> std::io::Result<Self> {
        let beside = ["-wal", "-shm"].map(|suffix| Watched::new(beside(database, suffix)));
        Ok(Self {
            database: Watched::new(database.to_owned())?,
            beside: beside.into_iter().collect::<Result<_, _>>()?,
            mark: CheckpointMark::of(database),
            state: None,
            sequences: Vec::new(),
        })
    }

    pub(super) fn check(&mut self) -> Result<(), Changed> {
        let changed = |file: &Watched, how: &str, is_log_foreign| Changed {
            what: format!("{} {how}", file.path.display()),
            is_log_foreign,
        };
        self.database.check().map_err(|how| changed(&self.database, how, true))?;
        for file in &self.beside {
            file.check().map_err(|how| changed(file, how, false))?;
        }
        if self.state.is_some_and(|known| FileState::of(&self.database.path).ok() != Some(known)) {
            self.explain_change().map_err(|how| changed(&self.database, how, true))?;
        }
        Ok(())
    }

    /// In bytes.
    pub(super) fn log_length(&self) -> u64 {
        self.beside.first().and_then(|log| fs::metadata(&log.path).ok()).map_or(0, |log| log.len())
    }

    /// Before a checkpoint, which changes the file.
    pub(super) fn checkpoint_begins(&mut self) -> Result<(), StoreError> {
        self.mark.clear().map_err(|why| StoreError::Bug(format!("the mark of the checkpoint: {why}")))?;
        self.state = None;
        Ok(())
    }

    /// After a checkpoint. It is complete if the file holds everything that was committed. Only then SQLite has synced the file:
    /// after a power failure, the file of an incomplete checkpoint may be older than a mark would say.
    pub(super) fn checkpoint_ended(&mut self, db: &Connection, complete: bool) -> Result<(), StoreError> {
        let state = if complete {
            self.sequences = sequences(db)?;
            self.mark.set()
        } else {
            FileState::of(&self.database.path)
        };
        self.state =
            Some(state.map_err(|why| StoreError::Bug(format!("the mark of the checkpoint: {why}")))?);
        Ok(())
    }

    /// After the writer's connection was closed. The last connection of all removes the log.
    pub(super) fn closed(&self) {
        if self.beside.iter().any(|file| file.path.exists()) {
            // The next start takes a log without a mark as it is.
            if !self.mark.fits().unwrap_or(false) {
                let _ = self.mark.clear();
            }
        } else {
            self.mark.remove();
        }
    }

    /// Another process can make a checkpoint as well: this program marks it, others do not. Then the file holds at least
    /// what it did, which an older backup does not.
    fn explain_change(&mut self) -> Result<(), &'static str> {
        const CHANGED: &str = "was changed by another program";
        if self.mark.fits().unwrap_or(false) {
            self.state = FileState::of(&self.database.path).ok();
            return Ok(());
        }
        // A checkpoint writes the new length into the first page before it writes the other pages: until it ends, the file may
        // look damaged.
        for _ in 0..TRIES {
            if self.holds_what_it_held() {
                self.state = self.mark.set().ok();
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(CHANGED)
    }

    /// Whether the file alone has at least the ids that the last complete checkpoint has moved into it.
    fn holds_what_it_held(&self) -> bool {
        // SQLite deletes the log of an empty file when it opens it.
        if is_empty(&self.database.path) {
            return false;
        }
        let found = open_without_log(&self.database.path).map_err(StoreError::from);
        let found = found.and_then(|db| sequences(&db));
        found.is_ok_and(|found| found.iter().zip(&self.sequences).all(|(found, known)| found >= known))
    }
}

impl Watched {
    fn new(path: PathBuf) -> std::io::Result<Self> {
        let found = fs::metadata(&path)?;
        Ok(Self { path, device: found.dev(), inode: found.ino() })
    }

    fn check(&self) -> Result<(), &'static str> {
        match fs::metadata(&self.path) {
            Ok(found) if (found.dev(), found.ino()) == (self.device, self.inode) => Ok(()),
            Ok(_) => Err("was replaced by another file"),
            Err(_) => Err("was removed"),
        }
    }
}

fn sequences(db: &Connection) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE sqlite_sequence.name = known.name), 0)
               FROM (SELECT 'users' AS name UNION ALL SELECT 'recipes' UNION ALL SELECT 'audit') AS known";
    let mut statement = db.prepare(sql)?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_checkpoint_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recipes.db");
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        db.execute_batch("CREATE TABLE recipes (id INTEGER PRIMARY KEY AUTOINCREMENT)").unwrap();
        let mut files = WatchedFiles::of(&path).unwrap();
        let mark = || fs::read_to_string(beside(&path, "-checkpoint")).unwrap();
        for complete in [true, false, true] {
            files.checkpoint_begins().unwrap();
            assert_eq!(mark(), "");
            files.checkpoint_ended(&db, complete).unwrap();
            assert_eq!(mark().is_empty(), !complete);
            assert_eq!(files.check(), Ok(()));
        }
    }

    #[test]
    fn checkpoint_of_another_process_may_be_half_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recipes.db");
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "journal_mode", "wal").unwrap();
        db.execute_batch("CREATE TABLE recipes (id INTEGER PRIMARY KEY AUTOINCREMENT, document BLOB)")
            .unwrap();
        let mut files = WatchedFiles::of(&path).unwrap();
        files.checkpoint_begins().unwrap();
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        files.checkpoint_ended(&db, true).unwrap();

        let before = fs::read(&path).unwrap();
        db.execute_batch(
            "INSERT INTO recipes (document) VALUES (zeroblob(50000)); PRAGMA wal_checkpoint(TRUNCATE)",
        )
        .unwrap();
        let after = fs::read(&path).unwrap();
        let (first_page, rest) = after.split_at(4096);
        fs::write(&path, [first_page, &before[4096..]].concat()).unwrap();
        assert!(!files.holds_what_it_held(), "the file looks damaged");
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(10 * PAUSE);
                fs::write(&path, [first_page, rest].concat()).unwrap();
            });
            assert_eq!(files.check(), Ok(()));
        });
    }
}
