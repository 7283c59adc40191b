//! What a restore is given, and how it ends.

use std::path::PathBuf;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::record::Record;
use crate::StoreError;

/// What a database is to be filled with, and whether it may lose what it has.
#[derive(Debug)]
pub struct Restore {
    pub records: mpsc::Receiver<RestoreBatch>,
    pub replace: bool,
    pub now: Timestamp,
}

/// A part of an archive. Without [`End`](Self::End) the archive is incomplete, and nothing of it is kept.
#[derive(Debug)]
pub enum RestoreBatch {
    Records(Vec<Record>),
    End,
}

/// A database that was filled.
#[derive(Debug, Default)]
pub struct Restored {
    /// The former database, where it had to give way and was a file.
    pub kept: Option<PathBuf>,
}

/// Why a database was not filled. It is as before then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    #[error("there is data in the database already")]
    NotEmpty,
    #[error("another process uses the database")]
    InUse,
    #[error("the archive has no end")]
    Incomplete,
    /// The record breaks a rule that only the database knows, such as a user who does not exist.
    #[error("the database refuses {record}: {why}")]
    Refused { record: String, why: String },
    /// In words that say what to do.
    #[error("{0}")]
    Impossible(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}
