//! Why a token was refused: exact for operators, never for the client.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Algorithm;

/// Why a token was refused.
///
/// This is for logs and metrics. Tell the *client* one thing only, whatever the variant (`invalid_token` of
/// [RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)): the difference between "bad signature" and
/// "expired" helps who forges tokens. Nothing in here repeats a claim's value.
///
/// Building one allocates nothing, so a flood of bad tokens costs no memory; the one exception is
/// [`Claims`](Error::Claims), which only a token signed with your own key can cause.
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
/// assert_eq!(refused.reason(), "malformed"); // for a metric's label
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a compact JWS that this crate reads, or not JSON that it reads.
    #[error("malformed token: {0}")]
    Malformed(#[from] Malformed),
    /// The header has a `crit` member. No extension is understood here, so each critical one must be refused
    /// ([RFC 7515 §4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    #[error("the header demands an extension (`crit`)")]
    CriticalHeader,
    /// No key goes by the token's `kid`.
    #[error("no key is called {kid}")]
    UnknownKey {
        /// The start of the `kid` that the token names.
        kid: KidExcerpt,
    },
    /// The token names no key, and not exactly one key of the set is for its `alg`.
    #[error("the token names no key (`kid`), and not exactly one fits")]
    UnnamedKey,
    /// The token's `alg` is not the key's.
    #[error("the token's `alg` is not {expected}, the key's algorithm")]
    WrongAlgorithm {
        /// What the key is for.
        expected: Algorithm,
    },
    /// The key that the token means may not verify: its JWK's `key_ops` name `sign` only
    /// ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)).
    #[error("the key can only sign, its `key_ops` say")]
    SignOnly,
    /// The signature is not one that the key made of this text.
    #[error("the signature is not the key's")]
    BadSignature,
    /// The `typ` is absent or names another kind of token
    /// ([RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    #[error("the token is of another type (`typ`)")]
    WrongType,
    /// A claim that the [`Rules`](crate::Rules) demand is absent (or `null`).
    #[error("the claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A registered claim is not of the type or in the range that
    /// [RFC 7519 §4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) says.
    #[error("the claim `{0}` has a value it cannot have")]
    InvalidClaim(&'static str),
    /// `iss` is none of the issuers accepted.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// `aud` names none of the audiences accepted.
    #[error("the token is for another audience")]
    WrongAudience,
    /// `sub` is not the subject demanded.
    #[error("the token is about another subject")]
    WrongSubject,
    /// `nbf` is still to come, or (when a maximum age is demanded) `iat` is.
    #[error("the token is not valid before {}", Instant(*at))]
    NotYetValid {
        /// When it becomes valid, leeway not counted.
        at: SystemTime,
    },
    /// `exp` has passed.
    #[error("the token expired at {}", Instant(*at))]
    Expired {
        /// When it expired, leeway not counted.
        at: SystemTime,
    },
    /// The token is older than the [`Rules`](crate::Rules) allow, whatever its `exp` says.
    #[error("the token was issued too long ago, at {}", Instant(*at))]
    TooOld {
        /// Its `iat`.
        at: SystemTime,
    },
    /// All of the above is in order, but the claims do not fit the Rust type asked for. The source says where; its text
    /// may repeat a value of the claims.
    #[error("the claims do not have the shape that this program reads")]
    Claims(#[source] Arc<serde_json::Error>),
}

impl Error {
    /// A short, stable, machine-readable name, for a metric's label or a log's field.
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

/// What is wrong with the form of a token, before any meaning.
///
/// ```
/// use strict_jose::{Error, Malformed, inspect};
///
/// assert!(matches!(inspect("one.dot"), Err(Error::Malformed(Malformed::Parts))));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Longer than the cap; nothing of it was read.
    #[error("longer than the limit")]
    TooLong,
    /// A byte other than `A-Z a-z 0-9 - _ .`: white space, padding, a quote, JSON.
    #[error("a character that no compact JWS has")]
    Character,
    /// Not exactly three parts. Five are a JWE ([RFC 7516 §9](https://www.rfc-editor.org/rfc/rfc7516#section-9)).
    #[error("not three parts between two dots")]
    Parts,
    /// Not canonical base64url: an impossible length, or loose bits in the last character
    /// ([RFC 4648 §3.5](https://www.rfc-editor.org/rfc/rfc4648#section-3.5)).
    #[error("not canonical base64url")]
    Base64,
    /// Header or claims are not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// Header or claims are not one JSON object ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)).
    #[error("not one JSON object")]
    Json,
    /// An object names a member twice: two readers could each see another token
    /// ([RFC 7515 §4](https://www.rfc-editor.org/rfc/rfc7515#section-4),
    /// [RFC 7519 §4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
    #[error("a member occurs twice")]
    Duplicate,
    /// Arrays and objects nested deeper than 16.
    #[error("nested too deeply")]
    TooDeep,
    /// More members than any honest text has. At a time, in all objects that are open: 32 in a header, 64 in a JWK, 1024 in
    /// claims, 256 in a JWK set; and 8192 in a whole set.
    #[error("too many members")]
    TooManyMembers,
    /// A header parameter is absent or not a string where it must be one; this names it.
    #[error("the header parameter `{0}` is missing or not a string")]
    Header(&'static str),
    /// `b64` is there: payloads that are not base64url
    /// ([RFC 7797](https://www.rfc-editor.org/rfc/rfc7797)) are not for JWTs.
    #[error("an unencoded payload (`b64`)")]
    Unencoded,
    /// `enc` or `zip` is there: encrypted or compressed.
    #[error("encrypted or compressed")]
    Encrypted,
}

/// The first bytes of a `kid` that nobody knows, safe to log.
///
/// Kept inline, because an error about a hostile token must not allocate. [`Display`](fmt::Display) escapes quotes,
/// control characters and NUL, and shows a cut as `…`.
///
/// ```
/// use strict_jose::{Error, KidExcerpt};
///
/// let refused = Error::UnknownKey { kid: KidExcerpt::of("2026\n") };
/// assert_eq!(refused.to_string(), r#"no key is called "2026\n""#);
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

    /// The start of `kid`, for an [`Error::UnknownKey`] of your own [`Keys`](crate::Keys).
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

/// Seconds since 1970, as tokens write it: this crate has no calendar.
struct Instant(SystemTime);

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
    fn an_excerpt_is_cut_between_characters() {
        let kid = "é".repeat(30);
        assert_eq!(KidExcerpt::of(&kid).to_string(), format!("\"{}…\"", "é".repeat(20)));
        let kid = format!("a{kid}");
        assert_eq!(KidExcerpt::of(&kid).to_string(), format!("\"a{}…\"", "é".repeat(19)));
    }

    #[test]
    fn a_hostile_kid_prints_on_one_line() {
        let printed = KidExcerpt::of("../../etc\0\r\n\u{1b}[2J\u{202e}'; DROP").to_string();
        assert!(printed.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{printed}");
    }

    #[test]
    fn an_error_is_small_enough_to_return_by_value() {
        assert!(size_of::<Error>() <= 64, "{}", size_of::<Error>());
    }
}
