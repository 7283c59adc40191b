//! The file, and the settings that every connection to it shares.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};

/// How long a writer waits for another process's write.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long a checkpoint of another process may leave the files as this one does not know them, 2 s on a busy machine or a slow
/// disk. Then they are no longer those of the database.
pub(super) const TRIES: usize = 400;
pub(super) const PAUSE: Duration = Duration::from_millis(5);

/// How long the check of a large database may delay the start.
const QUICK_CHECK: Duration = Duration::from_secs(5);

/// Opens the file for writing, making it and the folders above it where they are missing.
pub(super) fn open(path: &Path) -> Result<Connection, String> {
    prepare(path)?;
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|why| explain(&why))?;
    if db.is_readonly("main").unwrap_or(false) {
        return Err("it is read-only: make the file and its folder writable for this user".into());
    }
    set_up_writing(&db).map_err(|why| why.to_string())?;
    Ok(db)
}

/// Refuses a file without tables. This program never leaves one: it is the copy of a database whose log was not copied.
pub(super) fn refuse_without_tables(db: &Connection) -> Result<(), String> {
    let tables = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0));
    let tables: i64 = tables.map_err(|why| explain(&why))?;
    if tables > 0 {
        return Ok(());
    }
    Err("it has no tables, so it is an incomplete copy of a database: restore another backup, or move the file away to \
         start with a new database"
        .into())
}

/// Refuses a damaged database. It reads the whole file, so it is given up after [`QUICK_CHECK`].
pub(super) fn quick_check(db: &mut Connection) -> Result<(), String> {
    let end = Instant::now() + QUICK_CHECK;
    let interrupt = Some(move || Instant::now() > end);
    db.progress_handler(100_000, interrupt).map_err(|why| why.to_string())?;
    let found: rusqlite::Result<String> = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    db.progress_handler(0, None::<fn() -> bool>).map_err(|why| why.to_string())?;
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(format!("{DAMAGED} ({})", found.trim().replace('\n', "; "))),
        Err(why) if why.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            tracing::info!("The database is large: its check was ended after {} s", QUICK_CHECK.as_secs());
            Ok(())
        }
        Err(why) => Err(explain(&why)),
    }
}

/// Opens the file for reading as it is on disk, without its log. SQLite must do it: closing a handle of our own would
/// release the locks of this process (sqlite.org/howtocorrupt.html, section 2.2).
pub(super) fn open_without_log(path: &Path) -> rusqlite::Result<Connection> {
    let escaped: String = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let access =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), access)
}

/// The path of a file beside the database, as in `recipes.db-wal`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Warns if other users of the machine can read the database, as after `cp backup.db recipes.db`, or replace it.
pub(super) fn warn_of_permissions(path: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    let mode = |path: &Path| fs::metadata(path).map_or(0, |found| found.mode());
    if mode(path) & 0o077 != 0 {
        tracing::warn!("{} can be read by other users; run chmod 600 on it", path.display());
    }
    // In a folder with the sticky bit, users can replace only their own files.
    if mode(folder_of(path)) & 0o1002 == 0o0002 {
        let folder = folder_of(path).display();
        tracing::warn!(
            "{folder} can be changed by other users, who can replace the database; run chmod 700 on it"
        );
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the file is empty or missing.
pub(super) fn is_empty(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |file| file.len() == 0)
}

/// Opens the file, which must be there, for reading.
pub(super) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.pragma_update(None, "query_only", true)?;
    // Not mmap_size: if another program truncates the file, reading a mapped page ends the process (SIGBUS). Pages that
    // are read again come from the cache, 8 MiB for each connection.
    db.pragma_update(None, "mmap_size", 0)?;
    db.pragma_update(None, "cache_size", -(8 << 10))?;
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

#[derive(Debug, thiserror::Error)]
enum SetUpError {
    #[error("{}", explain(.0))]
    Sqlite(#[from] Error),
    /// SQLite answers with the mode that it kept.
    #[error(
        "its file system does not support a write-ahead log (journal_mode stays {0}): move the database to a local disk"
    )]
    NoLog(String),
}

fn set_up_writing(db: &Connection) -> Result<(), SetUpError> {
    // The change to WAL does not honour the busy timeout when another process makes it as well.
    let wal = || db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get::<_, String>(0));
    let is_busy = |why: &Error| why.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
    let mut tries = 0;
    let mode = loop {
        match wal() {
            Ok(mode) => break mode,
            Err(why) if !is_busy(&why) || tries > 500 => return Err(why.into()),
            Err(_) => tries += 1,
        }
        std::thread::sleep(PATIENCE / 500);
    };
    if mode != "wal" {
        return Err(SetUpError::NoLog(mode));
    }
    // NORMAL could lose the last commits at a power failure, after they were acknowledged.
    db.pragma_update(None, "synchronous", "full")?;
    // The writer does this itself, see `log.rs`.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    // What a rare large transaction needed is given back.
    db.pragma_update(None, "journal_size_limit", 64_i64 << 20)?;
    Ok(())
}

/// Makes missing folders and the file, accessible for their owner only. SQLite gives the files that it
/// makes beside (`-wal`, `-shm`) the same mode.
fn prepare(path: &Path) -> Result<(), String> {
    let folder = folder_of(path);
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
        File::open(folder_of(folder))?.sync_all()?;
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

pub(super) const NOT_WRITABLE: &str =
    "it cannot be written: make the file and its folder writable for this user";

const DAMAGED: &str =
    "it is damaged: restore a backup, or save what can be read with \"sqlite3 FILE .recover\"";

/// The error for the operator.
pub(super) fn explain(why: &Error) -> String {
    in_words(why).unwrap_or_else(|| why.to_string())
}

/// The errors that the operator can correct.
fn in_words(why: &Error) -> Option<String> {
    Some(match why.sqlite_error_code()? {
        ErrorCode::NotADatabase => "it is no SQLite database".into(),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => NOT_WRITABLE.into(),
        ErrorCode::DatabaseBusy => "another process has held its lock for too long".into(),
        ErrorCode::DiskFull => "the disk is full".into(),
        ErrorCode::DatabaseCorrupt => DAMAGED.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn file_system_without_a_write_ahead_log_is_refused() {
        // SQLite answers with the mode that it keeps, as it does where there is no shared memory.
        let why = set_up_writing(&Connection::open_in_memory().unwrap()).unwrap_err().to_string();
        assert!(why.contains("does not support a write-ahead log (journal_mode stays memory)"), "{why}");
        assert!(why.contains("move the database to a local disk"), "{why}");
    }

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
