//! The clock: the only file that reads the system's time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use recipes::time::{from_microseconds, to_microseconds};

/// The current time in whole microseconds, the precision of the store: a time in a response equals the stored one.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// Microseconds since 1970, shared by all clones.
    Stopped(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock for tests that stands at `at` until it is [advanced](Self::advance).
    pub fn stopped(at: Timestamp) -> Self {
        Self(Source::Stopped(Arc::new(AtomicI64::new(at.as_microsecond()))))
    }

    /// Never before 1970, where the times of tokens and of HTTP begin: a clock that is set before it stands at 1970.
    pub fn now(&self) -> Timestamp {
        let now = match &self.0 {
            Source::System => to_microseconds(system_time()),
            Source::Stopped(at) => from_microseconds(at.load(Ordering::Relaxed)),
        };
        now.max(Timestamp::UNIX_EPOCH)
    }

    /// Moves a stopped clock and all its clones forward. Does nothing to the system's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Stopped(at) = &self.0 {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            let _ = at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(at.saturating_add(by)));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "all other code has to use Clock")]
fn system_time() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_clock_moves_with_all_its_clones_only_when_advanced() {
        let noon: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        let clock = Clock::stopped(noon);
        let clone = clock.clone();
        assert_eq!(clock.now(), noon);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now().to_string(), "2024-05-01T12:01:30Z");
        clock.advance(Duration::MAX);
        assert_eq!(clone.now(), Timestamp::MAX, "it stops at the last possible time");
    }

    #[test]
    fn clock_before_1970_stands_at_1970() {
        assert_eq!(Clock::stopped("1969-12-31T23:59:59Z".parse().unwrap()).now(), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn system_clock_has_whole_microseconds() {
        let clock = Clock::system();
        assert!((0..1_000).all(|_| clock.now().subsec_nanosecond() % 1_000 == 0));
        assert!(clock.now() > "2024-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn times_are_rounded_down_before_and_after_1970() {
        for (exact, want) in [
            ("2024-05-01T12:00:00.123456789Z", "2024-05-01T12:00:00.123456Z"),
            ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(to_microseconds(exact.parse().unwrap()).to_string(), want);
        }
    }
}
