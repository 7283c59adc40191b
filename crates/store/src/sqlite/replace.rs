//! Puts a new database in the place of another one.
//!
//! The new one is complete before the old one is touched, and the old one stays under another name if it has data.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::file::{beside, folder_of, open_without_log};
use super::{checkpoint_mark, find_value};
use crate::backup::TABLES;
use crate::{RestoreError, StoreError};

/// The files that SQLite and the service keep beside a database.
const BESIDE: [&str; 4] = ["-wal", "-shm", "-journal", checkpoint_mark::SUFFIX];

/// The file at the path that a new database shall have.
pub(super) enum Former {
    Nothing,
    Database {
        has_data: bool,
        sequences: Vec<(String, i64)>,
    },
    /// A damaged database, or one with the log of another one.
    Unreadable,
}

impl Former {
    /// Examines the file without changing it. A log of a crash is merged into its own database, as at a start.
    pub(super) fn examine(path: &Path) -> Result<Self, RestoreError> {
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                return Err(RestoreError::Impossible("it is a folder: name a file in it".into()));
            }
            Ok(there) if !there.is_file() => {
                return Err(RestoreError::Impossible("it is no regular file".into()));
            }
            Ok(there) if there.len() > 0 => {}
            _ if BESIDE.iter().any(|suffix| is_filled(&beside(path, suffix))) => return Ok(Self::Unreadable),
            _ => return Ok(Self::Nothing),
        }
        // SQLite deletes the log of a file that is no database.
        let is_database = open_without_log(path).is_ok_and(|db| db.table_exists(None, "any").is_ok());
        if !is_database || checkpoint_mark::refuse_foreign_log(path).is_err() {
            return Ok(Self::Unreadable);
        }
        let examined = closed_to_others(path).and_then(|db| {
            let is_ours = db.table_exists(None, "migrations")?;
            let sequences = if is_ours { sequences(&db)? } else { Vec::new() };
            Ok((is_ours, is_ours && has_data(&db)?, sequences))
        });
        match examined {
            Ok((true, has_data, sequences)) => Ok(Self::Database { has_data, sequences }),
            Ok((false, ..)) => Err(RestoreError::Impossible(
                "it is the database of another program: name another file".into(),
            )),
            Err(StoreError::Corrupt(_) | StoreError::Bug(_)) => Ok(Self::Unreadable),
            Err(why) => Err(in_use_or(why)),
        }
    }

    /// What cannot be read may be data.
    pub(super) fn has_data(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Database { has_data, .. } => *has_data,
            Self::Unreadable => true,
        }
    }

    pub(super) fn sequences(&self) -> &[(String, i64)] {
        if let Self::Database { sequences, .. } = self { sequences } else { &[] }
    }
}

/// A database that is being made. It is deleted unless it is put in its place.
pub(super) struct Draft(PathBuf);

impl Draft {
    pub(super) fn beside(path: &Path) -> Result<Self, RestoreError> {
        let draft = Self(beside(path, &format!(".restore-{}", process::id())));
        draft.delete().map_err(|why| failed(&why))?;
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    fn delete(&self) -> io::Result<()> {
        for suffix in [""].iter().chain(&BESIDE) {
            match fs::remove_file(beside(&self.0, suffix)) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = self.delete();
    }
}

/// Gives the new database its place. Answers where the former one is now.
pub(super) fn swap(
    draft: &Draft,
    path: &Path,
    former: &Former,
    now: Timestamp,
) -> Result<Option<PathBuf>, RestoreError> {
    let draft_path = draft.path();
    let kept = beside(path, &now.strftime(".before-restore-%Y%m%dT%H%M%SZ").to_string());
    match former {
        // Fails if another process has made a database meanwhile.
        Former::Nothing => fs::hard_link(draft_path, path).map_err(|why| failed(&why))?,
        Former::Database { .. } => drop(closed_to_others(path).map_err(in_use_or)?),
        Former::Unreadable => {
            for suffix in BESIDE {
                move_if_there(&beside(path, suffix), &beside(&kept, suffix)).map_err(|why| failed(&why))?;
            }
        }
    }
    let is_kept = former.has_data() && path.exists();
    if is_kept {
        fs::hard_link(path, &kept).map_err(|why| failed(&why))?;
    }
    if !matches!(former, Former::Nothing) {
        fs::rename(draft_path, path).map_err(|why| failed(&why))?;
        let _ = fs::remove_file(beside(path, checkpoint_mark::SUFFIX));
    }
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(|why| failed(&why))?;
    Ok(is_kept.then_some(kept))
}

/// Opens a database that no other process has open, and moves its log into it.
fn closed_to_others(path: &Path) -> Result<Connection, StoreError> {
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, access)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.busy_timeout(Duration::from_millis(500))?;
    // Only the last connection can leave the mode WAL. The next start of the service enters it again.
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    if mode == "delete" { Ok(db) } else { Err(crate::Unavailable::Locked.into()) }
}

fn in_use_or(why: StoreError) -> RestoreError {
    match why {
        StoreError::Unavailable(crate::Unavailable::Locked) => RestoreError::InUse,
        why => why.into(),
    }
}

fn is_filled(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved,
    }
}

fn failed(why: &io::Error) -> RestoreError {
    RestoreError::Impossible(format!("the new database cannot be put in its place: {why}"))
}

/// The last ids of a former database, whatever its schema is.
fn sequences(db: &Connection) -> Result<Vec<(String, i64)>, StoreError> {
    let mut sequences = Vec::new();
    for table in TABLES.into_iter().filter(|table| table.has_sequence) {
        let last = find_value(db, "SELECT seq FROM sqlite_sequence WHERE name = ?1", [table.name])?;
        sequences.extend(last.map(|last| (table.name.to_owned(), last)));
    }
    Ok(sequences)
}

/// Whether a database has an account or a recipe: a service that was started once has neither.
fn has_data(db: &Connection) -> Result<bool, StoreError> {
    let any: Option<i64> = find_value(db, "SELECT 1 FROM users UNION ALL SELECT 1 FROM recipes LIMIT 1", [])?;
    Ok(any.is_some())
}
