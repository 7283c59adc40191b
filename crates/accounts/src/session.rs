//! Sessions: a log-in that lasts, can be seen, and can be ended.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use ids::{SessionId, UserId};

pub use self::refresh_token::RefreshToken;

mod refresh_token;

/// A log-in that can still be used. Ending one deletes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub device: Option<Device>,
    pub address: Option<IpAddr>,
    pub created_at: Timestamp,
    /// Coarse: within the last [`USED_AFTER`] it may have been used again.
    pub last_used_at: Timestamp,
}

/// A use is noted only when the last noted one is this old: a write for every request would cost more than the
/// request.
pub const USED_AFTER: Duration = Duration::from_mins(1);

/// A session before it is stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub token: RefreshToken,
    pub device: Option<Device>,
    pub address: Option<IpAddr>,
}

/// Whom an address stands for. A household gets an IPv6 /64 and every one of its addresses (RFC 6177).
pub fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// How long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    idle: SignedDuration,
    lifetime: SignedDuration,
}

impl SessionLimits {
    /// A session ends when nobody has used it for `idle`, and in any case `lifetime` after the log-in.
    pub fn new(idle: Duration, lifetime: Duration) -> Self {
        let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        Self { idle: signed(idle), lifetime: signed(lifetime) }
    }

    /// Whether a session with these times is still good.
    pub fn allow(&self, created_at: Timestamp, last_used_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(created_at) < self.lifetime && now.duration_since(last_used_at) < self.idle
    }

    /// For how long a session of this age may go on, whatever happens.
    pub fn remaining(&self, created_at: Timestamp, now: Timestamp) -> Duration {
        let remaining = self.lifetime.saturating_sub(now.duration_since(created_at));
        Duration::try_from(remaining).unwrap_or_default()
    }

    /// For how long a client should keep a refresh token that it got now.
    pub fn keep(&self, created_at: Timestamp, now: Timestamp) -> Duration {
        self.remaining(created_at, now).min(Duration::try_from(self.idle).unwrap_or_default())
    }

    /// Microseconds since 1970: sessions that began, or were last used, no later than this have ended.
    pub fn ended_before(&self, now: Timestamp) -> (i64, i64) {
        let before = |limit: SignedDuration| {
            now.as_microsecond().saturating_sub(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))
        };
        (before(self.lifetime), before(self.idle))
    }
}

/// What a client calls itself (`User-Agent`), for its owner to recognize. Invariant: 1 to 200 characters, none of
/// them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device(String);

impl Device {
    const MAX: usize = 200;

    /// Cuts what is longer; nothing that a client calls itself is a reason to keep it out.
    pub fn of(user_agent: &str) -> Option<Self> {
        let line: String = user_agent.chars().filter(|c| !c.is_control()).take(Self::MAX).collect();
        let line = line.trim();
        (!line.is_empty()).then(|| Self(line.to_owned()))
    }

    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn at(text: &str) -> Timestamp {
        format!("2024-05-01T{text}:00Z").parse().unwrap()
    }

    #[test]
    fn a_session_ends_when_it_is_idle_or_old() {
        let limits = SessionLimits::new(HOUR, 3 * HOUR);
        for (created, used, now, good) in [
            ("12:00", "12:00", "12:59", true),
            ("12:00", "12:00", "13:00", false),
            ("12:00", "14:30", "14:59", true),
            ("12:00", "14:59", "15:00", false),
            // The clock was set back.
            ("12:00", "12:30", "11:00", true),
        ] {
            assert_eq!(limits.allow(at(created), at(used), at(now)), good, "{created} {used} {now}");
            let (old, idle) = limits.ended_before(at(now));
            let in_sql = at(created).as_microsecond() > old && at(used).as_microsecond() > idle;
            assert_eq!(in_sql, good, "{created} {used} {now}: the store must see it as we do");
        }
    }

    #[test]
    fn what_remains_is_the_lifetime_and_a_token_is_kept_no_longer_than_idle() {
        let limits = SessionLimits::new(HOUR, 3 * HOUR);
        assert_eq!(limits.remaining(at("12:00"), at("12:30")), Duration::from_mins(150));
        assert_eq!(limits.remaining(at("12:00"), at("18:00")), Duration::ZERO);
        assert_eq!(limits.keep(at("12:00"), at("12:30")), HOUR);
        assert_eq!(limits.keep(at("12:00"), at("14:30")), HOUR / 2);
    }

    #[test]
    fn limits_beyond_all_time_do_not_overflow() {
        let limits = SessionLimits::new(Duration::MAX, Duration::MAX);
        assert!(limits.allow(Timestamp::MIN, Timestamp::MIN, Timestamp::MAX));
        assert_eq!(limits.ended_before(Timestamp::MIN).0, i64::MIN);
    }

    #[test]
    fn a_device_is_one_short_line() {
        assert_eq!(Device::of(" curl/8.5\r\n\u{1b}[2J ").unwrap().as_str(), "curl/8.5[2J");
        assert_eq!(Device::of(&"ü".repeat(300)).unwrap().as_str().chars().count(), 200);
        assert_eq!(Device::of(" \n"), None);
    }
}
