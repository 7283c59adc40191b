//! Sessions: what a log-in begins. A user can list and end them.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use ids::{SessionId, UserId};

mod refresh;
mod refresh_token;

pub use self::refresh::{REPEATABLE, RefreshDecision, RefreshState};
pub use self::refresh_token::RefreshToken;

/// A session that can be used. Ending one deletes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub device: Option<Device>,
    pub address: Option<IpAddr>,
    pub created_at: Timestamp,
    /// May be up to [`LAST_USE_PRECISION`] older than the last use.
    pub last_used_at: Timestamp,
}

/// A use is stored only if the stored one is this old: a write for every request would cost more than the request.
pub const LAST_USE_PRECISION: Duration = Duration::from_mins(1);

/// How many sessions one user may have. One more ends the session that was unused for the longest time: forgotten
/// sessions lock no user out, and the list stays short enough for a person to read.
pub const MAX_SESSIONS: u16 = 100;

/// A session before it is stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub token: RefreshToken,
    pub device: Option<Device>,
    pub address: Option<IpAddr>,
}

/// The network of an address, as one household or office has it: an IPv6 /64 (RFC 6177), or one IPv4 address.
pub fn network(address: IpAddr) -> IpAddr {
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
    /// A session ends after `idle` without a use, and at the latest `lifetime` after the log-in.
    pub fn new(idle: Duration, lifetime: Duration) -> Self {
        let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
        Self { idle: signed(idle), lifetime: signed(lifetime) }
    }

    /// Whether a session with these times can be used.
    pub fn allow(&self, created_at: Timestamp, last_used_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(created_at) < self.lifetime && now.duration_since(last_used_at) < self.idle
    }

    /// The longest that a session of this age can last.
    pub fn remaining(&self, created_at: Timestamp, now: Timestamp) -> Duration {
        let remaining = self.lifetime.saturating_sub(now.duration_since(created_at));
        Duration::try_from(remaining).unwrap_or_default()
    }

    /// How long a client should keep a refresh token that it gets now.
    pub fn keep(&self, created_at: Timestamp, now: Timestamp) -> Duration {
        self.remaining(created_at, now).min(Duration::try_from(self.idle).unwrap_or_default())
    }

    /// [`allow`](Self::allow) as bounds for a query.
    pub fn expiry(&self, now: Timestamp) -> SessionExpiry {
        let before = |limit: SignedDuration| {
            now.as_microsecond().saturating_sub(i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))
        };
        SessionExpiry { created_at: before(self.lifetime), last_used_at: before(self.idle) }
    }
}

/// Sessions whose times are not after these have expired. Microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpiry {
    pub created_at: i64,
    pub last_used_at: i64,
}

/// The name of a client (its `User-Agent`), by which a user recognizes a session. Invariant: 1 to 200 characters, no
/// control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device(String);

impl Device {
    const MAX: usize = 200;

    /// Truncates a longer name. No name is refused.
    pub fn of(user_agent: &str) -> Option<Self> {
        let line: String = user_agent.chars().filter(|c| !c.is_control()).take(Self::MAX).collect();
        let line = line.trim();
        (!line.is_empty()).then(|| Self(line.to_owned()))
    }

    /// A name that was parsed before it was stored.
    pub fn from_stored(text: String) -> Self {
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
            let expiry = limits.expiry(at(now));
            let in_query = at(created).as_microsecond() > expiry.created_at
                && at(used).as_microsecond() > expiry.last_used_at;
            assert_eq!(in_query, good, "{created} {used} {now}: a query must agree");
        }
    }

    #[test]
    fn remaining_lifetime_bounds_how_long_a_token_is_kept() {
        let limits = SessionLimits::new(HOUR, 3 * HOUR);
        assert_eq!(limits.remaining(at("12:00"), at("12:30")), Duration::from_mins(150));
        assert_eq!(limits.remaining(at("12:00"), at("18:00")), Duration::ZERO);
        assert_eq!(limits.keep(at("12:00"), at("12:30")), HOUR);
        assert_eq!(limits.keep(at("12:00"), at("14:30")), HOUR / 2);
    }

    #[test]
    fn very_long_limits_do_not_overflow() {
        let limits = SessionLimits::new(Duration::MAX, Duration::MAX);
        assert!(limits.allow(Timestamp::MIN, Timestamp::MIN, Timestamp::MAX));
        assert_eq!(limits.expiry(Timestamp::MIN).created_at, i64::MIN);
    }

    #[test]
    fn a_device_is_one_short_line() {
        assert_eq!(Device::of(" curl/8.5\r\n\u{1b}[2J ").unwrap().as_str(), "curl/8.5[2J");
        assert_eq!(Device::of(&"ü".repeat(300)).unwrap().as_str().chars().count(), 200);
        assert_eq!(Device::of(" \n"), None);
    }
}
