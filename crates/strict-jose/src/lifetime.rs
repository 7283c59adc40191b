//! The times of a token to sign.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The claims `iat` and `exp` of a token to sign, in seconds since 1970
/// ([RFC 7519 §4.1.4 and §4.1.6](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4)).
///
/// As a field of your claims with `#[serde(flatten)]`, it adds both:
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use serde::Serialize;
/// use strict_jose::{Key, Lifetime, Rules};
///
/// #[derive(Serialize)]
/// struct Access {
///     sub: String,
///     #[serde(flatten)]
///     lifetime: Lifetime,
/// }
///
/// let (key, now) = (Key::hs256(b"at least 32 bytes, better random.")?, SystemTime::now());
/// let token = key.sign("at+jwt", &Access { sub: "7".into(), lifetime: Lifetime::new(now, Duration::from_mins(5)) })?;
///
/// let rules = Rules::typ("at+jwt").any_issuer().any_audience().max_age(Duration::from_mins(5));
/// assert!(rules.verify_bytes(&token, &key, now).is_ok());
/// let refused = rules.verify_bytes(&token, &key, now + Duration::from_mins(5)).unwrap_err();
/// assert_eq!(refused.reason(), "expired");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lifetime {
    /// The time of issue.
    pub iat: u64,
    /// The expiry time.
    pub exp: u64,
}

impl Lifetime {
    /// The lifetime of a token that is issued `now` and expires after `duration`. Fractions of a second are cut from both times,
    /// so that a token is valid at once and never longer than `duration`.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use strict_jose::Lifetime;
    ///
    /// let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_900_000_000_700);
    /// let lifetime = Lifetime::new(now, Duration::from_millis(60_500));
    /// assert_eq!((lifetime.iat, lifetime.exp), (1_900_000_000, 1_900_000_061));
    /// ```
    pub fn new(now: SystemTime, duration: Duration) -> Self {
        // A clock before 1970 is wrong, and a token of such a clock has expired.
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { iat: now.as_secs(), exp: now.saturating_add(duration).as_secs() }
    }
}
