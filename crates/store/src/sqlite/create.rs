//! Creates a database as a whole or not at all.
//!
//! The tables are made in a file with another name, which is then linked to its own name. So a start that is killed leaves
//! no database without tables: such a file is an incomplete copy of another one, and is refused.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::file::{self, beside, folder_of};
use super::migrate;

/// Creates the database if there is no file. Answers whether this call created it.
pub(super) fn if_absent(path: &Path, now: Timestamp) -> Result<bool, String> {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    if fs::symlink_metadata(path).is_ok() {
        return Ok(false);
    }
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = beside(path, &format!(".new-{}-{number}", process::id()));
    let created = fill(&draft, now).and_then(|()| match fs::hard_link(&draft, path) {
        Ok(()) => Ok(true),
        // Another process was faster.
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(why) => Err(format!("the file cannot be made: {why}")),
    });
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(&draft, suffix));
    }
    let created = created?;
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).map_err(|why| why.to_string())?;
    Ok(created)
}

fn fill(draft: &Path, now: Timestamp) -> Result<(), String> {
    let mut connection = file::open(draft)?;
    migrate::run(&mut connection, now).map_err(|why| why.to_string())?;
    // Moves the log into the file.
    connection.close().map_err(|(_, why)| why.to_string())
}
