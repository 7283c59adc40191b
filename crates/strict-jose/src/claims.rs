//! The registered claims and their types
//! ([RFC 7519 §4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)).

use std::time::{Duration, SystemTime};

use smallvec::SmallVec;

use crate::algorithm::Algorithm;
use crate::error::{Error, Excerpt, Wanted};
use crate::header::VerifiedHeader;
use crate::strict_json::{self, SHORT, Text, Value};

/// A verified token: its claims in the type of the caller, its times, its algorithm, and its header.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use serde::Deserialize;
/// use strict_jose::{Algorithm, Key, Rules, Verified};
///
/// #[derive(Deserialize)]
/// struct Access { sub: String }
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?.with_kid("2025");
/// let token = key.sign("at+jwt", &serde_json::json!({ "sub": "7", "exp": 2_000_000_000 }))?;
/// let rules = Rules::typ("at+jwt").any_issuer().any_audience();
///
/// let Verified { claims, registered, algorithm, header, .. } = rules.verify::<Access>(&token, &key, SystemTime::now())?;
/// assert_eq!(claims.sub, "7");
/// assert_eq!(registered.exp, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)));
/// assert_eq!(algorithm, Algorithm::Hs256);
/// assert_eq!(header.kid(), Some("2025"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<C> {
    /// The deserialized claims.
    pub claims: C,
    /// The times of the token.
    pub registered: Registered,
    /// The algorithm of the key that verified the token. Some claims depend on it, such as `at_hash`
    /// ([OpenID Connect Core §3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)).
    pub algorithm: Algorithm,
    /// The `kid` and the `typ` of the token.
    pub header: VerifiedHeader,
}

/// The times of a token: `exp`, `nbf` and `iat`.
///
/// A `NumericDate` is a number of seconds since 1970, perhaps with a fraction
/// ([RFC 7519 §2](https://www.rfc-editor.org/rfc/rfc7519#section-2)). Negative dates and dates after the year 9999 are
/// refused.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use strict_jose::{Key, Rules};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let token = key.sign("at+jwt", &serde_json::json!({ "iat": 1000, "exp": 2000.5 }))?;
/// let rules = Rules::typ("at+jwt").any_issuer().any_audience();
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1500);
/// let times = rules.verify::<serde_json::Value>(&token, &key, now)?.registered;
/// assert_eq!(times.exp, now.checked_add(Duration::from_millis(500_500)));
/// assert_eq!((times.iat, times.nbf), (now.checked_sub(Duration::from_secs(500)), None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Registered {
    /// The expiry time ([RFC 7519 §4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4)).
    pub exp: Option<SystemTime>,
    /// The time at which the token becomes valid ([RFC 7519 §4.1.5](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5)).
    pub nbf: Option<SystemTime>,
    /// The time of issue ([RFC 7519 §4.1.6](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.6)).
    pub iat: Option<SystemTime>,
}

/// The registered claims, borrowed from the payload.
#[derive(Debug, Default)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: Option<Text<'a>>,
    pub(crate) sub: Option<Text<'a>>,
    pub(crate) aud: Option<Audience<'a>>,
    pub(crate) registered: Registered,
}

impl<'a> Claims<'a> {
    /// Reads a payload. Checks the type of each registered claim, and that all `required` claims are present.
    pub(crate) fn read(payload: &'a str, required: &[&'static str]) -> Result<Self, Error> {
        let mut claims = Self::default();
        let mut missing: SmallVec<[&str; 8]> = SmallVec::from_slice(required);
        strict_json::object(payload, strict_json::CLAIMS, |name, value| {
            if value != Value::Null {
                missing.retain(|claim| !name.is(claim));
            }
            claims.set(name, value)
        })?;
        missing.first().map_or(Ok(claims), |claim| Err(Error::MissingClaim(claim)))
    }

    #[inline]
    fn set(&mut self, name: Text<'a>, value: Value<'a>) -> Result<(), Error> {
        let times = &mut self.registered;
        match name.short(&mut [0; SHORT]) {
            Some("exp") => times.exp = Some(numeric_date(value).ok_or(Error::InvalidClaim("exp"))?),
            Some("nbf") => times.nbf = Some(numeric_date(value).ok_or(Error::InvalidClaim("nbf"))?),
            Some("iat") => times.iat = Some(numeric_date(value).ok_or(Error::InvalidClaim("iat"))?),
            Some("iss") => self.iss = Some(value.text().ok_or(Error::InvalidClaim("iss"))?),
            Some("sub") => self.sub = Some(value.text().ok_or(Error::InvalidClaim("sub"))?),
            Some("aud") => self.aud = Some(Audience::read(value).ok_or(Error::InvalidClaim("aud"))?),
            Some("jti") if value.text().is_none() => return Err(Error::InvalidClaim("jti")),
            _ => {}
        }
        Ok(())
    }
}

/// One audience or several ([RFC 7519 §4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Audience<'a> {
    One(Text<'a>),
    Several(&'a str),
}

impl<'a> Audience<'a> {
    fn read(value: Value<'a>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self::One(text)),
            Value::Array(array) => {
                strict_json::texts(array).all(|text| text.is_some()).then_some(Self::Several(array))
            }
            _ => None,
        }
    }

    /// Whether this contains one of the `accepted` audiences.
    pub(crate) fn contains_one_of(self, wanted: &Wanted) -> bool {
        let is_accepted = |text: Text<'_>| wanted.iter().any(|accepted| text.is(accepted));
        match self {
            Self::One(text) => is_accepted(text),
            Self::Several(array) => strict_json::texts(array).flatten().any(is_accepted),
        }
    }

    /// The start of the audiences, for a message.
    pub(crate) fn excerpt(self) -> Option<Excerpt> {
        match self {
            Self::One(text) => Some(Excerpt::of_text(text)),
            Self::Several(array) => Excerpt::list(strict_json::texts(array).flatten()),
        }
    }
}

/// Reads a `NumericDate` between the years 1970 and 9999.
#[inline]
pub(crate) fn numeric_date(value: Value<'_>) -> Option<SystemTime> {
    let Value::Number(number) = value else { return None };
    let since_1970 = if number.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(number.parse().ok()?)
    } else if number.starts_with('-') {
        return None; // Minus zero is not a date either.
    } else {
        // The conversion refuses numbers that are too large, such as 1e300. The JSON scanner has refused numbers beyond doubles.
        Duration::try_from_secs_f64(number.parse().ok()?).ok()?
    };
    if since_1970 > LAST_DATE { None } else { SystemTime::UNIX_EPOCH.checked_add(since_1970) }
}

/// The end of the year 9999, the last date of RFC 3339. A later date is a mistake or an attack.
const LAST_DATE: Duration = Duration::from_secs(253_402_300_799);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_date(number: &str, want: Option<Duration>) {
        let want = want.map(|since| SystemTime::UNIX_EPOCH + since);
        assert_eq!(numeric_date(Value::Number(number)), want, "{number}");
    }

    #[test]
    fn dates_are_integers_or_fractions() {
        check_date("0", Some(Duration::ZERO));
        check_date("1300819381", Some(Duration::from_secs(1_300_819_381)));
        check_date("1300819380.5", Some(Duration::from_millis(1_300_819_380_500)));
        check_date("1.3e9", Some(Duration::from_secs(1_300_000_000)));
        check_date("253402300799", Some(LAST_DATE));
    }

    #[test]
    fn other_numbers_are_not_dates() {
        for number in
            ["-1", "-0", "-0.0", "-1e-400", "253402300800", "1e30", "1e400", "99999999999999999999999999"]
        {
            check_date(number, None);
        }
    }

    #[test]
    fn an_escaped_name_is_the_same_claim() {
        let claims = Claims::read(r#"{"\u0065xp":7,"s\u0075b":"a"}"#, &[]).unwrap();
        assert_eq!(claims.registered.exp, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(7)));
        assert!(claims.sub.is_some_and(|sub| sub.is("a")));
    }

    #[test]
    fn a_required_claim_is_present_and_not_null() {
        let required = ["exp", "nonce"];
        assert!(Claims::read(r#"{"nonce":"n","exp":1}"#, &required).is_ok());
        for (payload, missing) in [
            (r#"{"exp":1}"#, "nonce"),
            (r#"{"exp":1,"nonce":null}"#, "nonce"),
            (r#"{"nonce":"n"}"#, "exp"),
            ("{}", "exp"),
        ] {
            let refused = Claims::read(payload, &required).unwrap_err();
            assert!(matches!(refused, Error::MissingClaim(name) if name == missing), "{payload}: {refused}");
        }
    }
}
