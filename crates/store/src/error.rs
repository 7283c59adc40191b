//! Why the store could not carry out a command.

use crate::DatabaseUrl;
use ::recipes::{Quotas, Usage};
use ids::RecipeId;

/// A command that failed.
///
/// [`Unavailable`](Self::Unavailable) may succeed later. [`Corrupt`](Self::Corrupt) and [`Bug`](Self::Bug) are for the
/// administrator of the server. The others tell the caller why its command was refused; nothing has changed then.
///
/// It is `Clone` because a commit that fails, fails for every write in it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("this e-mail address is taken")]
    EmailTaken,
    /// The actor was deleted, disabled or logged out, or the API token was revoked, after the request was authenticated.
    #[error("the actor's rights were revoked")]
    ActorRevoked,
    /// The actor is no administrator, or none any more.
    #[error("only administrators can do this")]
    AdminRequired,
    /// Without this administrator there would be none to appoint another one.
    #[error("this is the last administrator")]
    LastAdmin,
    /// The invitation is unknown, used, expired, revoked or for another address.
    #[error("there is no such invitation")]
    NotInvited,
    /// The owner of the recipe would have more than the quotas allow.
    #[error("the quota of the owner is exceeded")]
    QuotaExceeded { usage: Usage, quotas: Quotas },
    /// The changes of one command are too large for one transaction: see [`MAX_EDITED_BYTES`](crate::MAX_EDITED_BYTES).
    #[error("the changes are too large for one transaction")]
    EditsTooLarge,
    /// A former request with the same idempotency key has done this: see [`Store::once`](super::Store::once).
    #[error("a former request has done this")]
    Replayed,
    /// A former request with the same idempotency key has done something else.
    #[error("the idempotency key was used for something else")]
    IdempotencyKeyReused,
    /// A recipe of an import that is all or nothing.
    #[error("a recipe of the import was refused")]
    ImportRefused { index: usize, refusal: ImportRefusal },
    #[error("the database is unavailable: {0}")]
    Unavailable(Unavailable),
    /// Only from [`Store::open`](super::Store::open).
    #[error("cannot open the database {url}: {why}")]
    CannotOpen { url: DatabaseUrl, why: String },
    #[error("the database holds an invalid value: {0}")]
    Corrupt(String),
    /// A bug in the store: SQL that does not fit the schema, a write that panicked.
    #[error("the store failed: {0}")]
    Bug(String),
}

/// Why a recipe was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportRefusal {
    /// The recipe that it would replace belongs to another user.
    NotTheOwner(RecipeId),
    QuotaExceeded {
        usage: Usage,
        quotas: Quotas,
    },
}

/// What has to change before the store works again. It recovers without a restart, except from
/// [`FilesChanged`](Self::FilesChanged) and [`Closed`](Self::Closed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    #[error("the disk is full")]
    DiskFull,
    #[error("the disk failed, or a limit of the size of files was reached")]
    DiskFailed,
    #[error("another process has held the lock for too long")]
    Locked,
    #[error("the database is read-only")]
    ReadOnly,
    #[error("there is no memory left")]
    OutOfMemory,
    /// A file of the database was removed, replaced or changed. Only a restart helps.
    #[error("the files of the database were changed by another program")]
    FilesChanged,
    #[error("the connection to the database is lost, or there is none free")]
    Disconnected,
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("the store was closed")]
    Closed,
}

impl From<Unavailable> for StoreError {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}
