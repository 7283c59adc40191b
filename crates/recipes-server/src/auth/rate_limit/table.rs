//! The usage of a limit, in a table of fixed size.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::quota::Quota;

/// Each key belongs to one row. In a full row a new key evicts the key with the least usage, and starts with none itself.
/// A flood of made-up keys therefore evicts the keys that are hardly used and keeps the exhausted ones: to reset their own
/// counter, attackers would have to use seven other keys of the same row as much, and they cannot choose these, because the
/// hash has a random key. A full table refuses no client: a new key is always served. 544 KiB when all rows are in use.
const ROWS: usize = 4_096;
const SLOTS: usize = 8;

pub(super) struct Table {
    quota: Quota,
    /// The time that refills one request of the quota, in microseconds.
    step: u64,
    rows: Mutex<Rows>,
}

/// A row takes memory from its first key on: most services use few rows of few of the tables.
type Rows = Vec<Option<Box<Row>>>;

type Row = [Slot; SLOTS];

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    /// The time at which the whole quota is available again, in microseconds since 1970.
    used_until: u64,
}

/// The result of counting a request.
pub(super) struct Taken {
    pub(super) remaining: u32,
    /// The time until the whole quota is available again.
    pub(super) reset: Duration,
    /// `Some`: the request exceeds the quota and was not counted.
    pub(super) retry_after: Option<Duration>,
}

impl Taken {
    pub(super) fn of(
        used_until: u64,
        now: u64,
        (window, step): (u64, u64),
        retry_after: Option<Duration>,
    ) -> Self {
        let left = now.saturating_add(window).saturating_sub(used_until) / step;
        Self {
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            reset: Duration::from_micros(used_until.saturating_sub(now)),
            retry_after,
        }
    }
}

impl Table {
    pub(super) fn new(quota: Quota) -> Self {
        let window = u64::try_from(quota.window().as_micros()).unwrap_or(u64::MAX);
        let step = (window / u64::from(quota.requests().max(1))).max(1);
        Self { quota, step, rows: Mutex::new(vec![None; ROWS]) }
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// Counts a request by the generic cell rate algorithm: each request moves `used_until` by one step, at most one window
    /// into the future. `times` multiplies the quota.
    pub(super) fn take(&self, key: u64, times: u32, now: u64) -> Taken {
        let (window, step) = (self.window(), self.step_of(times));
        let mut rows = self.rows();
        let slot = slot_of(&mut rows, key);
        let known = if slot.key == key { slot.used_until } else { now };
        // More than a window in the future is possible only if the clock was set back.
        let used_until = known.clamp(now, now.saturating_add(window));
        let after = used_until.saturating_add(step);
        let beyond = after.saturating_sub(now.saturating_add(window));
        let (until, retry_after) = if beyond == 0 {
            *slot = Slot { key, used_until: after };
            (after, None)
        } else {
            (used_until, Some(Duration::from_micros(beyond)))
        };
        Taken::of(until, now, (window, step), retry_after)
    }

    /// Undoes one [`take`](Self::take).
    pub(super) fn give_back(&self, key: u64, times: u32) {
        let step = self.step_of(times);
        let mut rows = self.rows();
        let slot = slot_of(&mut rows, key);
        if slot.key == key {
            slot.used_until = slot.used_until.saturating_sub(step);
        }
    }

    /// Makes the whole quota available again.
    pub(super) fn forget(&self, key: u64) {
        let mut rows = self.rows();
        let slot = slot_of(&mut rows, key);
        if slot.key == key {
            *slot = Slot::default();
        }
    }

    /// Uses up the whole quota.
    pub(super) fn exhaust(&self, key: u64, now: u64) {
        *slot_of(&mut self.rows(), key) = Slot { key, used_until: now.saturating_add(self.window()) };
    }

    /// Whether any of a quota of one is used.
    pub(super) fn is_exhausted(&self, key: u64, now: u64) -> bool {
        let mut rows = self.rows();
        let slot = slot_of(&mut rows, key);
        slot.key == key && slot.used_until > now
    }

    pub(super) fn step_of(&self, times: u32) -> u64 {
        (self.step / u64::from(times)).max(1)
    }

    pub(super) fn window(&self) -> u64 {
        self.step.saturating_mul(u64::from(self.quota.requests()))
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slot of this key. Without one: the slot in its row with the least usage, still with the key that it evicts.
fn slot_of(rows: &mut Rows, key: u64) -> &mut Slot {
    let row = rows[usize::try_from(key % ROWS as u64).unwrap_or(0)].get_or_insert_default();
    let at = row.iter().position(|slot| slot.key == key);
    let at = at.unwrap_or_else(|| (0..SLOTS).min_by_key(|at| row[*at].used_until).unwrap_or(0));
    &mut row[at]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn table(requests: u32, seconds: u64) -> Table {
        Table::new(Quota::new(requests, Duration::from_secs(seconds)))
    }

    #[test]
    fn quota_is_refilled_evenly() {
        let table = table(4, 60);
        let now = 1_000 * SECOND;
        for left in [3, 2, 1, 0] {
            let taken = table.take(7, 1, now);
            assert_eq!((taken.remaining, taken.retry_after), (left, None));
        }
        let refused = table.take(7, 1, now);
        assert_eq!((refused.remaining, refused.retry_after), (0, Some(Duration::from_secs(15))));
        assert_eq!(refused.reset, Duration::from_mins(1));
        assert_eq!(table.take(7, 1, now + 14 * SECOND).retry_after, Some(Duration::from_secs(1)));
        assert_eq!(table.take(7, 1, now + 15 * SECOND).retry_after, None);
        assert_eq!(table.take(8, 1, now).remaining, 3, "another key is another quota");
    }

    #[test]
    fn rows_without_keys_take_no_memory() {
        let table = table(4, 60);
        assert_eq!(table.rows().iter().flatten().count(), 0);
        table.take(7, 1, SECOND);
        table.take(7, 1, SECOND);
        table.take(8, 1, SECOND);
        assert_eq!(table.rows().iter().flatten().count(), 2);
    }

    #[test]
    fn given_back_quota_can_be_used_once() {
        let table = table(2, 60);
        assert_eq!(table.take(7, 1, SECOND).remaining, 1);
        table.give_back(7, 1);
        table.give_back(7, 1);
        table.give_back(9, 1);
        assert_eq!(table.take(7, 1, SECOND).remaining, 1);
        assert_eq!(table.take(9, 1, SECOND).remaining, 1);
    }

    #[test]
    fn clock_set_back_refuses_for_one_window_at_most() {
        let table = table(1, 60);
        table.take(7, 1, 10_000 * SECOND);
        let taken = table.take(7, 1, 5_000 * SECOND);
        assert_eq!(taken.retry_after, Some(Duration::from_mins(1)));
    }

    #[test]
    fn new_key_is_served_when_the_table_is_full() {
        let table = table(3, 60);
        for key in 0..2 * (ROWS * SLOTS) as u64 {
            for _ in 0..4 {
                table.take(key, 1, SECOND);
            }
        }
        assert!(
            table.rows().iter().flatten().flat_map(|row| **row).all(|slot| slot.used_until > 60 * SECOND),
            "all quotas are used up"
        );
        for key in 1_000_000..1_001_000 {
            let taken = table.take(key, 1, SECOND);
            assert_eq!((taken.remaining, taken.retry_after), (2, None), "{key}");
        }
    }

    #[test]
    fn key_with_more_usage_is_not_evicted_by_keys_with_less() {
        let table = table(4, 60);
        for key in 0..1_000 {
            for _ in 0..3 {
                table.take(key, 1, SECOND);
            }
        }
        for key in 1_000..200_000 {
            table.take(key, 1, SECOND);
            table.take(key, 1, SECOND);
        }
        let kept = (0..1_000).filter(|key| table.take(*key, 1, SECOND).remaining == 0).count();
        assert_eq!(kept, 1_000);
    }

    #[test]
    fn multiplied_quota_allows_as_many_requests() {
        let table = table(2, 60);
        for left in (0..8).rev() {
            let taken = table.take(7, 4, SECOND);
            assert_eq!((taken.remaining, taken.retry_after), (left, None));
        }
        assert!(table.take(7, 4, SECOND).retry_after.is_some());
        table.give_back(7, 4);
        assert_eq!(table.take(7, 4, SECOND).retry_after, None);
    }

    #[test]
    fn flood_of_keys_neither_grows_the_table_nor_frees_an_exhausted_key() {
        let table = table(3, 60);
        for _ in 0..3 {
            table.take(7, 1, SECOND);
        }
        for key in 0..200_000 {
            if key != 7 {
                table.take(key, 1, SECOND);
            }
        }
        assert!(table.take(7, 1, SECOND).retry_after.is_some());
        assert_eq!(table.rows().len(), ROWS);
    }

    proptest! {
        /// By definition, a window has at most one quota and the quota that was refilled meanwhile.
        #[test]
        fn no_window_has_more_than_twice_the_quota_and_retry_after_is_enough(
            pauses in prop::collection::vec(0..20 * SECOND, 1..200), requests in 1..9u32,
        ) {
            let table = table(requests, 60);
            let (mut now, mut good) = (SECOND, Vec::new());
            for pause in pauses {
                now += pause;
                match table.take(7, 1, now).retry_after {
                    None => good.push(now),
                    Some(wait) => {
                        now += u64::try_from(wait.as_micros()).unwrap();
                        prop_assert!(table.take(7, 1, now).retry_after.is_none(), "a client that waits for retry_after is served");
                        good.push(now);
                    }
                }
            }
            for (n, first) in good.iter().enumerate() {
                let within = good[n..].iter().filter(|at| *at - first < 60 * SECOND).count();
                prop_assert!(within <= 2 * requests as usize, "{within} of {requests}");
            }
        }
    }
}
