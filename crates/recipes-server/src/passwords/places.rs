//! Memory for hashing, in places of the size that the current parameters need.
//!
//! An imported hash may need several times as much. It waits until that many places are free, so that a flood of log-ins to
//! such accounts needs no more memory than one to others. Jobs get their places in the order in which they ask.

use std::sync::{Condvar, Mutex, PoisonError};

pub(super) struct Places {
    state: Mutex<State>,
    changed: Condvar,
    count: usize,
}

struct State {
    free: usize,
    /// The next number that a job takes, and the number of the job whose turn it is.
    next: u64,
    turn: u64,
}

/// Some places, which are free again when this is dropped.
pub(super) struct Taken<'a> {
    places: &'a Places,
    count: usize,
}

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self { state: Mutex::new(State { free: count, next: 0, turn: 0 }), changed: Condvar::new(), count }
    }

    /// Waits for this many places, or for all of them if there are fewer.
    pub(super) fn take(&self, count: usize) -> Taken<'_> {
        let count = count.min(self.count);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.next;
        state.next += 1;
        let must_wait = |state: &mut State| state.turn != number || state.free < count;
        let waited = self.changed.wait_while(state, must_wait);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.free -= count;
        state.turn += 1;
        drop(state);
        self.changed.notify_all();
        Taken { places: self, count }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.places.state.lock().unwrap_or_else(PoisonError::into_inner).free += self.count;
        self.places.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_places_are_taken_than_there_are() {
        let (places, used) = (Places::new(4), AtomicUsize::new(0));
        thread::scope(|scope| {
            for n in 0..64 {
                let (places, used) = (&places, &used);
                scope.spawn(move || {
                    let (wanted, taken) = ([1, 1, 3, 9][n % 4], places.take([1, 1, 3, 9][n % 4]));
                    assert_eq!(taken.count, wanted.min(4));
                    assert!(used.fetch_add(taken.count, Ordering::SeqCst) + taken.count <= 4);
                    thread::yield_now();
                    used.fetch_sub(taken.count, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(places.state.lock().unwrap().free, 4);
    }

    #[test]
    fn small_job_does_not_overtake_a_large_one() {
        let places = Places::new(2);
        let first = places.take(1);
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let job = |name: &'static str, count| {
                let _taken = places.take(count);
                order.lock().unwrap().push(name);
            };
            let number = places.state.lock().unwrap().next;
            scope.spawn(move || job("large", 2));
            while places.state.lock().unwrap().next == number {
                thread::yield_now();
            }
            scope.spawn(move || job("small", 1));
            while places.state.lock().unwrap().next == number + 1 {
                thread::yield_now();
            }
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), ["large", "small"]);
    }
}
