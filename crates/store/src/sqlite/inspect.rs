//! Examines a database file without changing it.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::{checkpoint_mark, file, migrate};
use crate::Inspection;

/// The refusals are those of [`Sqlite::open`](super::Sqlite::open).
pub(crate) async fn inspect(path: &Path) -> Result<Inspection, String> {
    let path = path.to_owned();
    let inspected = tokio::task::spawn_blocking(move || inspect_blocking(&path)).await;
    inspected.unwrap_or_else(|why| Err(why.to_string()))
}

fn inspect_blocking(path: &Path) -> Result<Inspection, String> {
    checkpoint_mark::refuse_foreign_log(path)?;
    if !path.try_exists().map_err(|why| why.to_string())? {
        return Ok(Inspection::Missing);
    }
    let path: PathBuf = path.canonicalize().map_err(|why| why.to_string())?;
    if path.is_dir() {
        return Err("it is a folder: name a file in it".into());
    }
    for (writable, mode) in
        [(&*path, Access::WRITE_OK), (file::folder_of(&path), Access::WRITE_OK | Access::EXEC_OK)]
    {
        access(writable, mode).map_err(|_| file::NOT_WRITABLE)?;
    }
    // Without a log, SQLite would create an empty one.
    let has_log = file::beside(&path, "-wal").exists();
    let opened = if has_log { file::open_for_reading(&path) } else { file::open_without_log(&path) };
    let mut db = opened.map_err(|why| file::explain(&why))?;
    if !file::is_empty(&path) {
        file::quick_check(&mut db)?;
        file::refuse_without_tables(&db)?;
    }
    let schema = migrate::applied(&db).map_err(|why| why.to_string())?;
    Ok(Inspection::Found { schema, newest: migrate::newest() })
}
