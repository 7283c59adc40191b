//! The reasons for refusing a token.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::algorithm::Algorithm;

/// The reason why a token was refused.
///
/// Use it for logs and metrics. Send the *client* the same answer for every variant (`invalid_token` of
/// [RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)): the difference between "bad signature" and
/// "expired" helps an attacker. No message repeats the value of a claim.
///
/// Errors do not allocate, so a flood of bad tokens costs no memory. The only exception is [`Claims`](Error::Claims), which
/// needs a token signed with your own key.
///
/// ```
/// use std::time::SystemTime;
/// use strict_jose::{Error, Key, Rules};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example");
/// let refused = rules.verify::<serde_json::Value>("not.a.token", &key, SystemTime::now()).unwrap_err();
///
/// assert!(matches!(refused, Error::Malformed(_)));
/// assert_eq!(refused.reason(), "malformed"); // for the label of a metric
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The token is not a strict compact JWS, or contains no strict JSON.
    #[error("malformed token: {0}")]
    Malformed(#[from] Malformed),
    /// The header has a `crit` parameter. This crate supports no extensions, so it must refuse critical ones
    /// ([RFC 7515 §4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    #[error("the header requires an extension (`crit`)")]
    CriticalHeader,
    /// No key has the `kid` of the token.
    #[error("no key has the `kid` {kid}")]
    UnknownKey {
        /// The start of the `kid` of the token.
        kid: KidExcerpt,
    },
    /// The token has no `kid`, and the set has no key or several keys for its `alg`.
    #[error("the token has no `kid`, and the set has no key or several keys for its `alg`")]
    UnnamedKey,
    /// The `alg` of the token is not the algorithm of the key.
    #[error("the `alg` of the token is not {expected}, the algorithm of the key")]
    WrongAlgorithm {
        /// The algorithm of the key.
        expected: Algorithm,
    },
    /// The key may not verify: the `key_ops` of its JWK allow only `sign`
    /// ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)).
    #[error("the `key_ops` of the key allow only signing")]
    SignOnly,
    /// The key did not make the signature of this token.
    #[error("the signature does not match the key")]
    BadSignature,
    /// The `typ` is absent or names another type of token
    /// ([RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    #[error("the token has another type (`typ`)")]
    WrongType,
    /// A claim that the [`Rules`](crate::Rules) require is absent or `null`.
    #[error("the claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A registered claim has a type or a value that
    /// [RFC 7519 §4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) does not allow.
    #[error("the claim `{0}` has an invalid value")]
    InvalidClaim(&'static str),
    /// `iss` is not an accepted issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` contains no accepted audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// `sub` is not the required subject.
    #[error("the token is about another subject")]
    WrongSubject,
    /// `nbf` is in the future, or `iat` is and the rules set a maximum age.
    #[error("the token is not valid before {}", Instant(*at))]
    NotYetValid {
        /// The time at which the token becomes valid, without leeway.
        at: SystemTime,
    },
    /// `exp` has passed.
    #[error("the token expired at {}", Instant(*at))]
    Expired {
        /// The expiry time, without leeway.
        at: SystemTime,
    },
    /// The token is older than the [`Rules`](crate::Rules) allow, even if its `exp` has not passed.
    #[error("the token was issued too long ago, at {}", Instant(*at))]
    TooOld {
        /// The `iat` of the token.
        at: SystemTime,
    },
    /// Every check passed, but the claims do not fit the Rust type of the caller. The source names the position; its message
    /// may repeat the value of a claim.
    #[error("the claims do not match the type that this program reads")]
    Claims(#[source] Arc<serde_json::Error>),
}

impl Error {
    /// A short, stable name for the label of a metric or the field of a log.
    ///
    /// ```
    /// assert_eq!(strict_jose::Error::BadSignature.reason(), "bad_signature");
    /// ```
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::CriticalHeader => "critical_header",
            Self::UnknownKey { .. } => "unknown_key",
            Self::UnnamedKey => "unnamed_key",
            Self::WrongAlgorithm { .. } => "wrong_algorithm",
            Self::SignOnly => "sign_only_key",
            Self::BadSignature => "bad_signature",
            Self::WrongType => "wrong_type",
            Self::MissingClaim(_) => "missing_claim",
            Self::InvalidClaim(_) => "invalid_claim",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongSubject => "wrong_subject",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Expired { .. } => "expired",
            Self::TooOld { .. } => "too_old",
            Self::Claims(_) => "claims_shape",
        }
    }
}

/// The reason why a token or a JSON text has an invalid format.
///
/// ```
/// use strict_jose::{Error, Malformed, inspect};
///
/// assert!(matches!(inspect("one.dot"), Err(Error::Malformed(Malformed::Parts))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The text is longer than the limit, and was not read.
    #[error("longer than the limit")]
    TooLong,
    /// The token has a byte other than `A-Z a-z 0-9 - _ .`, such as white space, padding or a quote.
    #[error("a character that no compact JWS has")]
    Character,
    /// The token does not have three parts. A JWE has five ([RFC 7516 §9](https://www.rfc-editor.org/rfc/rfc7516#section-9)).
    #[error("not three parts between two dots")]
    Parts,
    /// A part is not canonical base64url: an impossible length, or spare bits in the last character
    /// ([RFC 4648 §3.5](https://www.rfc-editor.org/rfc/rfc4648#section-3.5)).
    #[error("not canonical base64url")]
    Base64,
    /// The header or the claims are not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// The header or the claims are not one JSON object ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)).
    #[error("not one JSON object")]
    Json,
    /// An object has two members of the same name, so two readers could see two different tokens
    /// ([RFC 7515 §4](https://www.rfc-editor.org/rfc/rfc7515#section-4),
    /// [RFC 7519 §4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
    #[error("duplicate member")]
    Duplicate,
    /// Arrays and objects are nested deeper than 16 levels.
    #[error("nested too deeply")]
    TooDeep,
    /// There are too many members. The limits for all objects that are open at the same time are 32 in a header, 64 in a JWK
    /// or a proof, 1024 in claims and 256 in a JWK set. A whole set may have 8192.
    #[error("too many members")]
    TooManyMembers,
    /// This header parameter is absent or has a wrong type.
    #[error("the header parameter `{0}` is missing or has a wrong type")]
    Header(&'static str),
    /// The header has `b64`. A JWT has no unencoded payload ([RFC 7797 §7](https://www.rfc-editor.org/rfc/rfc7797#section-7)).
    #[error("an unencoded payload (`b64`)")]
    Unencoded,
    /// The header has `enc` or `zip`: the token is encrypted or compressed.
    #[error("encrypted or compressed")]
    Encrypted,
}

/// The first bytes of an unknown `kid`, safe to log.
///
/// It is stored inline, because an error about a hostile token must not allocate. [`Display`](fmt::Display) escapes quotes and
/// control characters, and marks a truncated `kid` with `…`.
///
/// ```
/// use strict_jose::{Error, KidExcerpt};
///
/// let refused = Error::UnknownKey { kid: KidExcerpt::of("2026\n") };
/// assert_eq!(refused.to_string(), r#"no key has the `kid` "2026\n""#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KidExcerpt {
    bytes: [u8; Self::CAPACITY],
    len: u8,
    rest: Rest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Cut,
}

impl KidExcerpt {
    const CAPACITY: usize = 40;

    /// Takes the start of `kid`, for an [`Error::UnknownKey`] from your own [`Keys`](crate::Keys).
    ///
    /// ```
    /// use strict_jose::KidExcerpt;
    ///
    /// assert_eq!(KidExcerpt::of("a\"\n").to_string(), r#""a\"\n""#);
    /// assert_eq!(KidExcerpt::of(&"k".repeat(1000)).to_string().chars().count(), 43);
    /// ```
    pub fn of(kid: &str) -> Self {
        let end = kid.floor_char_boundary(Self::CAPACITY);
        let mut bytes = [0; Self::CAPACITY];
        bytes[..end].copy_from_slice(&kid.as_bytes()[..end]);
        let rest = if end < kid.len() { Rest::Cut } else { Rest::Nothing };
        Self { bytes, len: end.to_le_bytes()[0], rest }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for KidExcerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}", self.text().escape_debug())?;
        f.write_str(match self.rest {
            Rest::Cut => "…\"",
            Rest::Nothing => "\"",
        })
    }
}

impl fmt::Debug for KidExcerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Displays a time as seconds since 1970, as in a token. This crate has no calendar.
pub(crate) struct Instant(pub(crate) SystemTime);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        write!(f, "{seconds} (seconds since 1970)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_truncated_between_characters() {
        let kid = "é".repeat(30);
        assert_eq!(KidExcerpt::of(&kid).to_string(), format!("\"{}…\"", "é".repeat(20)));
        let kid = format!("a{kid}");
        assert_eq!(KidExcerpt::of(&kid).to_string(), format!("\"a{}…\"", "é".repeat(19)));
    }

    #[test]
    fn a_hostile_kid_is_printed_on_one_line() {
        let printed = KidExcerpt::of("../../etc\0\r\n\u{1b}[2J\u{202e}'; DROP").to_string();
        assert!(printed.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{printed}");
    }

    #[test]
    fn an_error_is_small_enough_to_return_by_value() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }
}
