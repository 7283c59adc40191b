//! The key that signs access tokens: made of `JWT_SECRET`, else of the file `jwt-secret` in the data folder. And the key before it,
//! made of `JWT_SECRET_PREVIOUS`.

mod randomness;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use strict_jose::{Key, KeyError};

use crate::config::{Config, ConfigError};
use crate::entropy::Entropy;
use crate::secret_file;

const FILE: &str = "jwt-secret";

/// A shorter secret is refused by the key itself.
const MIN_BYTES: usize = 32;

/// Loads the key. Without `JWT_SECRET` and file, a new secret is written into the file, so that tokens survive a restart.
///
/// # Errors
/// When the secret is too short or plainly not random, or its file can be neither read nor created.
pub(crate) fn load_or_create(config: &Config, entropy: &Entropy) -> Result<Key, ConfigError> {
    if let Some(key) = load(config)? {
        warn_of_old_file(config);
        return Ok(key);
    }
    let path = file(config);
    secret_file::create(&path, &new_secret(entropy), entropy).map_err(|error| {
        let path = path.display();
        ConfigError::new(format!(
            "{path} cannot be created: {error}; set JWT_SECRET to the output of \"recipes secret\" instead"
        ))
    })?;
    tracing::info!(
        "JWT_SECRET is not set: a new secret is kept in {}, readable by its owner only",
        path.display()
    );
    // Another process may have created the file first: then its secret is the one to use.
    load(config)?
        .ok_or_else(|| ConfigError::new(format!("{} was removed after it was created", path.display())))
}

/// Loads the key if there is one, from `JWT_SECRET` or from the file.
///
/// # Errors
/// When the secret is too short or plainly not random, or its file cannot be read.
pub(crate) fn load(config: &Config) -> Result<Option<Key>, ConfigError> {
    if let Some(secret) = config.jwt_secret() {
        return key("JWT_SECRET", secret).map(Some);
    }
    let path = file(config);
    match secret_file::read(&path) {
        Ok(secret) => key(&path.display().to_string(), &secret).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let path = path.display();
            Err(ConfigError::new(format!("{path}, the secret of the access tokens, cannot be read: {error}")))
        }
    }
}

/// Makes the key whose tokens are still accepted, if there is one.
///
/// # Errors
/// When the secret is too short or plainly not random.
pub(crate) fn previous(config: &Config) -> Result<Option<Key>, ConfigError> {
    config.jwt_secret_previous().map(|secret| key("JWT_SECRET_PREVIOUS", secret)).transpose()
}

/// The file that holds the secret where `JWT_SECRET` is not set.
pub(crate) fn file(config: &Config) -> PathBuf {
    old_file(config).unwrap_or_else(|| config.data_dir.path().join(FILE))
}

/// A new random secret, fit for `JWT_SECRET`: 384 bits in 64 characters that need no quotes in any shell.
pub(crate) fn new_secret(entropy: &Entropy) -> SecretString {
    URL_SAFE_NO_PAD.encode(entropy.bytes::<48>()).into()
}

/// The file beside the database, if it is still the one to use.
///
/// Before there was `DATA_DIR`, the secret lay beside the database. Ignoring that file would end all access tokens. Where
/// `DATA_DIR` is set, a secret in it takes precedence.
fn old_file(config: &Config) -> Option<PathBuf> {
    let file = config.database_url().file()?.with_file_name(FILE);
    let new_file = config.data_dir.path().join(FILE);
    let is_another = || file.canonicalize().ok() != new_file.canonicalize().ok();
    let is_used = file.exists() && (config.data_dir.is_default() || !new_file.exists()) && is_another();
    is_used.then_some(file)
}

fn warn_of_old_file(config: &Config) {
    if config.jwt_secret().is_none()
        && let Some(old) = old_file(config)
    {
        let folder = old.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tracing::warn!(
            "The secret of the access tokens is read from {}, beside the database, where earlier versions kept it; \
             set DATA_DIR={}, or move the file to {}",
            old.display(),
            folder.display(),
            config.data_dir.path().join(FILE).display()
        );
    }
}

fn key(source: &str, secret: &SecretString) -> Result<Key, ConfigError> {
    let bytes = secret.expose_secret().as_bytes();
    if let Some(why) = randomness::flaw(bytes).filter(|_| bytes.len() >= MIN_BYTES) {
        return Err(ConfigError::new(format!(
            "{source} {why}, so it can be guessed, and with it every token; \"recipes secret\" prints a good one"
        )));
    }
    Key::hs256(bytes).map_err(|error| {
        let why = match error {
            KeyError::TooShort { bytes, minimum } => {
                format!("is {bytes} bytes long and must be at least {minimum}, or it can be guessed")
            }
            error => format!("cannot be used: {error}"),
        };
        ConfigError::new(format!("{source} {why}; \"recipes secret\" prints a good one"))
    })
}

#[cfg(test)]
mod tests;
