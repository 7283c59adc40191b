//! What SQLite's errors mean to those who asked.

use rusqlite::{Error, ErrorCode, ffi};

use crate::{StoreError, Unavailable};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Error::SqliteFailure(code, ref message) = error else { return of_rusqlite(&error) };
        let message = || message.clone().unwrap_or_else(|| error.to_string());
        match (code.code, code.extended_code) {
            (ErrorCode::ConstraintViolation, ffi::SQLITE_CONSTRAINT_UNIQUE)
                if message().ends_with("users.email_key") =>
            {
                Self::EmailTaken
            }
            // The one foreign key that a caller can miss; deleting users is ours.
            (ErrorCode::ConstraintViolation, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => Self::ActorRevoked,
            (ErrorCode::DiskFull, _) => Unavailable::DiskFull.into(),
            (ErrorCode::SystemIoFailure | ErrorCode::CannotOpen, code) => {
                tracing::error!(code, message = message(), "SQLite cannot read or write the disk");
                Unavailable::DiskFailed.into()
            }
            (ErrorCode::DatabaseBusy | ErrorCode::FileLockingProtocolFailed, _) => Unavailable::Locked.into(),
            (ErrorCode::ReadOnly | ErrorCode::PermissionDenied, _) => Unavailable::ReadOnly.into(),
            (ErrorCode::OutOfMemory, _) => Unavailable::OutOfMemory.into(),
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => {
                tracing::error!(
                    message = message(),
                    "The database is damaged: stop the service and restore a backup"
                );
                Self::Corrupt(message())
            }
            _ => Self::Bug(message()),
        }
    }
}

/// A value that is not of the type we wrote is not ours.
fn of_rusqlite(error: &Error) -> StoreError {
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnType(..) => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Bug(error.to_string()),
    }
}
