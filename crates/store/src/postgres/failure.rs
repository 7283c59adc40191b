//! What PostgreSQL's errors mean to the callers.

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::{StoreError, Unavailable};

/// Why a statement or a transaction failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another transaction was in the way, or a prepared statement was outdated, and nothing was committed: it may be tried
    /// again.
    Conflict,
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Unavailable> for Failure {
    fn from(why: Unavailable) -> Self {
        Self::Store(why.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Unavailable::Locked.into(),
            Failure::Store(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Some(answer) = error.as_db_error() else { return of_driver(&error) };
        let code = answer.code();
        if is_outdated_plan(&error) {
            return Self::Conflict;
        }
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
            return Self::Conflict;
        }
        if *code == SqlState::UNIQUE_VIOLATION && answer.constraint() == Some("users_email_key") {
            return StoreError::EmailTaken.into();
        }
        // The one foreign key that a caller can miss; deleting users is ours.
        if *code == SqlState::FOREIGN_KEY_VIOLATION {
            return StoreError::ActorRevoked.into();
        }
        let why = match *code {
            SqlState::DISK_FULL => Unavailable::DiskFull,
            SqlState::IO_ERROR => Unavailable::DiskFailed,
            SqlState::OUT_OF_MEMORY => Unavailable::OutOfMemory,
            SqlState::READ_ONLY_SQL_TRANSACTION => Unavailable::ReadOnly,
            SqlState::LOCK_NOT_AVAILABLE => Unavailable::Locked,
            SqlState::QUERY_CANCELED => Unavailable::TimedOut,
            // Classes of codes: the connection, the server's limits, an operator's intervention.
            _ if ["08", "53", "57"].iter().any(|class| code.code().starts_with(class)) => {
                Unavailable::Disconnected
            }
            _ if code.code().starts_with("XX") => return StoreError::Corrupt(answer.to_string()).into(),
            _ => return StoreError::Bug(answer.to_string()).into(),
        };
        tracing::warn!(code = code.code(), message = answer.message(), "PostgreSQL refused a statement");
        why.into()
    }
}

fn of_driver(error: &Error) -> Failure {
    if error.is_closed()
        || std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
    {
        return Unavailable::Disconnected.into();
    }
    StoreError::Bug(error.to_string()).into()
}

/// Another server has changed a table, and the statement was prepared before.
pub(super) fn is_outdated_plan(error: &Error) -> bool {
    let of_cache = |answer: &DbError| answer.routine() == Some("RevalidateCachedQuery");
    error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) && error.as_db_error().is_some_and(of_cache)
}

/// Why there is no connection: the errors from the outer to the inner one, each once.
pub(super) fn in_words(error: &PoolError) -> String {
    let mut error: &dyn std::error::Error = match error {
        PoolError::Backend(error) => error,
        PoolError::Timeout(_) => return "the server does not answer".to_owned(),
        other => return other.to_string(),
    };
    let mut text = error.to_string();
    while let Some(source) = error.source() {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        error = source;
    }
    text.replace('\n', " ")
}
