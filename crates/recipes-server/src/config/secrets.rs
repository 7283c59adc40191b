//! Secrets: from an environment variable, or from the file that a second variable names, as in `JWT_SECRET_FILE`.
//!
//! They are not flags, because other users of a machine can see the flags of a process. Docker and Kubernetes hand secrets to a
//! container as files, so that they are not in its environment.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::error::ConfigError;
use crate::secret_file;

/// A setting that may be in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    JwtSecret,
    JwtSecretPrevious,
    DatabaseUrl,
    SmtpUrl,
}

impl Secret {
    pub const ALL: [Self; 4] = [Self::JwtSecret, Self::JwtSecretPrevious, Self::DatabaseUrl, Self::SmtpUrl];

    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::JwtSecret => "JWT_SECRET",
            Self::JwtSecretPrevious => "JWT_SECRET_PREVIOUS",
            Self::DatabaseUrl => "DATABASE_URL",
            Self::SmtpUrl => "SMTP_URL",
        }
    }

    pub(super) fn file_variable(self) -> &'static str {
        match self {
            Self::JwtSecret => "JWT_SECRET_FILE",
            Self::JwtSecretPrevious => "JWT_SECRET_PREVIOUS_FILE",
            Self::DatabaseUrl => "DATABASE_URL_FILE",
            Self::SmtpUrl => "SMTP_URL_FILE",
        }
    }

    /// Reads the variable, or the file that the other variable names.
    ///
    /// # Errors
    /// If both are set, or the text cannot be read. The message does not show it.
    pub(super) fn read(self) -> Result<Option<SecretString>, ConfigError> {
        let (name, file_name) = (self.variable(), self.file_variable());
        match (set(name), set(file_name)) {
            (Some(_), Some(_)) => {
                Err(ConfigError::new(format!("{name} and {file_name} are both set: remove one of them")))
            }
            // Replacing the other bytes would make two secrets that differ only in them the same.
            (Some(text), None) => match text.into_string() {
                Ok(text) => Ok(Some(text.into())),
                Err(_) => Err(ConfigError::new(format!("{name} is not UTF-8: set it to a text"))),
            },
            (None, Some(path)) => of_file(file_name, Path::new(&path)).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn of_file(variable: &str, path: &Path) -> Result<SecretString, ConfigError> {
    secret_file::read_of_another_program(path).map_err(|why| {
        let path = path.display().to_string();
        ConfigError::new(format!("{variable} is {path:?}: this file cannot be used: {why}"))
    })
}

/// The files that are set, for commands that must not write over them.
pub fn secret_files() -> impl Iterator<Item = PathBuf> {
    Secret::ALL.into_iter().filter_map(|secret| set(secret.file_variable())).map(PathBuf::from)
}

/// The value of a variable. An empty one counts as not set.
fn set(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
