//! The key that signs tokens: the operator's, or one that the server makes once and keeps beside the database.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::entropy::Entropy;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use strict_jose::{Key, KeyError};

use super::{Config, ConfigError};

const FILE: &str = "jwt-secret";

/// Nobody's secret is longer; whatever file this is, it is not read to its end.
const MAX_BYTES: u64 = 4_096;

/// A secret that nobody guesses, fit for `JWT_SECRET`: 384 bits in 64 characters that need no quotes anywhere.
pub fn new_secret(entropy: &Entropy) -> SecretString {
    URL_SAFE_NO_PAD.encode(entropy.bytes::<48>()).into()
}

impl Config {
    /// The key to sign and verify with. Without `JWT_SECRET` the file beside the database has it, and is made if it is
    /// not there, so that tokens survive a restart.
    ///
    /// # Errors
    /// When the secret is too short or its file cannot be read or made.
    pub fn signing_key(&self, entropy: &Entropy) -> Result<Key, ConfigError> {
        if let Some(key) = self.existing_key()? {
            return Ok(key);
        }
        let path = self.secret_file();
        make(&path, entropy).map_err(|error| {
            let path = path.display();
            ConfigError(format!(
                "{path} cannot be made: {error}; set JWT_SECRET to the output of \"recipes secret\" instead"
            ))
        })?;
        tracing::info!(
            "JWT_SECRET is not set: a secret was made and is kept in {}, readable by its owner only",
            path.display()
        );
        // Another process may have been quicker; then its secret is the one.
        self.existing_key()?
            .ok_or_else(|| ConfigError(format!("{} was made and is gone again", path.display())))
    }

    /// The key that is there already: that of `JWT_SECRET`, else that of the file.
    ///
    /// # Errors
    /// When the secret is too short or its file cannot be read.
    pub fn existing_key(&self) -> Result<Option<Key>, ConfigError> {
        if let Some(secret) = &self.jwt_secret {
            return key("JWT_SECRET", secret.expose_secret()).map(Some);
        }
        let path = self.secret_file();
        let secret = match read(&path) {
            Ok(secret) => secret,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let path = path.display();
                return Err(ConfigError(format!(
                    "{path}, the secret of the tokens, cannot be read: {error}"
                )));
            }
        };
        key(&path.display().to_string(), secret.expose_secret().trim_end()).map(Some)
    }

    /// Where the secret is kept that was made for want of another.
    pub fn secret_file(&self) -> PathBuf {
        self.database_url.file().unwrap_or("".as_ref()).with_file_name(FILE)
    }
}

fn key(place: &str, secret: &str) -> Result<Key, ConfigError> {
    Key::hs256(secret.as_bytes()).map_err(|error| {
        let why = match error {
            KeyError::TooShort { bytes, minimum } => {
                format!("is {bytes} bytes long and must be at least {minimum}, or it can be guessed")
            }
            error => format!("cannot be used: {error}"),
        };
        ConfigError(format!("{place} {why}; \"recipes secret\" makes a good one"))
    })
}

fn read(path: &Path) -> io::Result<SecretString> {
    let file = fs::File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        tracing::warn!("{} can be read by others; chmod 600 ends that", path.display());
    }
    let mut secret = String::new();
    file.take(MAX_BYTES).read_to_string(&mut secret)?;
    Ok(secret.into())
}

/// Puts the secret into a file for its owner only, unless there is one.
///
/// Written and synced under another name first and then linked, which fails when the name is taken: two processes that
/// start at the same moment read the same secret, and nobody ever reads half of one.
fn make(path: &Path, entropy: &Entropy) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!(".{FILE}-{:016x}", u64::from_le_bytes(entropy.bytes())));
    let linked = write(&draft, &new_secret(entropy)).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.exists() => Ok(()),
        Err(error) => Err(error),
        // Without this a power cut may forget the name, and with it every token.
        Ok(()) => removed.and_then(|()| fs::File::open(folder)?.sync_all()),
    }
}

fn write(draft: &Path, secret: &SecretString) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
