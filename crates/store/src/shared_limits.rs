//! Rate limits that several servers share.

use std::fmt;

use jiff::Timestamp;

use crate::postgres::Postgres;
use crate::{Store, StoreError};

/// The digest of a counter's key.
pub type LimitKey = [u8; 16];

/// A quota, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct SharedQuota {
    /// The time in which the whole quota is refilled.
    pub window: i64,
    /// The time that refills one request.
    pub step: i64,
}

/// The answer to a request that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenQuota {
    /// Whether the request is within the quota. If not, it was not counted.
    pub is_within: bool,
    /// When the whole quota is available again, in microseconds since 1970.
    pub used_until: i64,
}

/// The counts of all servers on a database. `now` is the caller's: clocks that differ by seconds make windows of minutes longer
/// or shorter by as much.
///
/// # Errors
/// [`StoreError::Unavailable`], for all methods.
#[derive(Clone)]
pub struct SharedLimits(Postgres);

#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl SharedLimits {
    /// Counts a request by the generic cell rate algorithm.
    pub async fn take(
        &self,
        key: LimitKey,
        quota: SharedQuota,
        now: Timestamp,
    ) -> Result<TakenQuota, StoreError> {
        self.0.take_quota(key, quota, now).await
    }

    /// Undoes one [`take`](Self::take).
    pub async fn give_back(&self, key: LimitKey, step: i64) -> Result<(), StoreError> {
        self.0.give_back_quota(key, step).await
    }

    /// Makes the whole quota available again.
    pub async fn forget(&self, key: LimitKey) -> Result<(), StoreError> {
        self.0.forget_quota(key).await
    }

    /// Uses up a quota until this time.
    pub async fn exhaust(&self, key: LimitKey, until: Timestamp) -> Result<(), StoreError> {
        self.0.exhaust_quota(key, until).await
    }

    /// Whether any of a quota is used.
    pub async fn is_used(&self, key: LimitKey, now: Timestamp) -> Result<bool, StoreError> {
        self.0.is_quota_used(key, now).await
    }
}

impl Store {
    /// The rate limits that the servers on this database share. `None`: a database that one server has to itself.
    pub fn shared_limits(&self) -> Option<SharedLimits> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(db) => Some(SharedLimits(db.clone())),
        }
    }

    /// Deletes counts of quotas that are wholly available again, at most some thousands. Answers how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trim_rate_limits(&self, now: Timestamp) -> Result<usize, StoreError> {
        match self {
            Self::Sqlite(_) => Ok(0),
            Self::Postgres(db) => db.trim_rate_limits(now).await,
        }
    }
}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedLimits(..)")
    }
}
