//! Refuses to write over the files that the service itself keeps.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::invalid_argument::InvalidArgument;
use crate::config::{Config, EnvFile, secret_files};
use crate::signing_key;

/// Refuses a target that is the database, the secret or another file of the service, also by another name: a symbolic link,
/// a hard link, another spelling of the path.
///
/// # Errors
/// [`InvalidArgument`].
pub(super) fn refuse(config: &Config, target: &Path) -> Result<(), InvalidArgument> {
    let is_same = |own: &PathBuf| {
        let names = (place(own), place(target));
        // Also a file that is not there: as the secret, where JWT_SECRET is set.
        (names.0.is_some() && names.0 == names.1)
            || (identity(own).is_some() && identity(own) == identity(target))
    };
    let is_around = |own: &PathBuf| place(target).is_some_and(|target| target.starts_with(own));
    let own = own_files(config).into_iter().find(is_same);
    let Some(own) = own.or_else(|| own_folders(config).into_iter().find(is_around)) else { return Ok(()) };
    Err(InvalidArgument(format!(
        "{} is a file of the service ({}): name another file",
        target.display(),
        own.display()
    )))
}

fn own_files(config: &Config) -> Vec<PathBuf> {
    let mut files =
        vec![signing_key::file(config), config.data_dir.path().join("jwt-secret"), EnvFile::NAME.into()];
    files.extend(secret_files());
    if let Some(database) = config.database_url().file() {
        files.extend(["", "-wal", "-shm", "-checkpoint", "-journal"].map(|suffix| {
            let mut name = OsString::from(database);
            name.push(suffix);
            name.into()
        }));
    }
    files
}

/// The search indexes, of which a damaged one is built anew at each start, and the mails that were not sent.
fn own_folders(config: &Config) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(config.data_dir.path()) else { return Vec::new() };
    let is_own = |name: &OsString| {
        name.to_str().is_some_and(|name| matches!(name, "search" | "outbox") || name.starts_with("search-"))
    };
    let own = entries.flatten().filter(|entry| is_own(&entry.file_name()) && entry.path().is_dir());
    own.filter_map(|folder| folder.path().canonicalize().ok()).collect()
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The folder without symbolic links, and the name in it.
fn place(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}
