//! Seconds since 1970.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A time as the protocol writes it: whole seconds since 1970, UTC
/// ([RFC 7519 §2](https://www.rfc-editor.org/rfc/rfc7519#section-2), `NumericDate`).
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use strict_oidc::UnixTime;
///
/// let now = UnixTime::from(SystemTime::UNIX_EPOCH + Duration::from_millis(1_900_000_000_700));
/// assert_eq!(now, UnixTime(1_900_000_000));
/// assert_eq!(now + Duration::from_mins(1), UnixTime(1_900_000_060));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time that has passed since `earlier`. Zero if `earlier` is later.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use strict_oidc::UnixTime;
    /// assert_eq!(UnixTime(70).since(UnixTime(10)), Duration::from_mins(1));
    /// assert_eq!(UnixTime(10).since(UnixTime(70)), Duration::ZERO);
    /// ```
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// This time for strict-jose.
    pub(crate) fn system_time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.0)).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl From<SystemTime> for UnixTime {
    /// Cuts the fraction of a second. A clock before 1970 is wrong and counts as 1970.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs())
    }
}

impl std::ops::Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }
}
