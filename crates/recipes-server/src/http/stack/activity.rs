//! The requests of a connection: the server closes a connection without any to make room for another one, and at its end.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

/// Shared by a connection and the services of its requests.
#[derive(Debug)]
pub struct Activity {
    in_flight: AtomicU32,
    /// When the last request began, or the connection, in milliseconds since the start of the process.
    last: AtomicU64,
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn milliseconds(time: Instant) -> u64 {
    u64::try_from(time.saturating_duration_since(*START).as_millis()).unwrap_or(u64::MAX)
}

impl Activity {
    pub fn starting_at(now: Instant) -> Self {
        Self { in_flight: AtomicU32::new(0), last: AtomicU64::new(milliseconds(now)) }
    }

    /// Counts a request until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>, now: Instant) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.last.store(milliseconds(now), Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// For tests of the server: counts a request until the value is dropped.
    #[cfg(test)]
    pub(crate) fn begin_for_test(self: &Arc<Self>) -> impl Drop + use<> {
        self.begin(Instant::now())
    }

    pub fn has_requests(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Grows with the time of the last request.
    pub fn last_used(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }
}

/// A request that is being answered.
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
