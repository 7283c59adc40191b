//! Times as parameters of statements.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// A time as a parameter of a statement.
pub(super) fn at(time: Timestamp) -> SystemTime {
    let microseconds = storable(time).as_microsecond();
    let distance = Duration::from_micros(microseconds.unsigned_abs());
    if microseconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// PostgreSQL's times begin in 4713 BC, ours in 9999 BC.
fn storable(at: Timestamp) -> Timestamp {
    const OLDEST: Timestamp = Timestamp::constant(-200_000_000_000, 0);
    at.max(OLDEST)
}

/// From microseconds since 1970.
pub(super) fn time_at(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).map_or(storable(Timestamp::MIN), storable)
}

pub(super) fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    time_at(now.as_microsecond().saturating_sub(age))
}
