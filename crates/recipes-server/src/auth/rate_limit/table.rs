//! What was used, in a table that never grows.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::quota::Quota;

/// Rows of places. A key can only be in its row; a new one takes the place of the one that has used least, and has used
/// nothing itself. So a flood of made-up keys pushes out what was hardly used and leaves what is exhausted: who wants to
/// free his own counter by it has to use seven others of its row as much, which he cannot choose, because the hash is
/// keyed at random. And it locks nobody out: a key that is new is served, however full the table is. 512 KiB, once all
/// are used.
const ROWS: usize = 4_096;
const PLACES: usize = 8;

pub(super) struct Table {
    quota: Quota,
    /// Between two requests that come evenly, in microseconds.
    step: u64,
    /// A key, and the time at which nothing of its quota is used any more. All zeros at first, which is memory that
    /// nobody has touched yet.
    rows: Mutex<Vec<[[u64; 2]; PLACES]>>,
}

/// What came of a request.
pub(super) struct Taken {
    pub(super) remaining: u32,
    /// When the whole quota is there again.
    pub(super) reset: Duration,
    /// `Some`: it was one too many, and was not counted.
    pub(super) retry_after: Option<Duration>,
}

impl Table {
    pub(super) fn new(quota: Quota) -> Self {
        let window = u64::try_from(quota.window().as_micros()).unwrap_or(u64::MAX);
        let step = (window / u64::from(quota.requests().max(1))).max(1);
        Self { quota, step, rows: Mutex::new(vec![[[0; 2]; PLACES]; ROWS]) }
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// The generic cell rate algorithm: each request moves the time at which all is back by one step, and may move it
    /// no further than a window away. `times`: of a quota that is so many times as large.
    pub(super) fn take(&self, key: u64, times: u32, now: u64) -> Taken {
        let (window, step) = (self.window(), self.step_of(times));
        let mut rows = self.rows();
        let place = place_of(&mut rows, key);
        let known = if place[0] == key { place[1] } else { now };
        // Further than a window away it can only be if the clock was set back.
        let used_until = known.clamp(now, now.saturating_add(window));
        let after = used_until.saturating_add(step);
        let beyond = after.saturating_sub(now.saturating_add(window));
        let (until, retry_after) = if beyond == 0 {
            *place = [key, after];
            (after, None)
        } else {
            (used_until, Some(Duration::from_micros(beyond)))
        };
        let left = now.saturating_add(window).saturating_sub(until) / step;
        Taken {
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            reset: Duration::from_micros(until - now),
            retry_after,
        }
    }

    /// Undoes what was taken once.
    pub(super) fn give_back(&self, key: u64, times: u32) {
        let step = self.step_of(times);
        let mut rows = self.rows();
        let place = place_of(&mut rows, key);
        if place[0] == key {
            place[1] = place[1].saturating_sub(step);
        }
    }

    /// Gives back everything.
    pub(super) fn forget(&self, key: u64) {
        let mut rows = self.rows();
        let place = place_of(&mut rows, key);
        if place[0] == key {
            *place = [0; 2];
        }
    }

    /// Uses all there is, from now on.
    pub(super) fn set(&self, key: u64, now: u64) {
        *place_of(&mut self.rows(), key) = [key, now.saturating_add(self.window())];
    }

    /// Whether less than one request is left.
    pub(super) fn is_exhausted(&self, key: u64, now: u64) -> bool {
        let mut rows = self.rows();
        let place = place_of(&mut rows, key);
        // Not to the microsecond: a quota of one in a month is used up for a month.
        place[0] == key && place[1] > now
    }

    fn step_of(&self, times: u32) -> u64 {
        (self.step / u64::from(times)).max(1)
    }

    fn window(&self) -> u64 {
        self.step.saturating_mul(u64::from(self.quota.requests()))
    }

    fn rows(&self) -> MutexGuard<'_, Vec<[[u64; 2]; PLACES]>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of this key; if it has none, the one in its row that has used least, still with that one's key.
fn place_of(rows: &mut [[[u64; 2]; PLACES]], key: u64) -> &mut [u64; 2] {
    let row = &mut rows[usize::try_from(key % ROWS as u64).unwrap_or(0)];
    let at = row.iter().position(|place| place[0] == key);
    let at = at.unwrap_or_else(|| (0..PLACES).min_by_key(|at| row[*at][1]).unwrap_or(0));
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
    fn what_was_used_comes_back_evenly() {
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
    fn what_is_given_back_can_be_used_again_and_no_more() {
        let table = table(2, 60);
        assert_eq!(table.take(7, 1, SECOND).remaining, 1);
        table.give_back(7, 1);
        table.give_back(7, 1);
        table.give_back(9, 1);
        assert_eq!(table.take(7, 1, SECOND).remaining, 1);
        assert_eq!(table.take(9, 1, SECOND).remaining, 1);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_longer_than_a_window() {
        let table = table(1, 60);
        table.take(7, 1, 10_000 * SECOND);
        let taken = table.take(7, 1, 5_000 * SECOND);
        assert_eq!(taken.retry_after, Some(Duration::from_mins(1)));
    }

    #[test]
    fn a_new_key_is_served_however_full_the_table_is() {
        let table = table(3, 60);
        for key in 0..2 * (ROWS * PLACES) as u64 {
            for _ in 0..4 {
                table.take(key, 1, SECOND);
            }
        }
        assert!(table.rows().iter().flatten().all(|place| place[1] > 60 * SECOND), "all is used up");
        for key in 1_000_000..1_001_000 {
            let taken = table.take(key, 1, SECOND);
            assert_eq!((taken.remaining, taken.retry_after), (2, None), "{key}");
        }
    }

    #[test]
    fn who_has_used_more_is_not_freed_by_those_who_have_used_less() {
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
    fn a_larger_quota_is_as_many_requests() {
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
    fn a_flood_of_made_up_keys_does_not_grow_the_table_nor_free_who_is_exhausted() {
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
        /// Against the definition: in no window are there more than a quota and what came back meanwhile.
        #[test]
        fn no_window_has_more_than_twice_the_quota_and_waiting_is_enough(
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
                        prop_assert!(table.take(7, 1, now).retry_after.is_none(), "who waits as told is served");
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
