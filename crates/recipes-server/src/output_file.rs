//! Files that are complete or not there.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// Writes a file under another name and gives it its own when it is complete, so that a full disk leaves an older file intact.
/// `write` returns the file that it was given.
///
/// The output is private: a new file is readable by its owner only, and an existing one keeps its permissions.
///
/// # Errors
/// Those of the disk and of `write`, with the name of the file.
pub(crate) async fn write<T, F>(path: &Path, write: impl FnOnce(File) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<(File, T)>>,
{
    // A symbolic link stays, and its target is written.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let done = match fs::metadata(&target) {
        // A pipe or a device is written to, not replaced by a file.
        Ok(old) if !old.is_file() => match File::options().write(true).open(&target) {
            Ok(pipe) => write(pipe).await.map(|(_, done)| done),
            Err(error) => Err(error.into()),
        },
        old => replace(&target, old.ok(), write).await,
    };
    done.with_context(|| format!("{} cannot be written", path.display()))
}

async fn replace<T, F>(path: &Path, old: Option<Metadata>, write: impl FnOnce(File) -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<(File, T)>>,
{
    let draft = draft(path);
    // Left over from a failed attempt, or a link that another user has put there.
    let _ = fs::remove_file(&draft);
    let done = async {
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&draft)?;
        if let Some(old) = old {
            file.set_permissions(old.permissions())?;
        }
        let (file, done) = write(file).await?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(done)
    };
    let done: anyhow::Result<T> = done.await;
    if done.is_err() {
        // The first error is reported, not a failure to clean up.
        let _ = fs::remove_file(&draft);
    }
    done
}

/// The name of the file until it is complete.
fn draft(path: &Path) -> PathBuf {
    let mut draft = OsString::from(path);
    draft.push(".part");
    draft.into()
}
