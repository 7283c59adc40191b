//! The quotas of a user: how many recipes, and how many bytes of them.
//!
//! Counting reads a row for each recipe of the user, too much for every write. So the usage of a user is counted when it is
//! first needed, kept for a minute, and changed by the writes of this process. A write is refused only after a new count.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ids::UserId;
use jiff::Timestamp;
use store::{Store, Usage};

use super::error::RecipeError;

/// Writes of other processes, such as `recipes import`, are unseen no longer than this.
const MAX_AGE: Duration = Duration::from_mins(1);

/// A client that goes on after a refusal causes no more than one count in this time.
const RECOUNT_AFTER: Duration = Duration::from_secs(1);

/// Users whose usage is kept, about 10 MiB.
const KEPT: usize = 100_000;

/// The most that a user may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    pub recipes: Quota,
    pub bytes: Quota,
}

impl Quotas {
    pub const OFF: Self = Self { recipes: Quota(None), bytes: Quota(None) };

    fn allow(self, usage: Usage) -> bool {
        self.recipes.allows(usage.recipes) && self.bytes.allows(usage.bytes)
    }
}

/// A number, or none: "off".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota(pub Option<u64>);

impl Quota {
    fn allows(self, used: u64) -> bool {
        self.0.is_none_or(|quota| used <= quota)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(quota) => quota.fmt(f),
            None => f.write_str("off"),
        }
    }
}

/// The usage of the users that have written lately.
pub(super) struct Usages {
    store: Store,
    quotas: Quotas,
    known: Mutex<HashMap<UserId, Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    usage: Usage,
    counted_at: Timestamp,
    /// A write has made the usage smaller or has failed: it is at most this.
    is_upper_bound: bool,
}

impl Usages {
    pub(super) fn new(store: Store, quotas: Quotas) -> Self {
        Self { store, quotas, known: Mutex::default() }
    }

    pub(super) fn quotas(&self) -> Quotas {
        self.quotas
    }

    /// The usage, exact but for the writes of other processes in the last minute.
    pub(super) async fn of(&self, user: UserId, now: Timestamp) -> Result<Usage, RecipeError> {
        let known = self.known().get(&user).copied();
        match known.filter(|known| known.is_fresh(now) && !known.is_upper_bound) {
            Some(known) => Ok(known.usage),
            None => self.count(user, now).await,
        }
    }

    /// Adds to the usage before a write.
    ///
    /// # Errors
    /// [`RecipeError::QuotaExceeded`]. Nothing is added then.
    pub(super) async fn reserve(&self, user: UserId, more: Usage, now: Timestamp) -> Result<(), RecipeError> {
        if self.quotas == Quotas::OFF || self.add(user, more, now) {
            return Ok(());
        }
        if self.may_recount(user, now) {
            self.count(user, now).await?;
            if self.add(user, more, now) {
                return Ok(());
            }
        }
        let usage = self.known().get(&user).map(|known| known.usage).unwrap_or_default();
        Err(RecipeError::QuotaExceeded { usage, quotas: self.quotas })
    }

    /// After a write that made the usage smaller, or failed.
    pub(super) fn is_less(&self, user: UserId) {
        if let Some(known) = self.known().get_mut(&user) {
            known.is_upper_bound = true;
        }
    }

    fn add(&self, user: UserId, more: Usage, now: Timestamp) -> bool {
        let mut all = self.known();
        let Some(known) = all.get_mut(&user).filter(|known| known.is_fresh(now)) else { return false };
        let usage = known.usage.plus(more);
        let is_allowed = self.quotas.allow(usage);
        if is_allowed {
            known.usage = usage;
        }
        is_allowed
    }

    fn may_recount(&self, user: UserId, now: Timestamp) -> bool {
        let known = self.known().get(&user).copied();
        known.is_none_or(|known| known.is_upper_bound || known.is_older_than(RECOUNT_AFTER, now))
    }

    async fn count(&self, user: UserId, now: Timestamp) -> Result<Usage, RecipeError> {
        let usage = self.store.usage(user).await?;
        let mut all = self.known();
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(user, Known { usage, counted_at: now, is_upper_bound: false });
        Ok(usage)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<UserId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        !self.is_older_than(MAX_AGE, now)
    }

    /// Also if the clock was set back.
    fn is_older_than(&self, age: Duration, now: Timestamp) -> bool {
        let passed = Duration::try_from(now.duration_since(self.counted_at));
        passed.map_or(true, |passed| passed >= age)
    }
}
