//! Servers that share a data directory have an index each: an index has one writer.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The folder of the first server's index, in the data directory.
pub(crate) const FOLDER: &str = "search";

/// Servers of one data directory at most.
const SERVERS: u32 = 16;

/// Held until the process ends, also by `kill -9`.
pub(super) struct FolderLock(#[expect(dead_code, reason = "its end releases the lock")] File);

/// The first folder that no other process uses: `search`, `search-2`, and so on.
///
/// # Errors
/// If the data directory cannot be written, or all folders are used.
pub(super) fn lock(data_dir: &Path) -> io::Result<(PathBuf, FolderLock)> {
    // Nothing else creates it where the database is in another place and the secret is in a variable.
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    for number in 1..=SERVERS {
        let name = if number == 1 { FOLDER.to_owned() } else { format!("{FOLDER}-{number}") };
        // Beside the folder, which is deleted when the index is built anew.
        let file = data_dir.join(format!("{name}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(file)?;
        match file.try_lock() {
            Ok(()) => return Ok((data_dir.join(name), FolderLock(file))),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other(format!("{SERVERS} servers use this data directory already")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_directory_is_created_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let data_dir = parent.path().join("data");
        let (folder, _lock) = lock(&data_dir).unwrap();
        assert_eq!(folder, data_dir.join(FOLDER));
        assert_eq!(data_dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn each_server_has_a_folder_of_its_own_until_it_ends() {
        let data_dir = tempfile::tempdir().unwrap();
        let name = |folder: &Path| folder.file_name().unwrap().to_str().unwrap().to_owned();
        let (first, lock_of_first) = lock(data_dir.path()).unwrap();
        let (second, _lock) = lock(data_dir.path()).unwrap();
        assert_eq!((name(&first), name(&second)), ("search".to_owned(), "search-2".to_owned()));
        drop(lock_of_first);
        assert_eq!(lock(data_dir.path()).unwrap().0, first);
    }
}
