//! What time it is: the one place that asks the system.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use recipes::time::{from_microseconds, to_microseconds};

/// Tells the time, in whole microseconds: the store keeps no more, and a time that was answered
/// once must be the same when it is read back.
#[derive(Clone, Debug)]
pub struct Clock(Hands);

#[derive(Clone, Debug)]
enum Hands {
    System,
    /// Microseconds since 1970, shared by all clones.
    Stopped(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Hands::System)
    }

    /// A clock that stands at `at` until somebody [advances](Self::advance) it.
    pub fn stopped(at: Timestamp) -> Self {
        Self(Hands::Stopped(Arc::new(AtomicI64::new(at.as_microsecond()))))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Hands::System => to_microseconds(system_time()),
            Hands::Stopped(at) => from_microseconds(at.load(Ordering::Relaxed)),
        }
    }

    /// Moves a stopped clock and all its clones forward. The system's clock is not ours to move.
    pub fn advance(&self, by: Duration) {
        if let Hands::Stopped(at) = &self.0 {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            let _ = at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| Some(at.saturating_add(by)));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the Clock that everybody else has to ask")]
fn system_time() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told_and_with_all_its_clones() {
        let noon: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        let clock = Clock::stopped(noon);
        let clone = clock.clone();
        assert_eq!(clock.now(), noon);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clone.now().to_string(), "2024-05-01T12:01:30Z");
        clock.advance(Duration::MAX);
        assert_eq!(clone.now(), Timestamp::MAX, "the end of time is the end");
    }

    #[test]
    fn the_system_clock_tells_whole_microseconds() {
        let clock = Clock::system();
        assert!((0..1_000).all(|_| clock.now().subsec_nanosecond() % 1_000 == 0));
        assert!(clock.now() > "2024-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn rounding_is_towards_the_past_on_both_sides_of_1970() {
        for (exact, want) in [
            ("2024-05-01T12:00:00.123456789Z", "2024-05-01T12:00:00.123456Z"),
            ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(to_microseconds(exact.parse().unwrap()).to_string(), want);
        }
    }
}
