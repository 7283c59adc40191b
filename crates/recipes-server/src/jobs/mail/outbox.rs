//! Mails as files, for a service without a mail server.

use std::{
    fmt,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use lettre::Message;

use super::send_error::SendError;
use crate::clock::Clock;
use crate::entropy::Entropy;

/// Older mails are deleted: anonymous requests cause mails and must not fill the disk.
const MAX_MAILS: usize = 1_000;

/// A folder of mails, readable by its owner only.
#[derive(Clone, Debug)]
pub struct Outbox {
    pub folder: PathBuf,
    pub clock: Clock,
    pub entropy: Entropy,
}

impl Outbox {
    /// Writes the mail and returns its file.
    pub(super) async fn put(&self, message: &Message) -> Result<PathBuf, SendError> {
        let (outbox, mail) = (self.clone(), message.formatted());
        let written = tokio::task::spawn_blocking(move || outbox.write(&mail)).await;
        // A disk that is full now may have room later.
        let failed = |why: String| SendError { why, can_retry: true };
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
    }

    fn write(&self, mail: &[u8]) -> io::Result<PathBuf> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let time = self.clock.now().strftime("%Y%m%dT%H%M%S%.6fZ");
        let name = format!("{time}-{:08x}.eml", u32::from_le_bytes(self.entropy.bytes()));
        // Under another name first, so that a program that watches the folder never reads an incomplete mail.
        let draft = self.folder.join(format!(".{name}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let path = self.folder.join(name);
        let written = file.write_all(mail).and_then(|()| fs::rename(&draft, &path));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written?;
        // The mail is written, even if an older one cannot be deleted.
        if let Err(error) = self.delete_oldest() {
            tracing::warn!(%error, "The oldest mails in {self} could not be deleted");
        }
        Ok(path)
    }

    /// Names begin with the time, so the first are the oldest.
    fn delete_oldest(&self) -> io::Result<()> {
        let mut mails: Vec<PathBuf> = fs::read_dir(&self.folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .filter(|path| path.as_ref().is_ok_and(|path| is_mail(path)))
            .collect::<Result<_, _>>()?;
        let too_many = mails.len().saturating_sub(MAX_MAILS);
        mails.sort_unstable();
        mails.into_iter().take(too_many).try_for_each(remove)
    }
}

/// Drafts do not count.
fn is_mail(path: &Path) -> bool {
    let is_draft = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !is_draft && path.extension().is_some_and(|extension| extension == "eml")
}

/// Another task may have deleted the file first.
fn remove(path: PathBuf) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

impl fmt::Display for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.folder.display().fmt(f)
    }
}
