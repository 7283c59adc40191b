//! A file with one secret, readable by its owner only.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::entropy::Entropy;

/// Longer than any secret: a wrong file is not read to its end.
const MAX_BYTES: u64 = 4_096;

/// Reads the secret, without the line break at its end. Warns if other users of the machine can read the file.
///
/// # Errors
/// Those of the file.
pub(crate) fn read(path: &Path) -> io::Result<SecretString> {
    let file = fs::File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        tracing::warn!("{} can be read by other users; run chmod 600 on it", path.display());
    }
    Ok(text(file)?.trim_end().to_owned().into())
}

/// The same for a file that another program has made. Its permissions are not ours to judge: in a container, the files of secrets
/// are readable by all of its users.
///
/// # Errors
/// Those of the file, or if it is empty.
pub(crate) fn read_of_another_program(path: &Path) -> io::Result<SecretString> {
    match text(fs::File::open(path)?)?.trim_end_matches(['\r', '\n']) {
        "" => Err(io::Error::new(ErrorKind::InvalidData, "it is empty")),
        secret => Ok(secret.to_owned().into()),
    }
}

fn text(file: fs::File) -> io::Result<String> {
    let mut text = String::new();
    let bytes = file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if bytes as u64 > MAX_BYTES {
        let why = format!("it has more than {MAX_BYTES} bytes, so it is not a secret");
        return Err(io::Error::new(ErrorKind::InvalidData, why));
    }
    Ok(text)
}

/// Writes the secret into a new file. An existing file is kept, which is no error.
///
/// The secret is written and synced under another name and then linked, which fails if the name exists. So two processes
/// that start at the same moment use the same secret, and neither reads an incomplete file.
///
/// # Errors
/// Those of the file and its folder.
pub(crate) fn create(path: &Path, secret: &SecretString, entropy: &Entropy) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!(".secret-{:016x}", u64::from_le_bytes(entropy.bytes())));
    let linked = write(&draft, secret).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.exists() => Ok(()),
        Err(error) => Err(error),
        // Without this a power cut may lose the name, and with it the secret.
        Ok(()) => removed.and_then(|()| fs::File::open(folder)?.sync_all()),
    }
}

fn write(draft: &Path, secret: &SecretString) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
