//! The file, and the settings that every connection to it shares.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

/// How long a writer waits for another process's write.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the file for writing, making it and the folders above it where they are missing.
pub(super) fn open(path: &Path) -> Result<Connection, String> {
    prepare(path)?;
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|why| in_words(&why).unwrap_or_else(|| why.to_string()))?;
    if db.is_readonly("main").unwrap_or(false) {
        return Err("it is read-only: make the file and its folder writable for this user".into());
    }
    set_up_writing(&db).map_err(|why| in_words(&why).unwrap_or_else(|| why.to_string()))?;
    Ok(db)
}

/// Opens the file, which must be there, for reading.
pub(super) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.pragma_update(None, "query_only", true)?;
    // Reading pages where the kernel has them beats copying them: 65 against 57 % of a bare route
    // with 100,000 recipes. It is only address space, so it may be more than the file.
    db.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    Ok(db)
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    // Without URI: a file may be called `file:soup.db`. Without SQLite's mutex: we have our own.
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // A manipulated schema must not call functions with side effects.
    db.pragma_update(None, "trusted_schema", false)?;
    // Without it, a statement is prepared anew whenever a parameter changes that a partial index or a range
    // depends on (sqlite.org/qpsg.html), which costs ten times the statement.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // There are some 90; one that is pushed out is prepared anew each time, at ten times its cost.
    db.set_prepared_statement_cache_capacity(128);
    Ok(db)
}

fn set_up_writing(db: &Connection) -> rusqlite::Result<()> {
    // The change to WAL does not honour the busy timeout when another process makes it as well.
    let wal = || db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
    let is_busy = |why: &Error| why.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
    let mut tries = 0;
    while let Err(why) = wal() {
        tries += 1;
        if !is_busy(&why) || tries > 500 {
            return Err(why);
        }
        std::thread::sleep(PATIENCE / 500);
    }
    // NORMAL could lose the last commits at a power failure, after they were acknowledged.
    db.pragma_update(None, "synchronous", "full")?;
    // The writer does this itself, see `log.rs`.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What a rare large transaction needed is given back.
    db.pragma_update(None, "journal_size_limit", 64_i64 << 20)
}

/// Makes missing folders and the file, accessible for their owner only. SQLite gives the files that it
/// makes beside (`-wal`, `-shm`) the same mode.
fn prepare(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folders(folder).map_err(|why| format!("the folder {} cannot be made: {why}", folder.display()))?;
    match create(path).and_then(|_| File::open(folder)?.sync_all()) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == ErrorKind::AlreadyExists => match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err("it is a folder: name a file in it".into()),
            Ok(there) if !there.is_file() => Err("it is no regular file".into()),
            Ok(_) => Ok(()),
            Err(why) => Err(why.to_string()),
        },
        Err(why) => Err(format!("the file cannot be made: {why}")),
    }
}

/// Makes the missing folders and their entries durable; a database whose folder is gone after a power
/// failure has lost everything.
fn make_folders(folder: &Path) -> io::Result<()> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
        .map(Path::to_owned)
        .collect();
    for folder in missing.iter().rev() {
        match private_folder().create(folder) {
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(above)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn private_folder() -> fs::DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut folder = fs::DirBuilder::new();
    folder.mode(0o700);
    folder
}

#[cfg(not(unix))]
fn private_folder() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The errors that the operator can correct.
fn in_words(why: &Error) -> Option<String> {
    Some(match why.sqlite_error_code()? {
        ErrorCode::NotADatabase => "it is no SQLite database".into(),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            "it cannot be written: make the file and its folder writable for this user".into()
        }
        ErrorCode::DatabaseBusy => "another process has held its lock for too long".into(),
        ErrorCode::DiskFull => "the disk is full".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_changed_parameter_does_not_prepare_a_statement_anew() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder.path().join("test.db")).unwrap();
        db.execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER); CREATE INDEX i ON t (id) WHERE p = 0",
        )
        .unwrap();
        let mut statement = db.prepare("SELECT id FROM t WHERE p = 0 AND id > ?1 AND id <= ?2").unwrap();
        for id in 0..3 {
            statement.exists([id, id + 10]).unwrap();
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
