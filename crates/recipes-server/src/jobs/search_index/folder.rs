//! Servers that share a data directory have an index each: an index has one writer.

use std::fs::{File, TryLockError};
use std::io;
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
