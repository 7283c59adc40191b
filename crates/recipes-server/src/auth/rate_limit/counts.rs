//! Where the usage of a limit is counted: by all servers together, or by this one.
//!
//! Servers that share a database count in it. While it does not answer, each counts alone in its own table. Most requests that
//! are limited need the database anyway.

use std::{
    hash::{BuildHasher as _, Hash, Hasher, RandomState},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use store::{LimitKey, SharedLimits, SharedQuota, TakenQuota};

use super::quota::Quota;
use super::table::{Table, Taken};

/// The key of a counter.
#[derive(Clone, Copy)]
pub(super) struct Key {
    local: u64,
    /// The same on every server.
    shared: LimitKey,
}

impl Key {
    /// `secret` keeps a client from choosing keys that share a row of a local table.
    pub(super) fn new(secret: &RandomState, of: impl Hash) -> Self {
        let mut hasher = Sha256(Context::new(&SHA256));
        of.hash(&mut hasher);
        let digest = hasher.0.finish();
        let mut shared = LimitKey::default();
        shared.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self { local: secret.hash_one(of), shared }
    }
}

struct Sha256(Context);

impl Hasher for Sha256 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finish();
        digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

pub(super) struct Counts {
    local: Table,
    shared: Option<SharedLimits>,
}

impl Counts {
    pub(super) fn new(quota: Quota, shared: Option<SharedLimits>) -> Self {
        Self { local: Table::new(quota), shared }
    }

    pub(super) fn quota(&self) -> Quota {
        self.local.quota()
    }

    /// See [`Table::take`].
    pub(super) async fn take(&self, key: Key, times: u32, now: Timestamp) -> Taken {
        if let Some(shared) = &self.shared {
            let (window, step) = (self.local.window(), self.local.step_of(times));
            let quota = SharedQuota { window: signed(window), step: signed(step) };
            if let Ok(TakenQuota { is_within, used_until }) = shared.take(key.shared, quota, now).await {
                let (now, used_until) = (microseconds(now), u64::try_from(used_until).unwrap_or(0));
                let beyond = used_until.saturating_add(step).saturating_sub(now.saturating_add(window));
                let retry_after = (!is_within).then(|| Duration::from_micros(beyond));
                return Taken::of(used_until, now, (window, step), retry_after);
            }
        }
        self.local.take(key.local, times, microseconds(now))
    }

    /// Undoes one [`take`](Self::take).
    pub(super) async fn give_back(&self, key: Key, times: u32) {
        match &self.shared {
            Some(shared) if shared.give_back(key.shared, signed(self.local.step_of(times))).await.is_ok() => {
            }
            _ => self.local.give_back(key.local, times),
        }
    }

    /// Makes the whole quota available again.
    pub(super) async fn forget(&self, key: Key) {
        if let Some(shared) = &self.shared {
            let _ = shared.forget(key.shared).await;
        }
        self.local.forget(key.local);
    }

    /// Uses up the whole quota.
    pub(super) async fn exhaust(&self, key: Key, now: Timestamp) {
        if let Some(shared) = &self.shared {
            let _ = shared.exhaust(key.shared, now + self.local.quota().window()).await;
        }
        self.local.exhaust(key.local, microseconds(now));
    }

    /// Whether any of a quota of one is used.
    pub(super) async fn is_exhausted(&self, key: Key, now: Timestamp) -> bool {
        if let Some(shared) = &self.shared
            && let Ok(is_used) = shared.is_used(key.shared, now).await
        {
            return is_used;
        }
        self.local.is_exhausted(key.local, microseconds(now))
    }
}

fn microseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_microsecond()).unwrap_or(0)
}

fn signed(microseconds: u64) -> i64 {
    i64::try_from(microseconds).unwrap_or(i64::MAX)
}
