//! Why the store could not do what it was asked.

use std::fmt;
use std::path::PathBuf;

/// What went wrong. The first four are the caller's to solve, [`Unavailable`](Self::Unavailable) is
/// worth another try later, and the rest are for whoever runs the server.
///
/// It is `Clone` because a commit that fails fails for every caller whose write was in it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("this {0} is taken")]
    Taken(Field),
    /// The recipe's owner was deleted between being recognized and writing, or whoever writes may no longer do it.
    #[error("the owner does not exist any more")]
    OwnerGone,
    /// Nobody would be left who could make another one. Nothing has changed.
    #[error("this is the last administrator")]
    LastAdmin,
    /// The invitation is unknown, used, expired, revoked or for somebody else.
    #[error("there is no such invitation")]
    NotInvited,
    #[error("the database cannot do it now: {0}")]
    Unavailable(Unavailable),
    /// Only from [`Store::open`](super::Store::open).
    #[error("cannot open the database {}: {why}", path.display())]
    CannotOpen { path: PathBuf, why: String },
    #[error("the database holds what it never should: {0}")]
    Corrupt(String),
    /// Our own mistake: SQL that does not fit the schema, a write that panicked.
    #[error("the store failed: {0}")]
    Bug(String),
}

/// What nobody else may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Email,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "e-mail address",
        })
    }
}

/// What has to change before the store works again. It finds out by itself, without a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    #[error("the disk is full")]
    DiskFull,
    #[error("the disk failed (SQLite's code {0})")]
    DiskFailed(i32),
    #[error("another process has held the lock for too long")]
    Locked,
    #[error("the database is read-only")]
    ReadOnly,
    #[error("there is no memory left")]
    OutOfMemory,
    #[error("the store was closed")]
    Closed,
}

impl From<Unavailable> for StoreError {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}
