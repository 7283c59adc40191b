//! The state of the database file after its last checkpoint, in a small file beside it.
//!
//! A write-ahead log belongs to one state of the database file. SQLite does not notice when the file is replaced by a
//! backup while a log is left over from a crash: it applies the log to the backup, which undoes the restore or corrupts
//! the file. Only a checkpoint changes the database file, so its size and modification time identify the state. The mark
//! is empty during a checkpoint, because a crash then leaves the file between two states.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::file::{beside, is_empty};

/// The suffix of the mark's file.
pub(super) const SUFFIX: &str = "-checkpoint";

/// Size and modification time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileState {
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl FileState {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self { size: found.size(), seconds: found.mtime(), nanoseconds: found.mtime_nsec() })
    }

    /// Archives such as tar keep whole seconds only.
    fn matches(self, other: Self) -> bool {
        let truncated = self.nanoseconds == 0 || other.nanoseconds == 0;
        self.size == other.size
            && self.seconds == other.seconds
            && (truncated || self.nanoseconds == other.nanoseconds)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.strip_suffix('\n')?.split(' ');
        let state = Self {
            size: numbers.next()?.parse().ok()?,
            seconds: numbers.next()?.parse().ok()?,
            nanoseconds: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(state)
    }
}

#[derive(Clone, Debug)]
pub(super) struct CheckpointMark {
    database: PathBuf,
    mark: PathBuf,
}

impl CheckpointMark {
    pub(super) fn of(database: &Path) -> Self {
        Self { database: database.to_owned(), mark: beside(database, SUFFIX) }
    }

    /// Before a checkpoint.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.write("")
    }

    /// After a checkpoint.
    pub(super) fn set(&self) -> io::Result<FileState> {
        let state = FileState::of(&self.database)?;
        let FileState { size, seconds, nanoseconds } = state;
        self.write(&format!("{size} {seconds} {nanoseconds}\n"))?;
        Ok(state)
    }

    /// After the log is gone.
    pub(super) fn remove(&self) {
        // A mark that is left over is not read without a log.
        let _ = fs::remove_file(&self.mark);
    }

    /// Whether the database file is as the last checkpoint left it. True if that is unknown.
    pub(super) fn fits(&self) -> io::Result<bool> {
        let marked = match fs::read_to_string(&self.mark) {
            Ok(text) => FileState::parse(&text),
            Err(why) if why.kind() == ErrorKind::NotFound => None,
            Err(why) => return Err(why),
        };
        let Some(marked) = marked else { return Ok(true) };
        Ok(FileState::of(&self.database)?.matches(marked))
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.mark)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

/// Refuses a database whose log belongs to another state of it, before SQLite touches either.
pub(super) fn refuse_foreign_log(database: &Path) -> Result<(), String> {
    let is_filled = |suffix| fs::metadata(beside(database, suffix)).is_ok_and(|file| file.len() > 0);
    let name = database.file_name().unwrap_or_default().display();
    if is_filled("-journal") {
        return Err(format!(
            "another program has left {name}-journal beside it: open the database with that program once, or, \
             if the file is a restored backup, move {name}-journal away"
        ));
    }
    if !is_filled("-wal") {
        return Ok(());
    }
    if is_empty(database) {
        return Err(format!(
            "the file is missing or empty, but its log {name}-wal is there: put the database file back, or move \
             {name}-wal away to start with a new database"
        ));
    }
    if CheckpointMark::of(database).fits().map_err(|why| why.to_string())? {
        return Ok(());
    }
    Err(format!(
        "its log {name}-wal belongs to another state of the file: the file was replaced or changed since the service \
         last used it. To use the file as it is, as after a restore, move {name}-wal, {name}-shm and {name}{SUFFIX} \
         away; the writes that are only in the log are lost then. If the file was not replaced and only another program \
         has worked on it, such as sqlite3, remove {name}{SUFFIX}. Nothing has been changed"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_fits_only_the_state_that_it_was_set_for() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("recipes.db");
        fs::write(&database, "one").unwrap();
        let mark = CheckpointMark::of(&database);
        assert!(mark.fits().unwrap(), "there is no mark");
        mark.set().unwrap();
        assert!(mark.fits().unwrap());
        fs::write(&database, "another").unwrap();
        assert!(!mark.fits().unwrap());
        mark.clear().unwrap();
        assert!(mark.fits().unwrap(), "a checkpoint was interrupted");
    }

    #[test]
    fn archived_file_has_the_same_state_without_nanoseconds() {
        let state = FileState::parse("4096 1700000000 123\n").unwrap();
        assert!(state.matches(FileState { nanoseconds: 0, ..state }));
        assert!(!state.matches(FileState { nanoseconds: 124, ..state }));
        assert!(!state.matches(FileState { seconds: 1, ..state }));
        assert_eq!(FileState::parse("4096 17000"), None, "a power failure cut it off");
    }
}
