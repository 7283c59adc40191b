//! The precision of stored times: whole microseconds.

use jiff::Timestamp;

/// Rounds down, towards the past.
pub fn to_microseconds(time: Timestamp) -> Timestamp {
    let whole = time.as_microsecond();
    let below = if time.subsec_nanosecond() % 1_000 < 0 { whole - 1 } else { whole };
    from_microseconds(below)
}

/// Saturates at the limits of [`Timestamp`], the years -9999 and 9999.
pub fn from_microseconds(microseconds: i64) -> Timestamp {
    let end = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(microseconds).unwrap_or(end)
}
