//! The reasons for refusing a token.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::algorithm::Algorithm;
use crate::strict_json::Text;

/// The reason why a token was refused.
///
/// Use it for logs and metrics. Send the *client* the same answer for every variant (`invalid_token` of
/// [RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)): the difference between "bad signature" and
/// "expired" helps an attacker. A message names the wanted and the found `alg`, `kid`, `typ`, `iss` or `aud`, escaped and cut to
/// 80 bytes. No message repeats `sub` or another claim, which may be personal data.
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
        kid: Excerpt,
    },
    /// The token has no `kid`, and the set has no key or several keys for its `alg`.
    #[error("the token has no `kid`, and the set has no key or several keys for its `alg`")]
    UnnamedKey,
    /// The `alg` of the token is not the algorithm of the key.
    #[error("the `alg` of the token is {found}, not \"{expected}\", the algorithm of the key")]
    WrongAlgorithm {
        /// The algorithm of the key.
        expected: Algorithm,
        /// The start of the `alg` of the token.
        found: Excerpt,
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
    #[error("the `typ` of the token is {}, not {wanted}", Found(*found))]
    WrongType {
        /// The type that the rules want.
        wanted: Wanted,
        /// The start of the `typ` of the token.
        found: Option<Excerpt>,
    },
    /// A claim that the [`Rules`](crate::Rules) require is absent or `null`.
    #[error("the claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A registered claim has a type or a value that
    /// [RFC 7519 §4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) does not allow.
    #[error("the claim `{0}` has an invalid value")]
    InvalidClaim(&'static str),
    /// `iss` is not an accepted issuer.
    #[error("the `iss` of the token is {found}, not {wanted}")]
    WrongIssuer {
        /// The issuers that the rules accept.
        wanted: Wanted,
        /// The start of the `iss` of the token.
        found: Excerpt,
    },
    /// `aud` contains no accepted audience.
    #[error("the `aud` of the token is {}, not {wanted}", Found(*found))]
    WrongAudience {
        /// The audiences that the rules accept.
        wanted: Wanted,
        /// The start of the `aud` of the token, several audiences with commas between them.
        found: Option<Excerpt>,
    },
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
            Self::WrongType { .. } => "wrong_type",
            Self::MissingClaim(_) => "missing_claim",
            Self::InvalidClaim(_) => "invalid_claim",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
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

/// The first 80 bytes of a value of a token, safe to log.
///
/// It is stored inline, because an error about a hostile token must not allocate. [`Display`](fmt::Display) escapes quotes and
/// control characters, and marks a truncated value with `…`.
///
/// ```
/// use strict_jose::{Error, Excerpt};
///
/// let refused = Error::UnknownKey { kid: Excerpt::of("2026\n") };
/// assert_eq!(refused.to_string(), r#"no key has the `kid` "2026\n""#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Excerpt {
    bytes: [u8; Self::CAPACITY],
    len: u8,
    rest: Rest,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Cut,
}

impl Excerpt {
    const CAPACITY: usize = 80;

    /// Takes the start of `text`, for example of a `kid` for an [`Error::UnknownKey`] from your own [`Keys`](crate::Keys).
    ///
    /// ```
    /// use strict_jose::Excerpt;
    ///
    /// assert_eq!(Excerpt::of("a\"\n").to_string(), r#""a\"\n""#);
    /// assert_eq!(Excerpt::of(&"k".repeat(1000)).to_string().chars().count(), 83);
    /// ```
    pub fn of(text: &str) -> Self {
        let mut excerpt = Self { bytes: [0; Self::CAPACITY], len: 0, rest: Rest::Nothing };
        excerpt.push(text);
        excerpt
    }

    /// Takes the start of these texts, with a comma and a space between them. `None` if there are none.
    pub(crate) fn list<'a>(texts: impl Iterator<Item = Text<'a>>) -> Option<Self> {
        let mut list = None;
        for text in texts {
            let list = match &mut list {
                None => list.insert(Self::of("")),
                Some(list) => {
                    list.push(", ");
                    list
                }
            };
            list.push_text(text);
        }
        list
    }

    pub(crate) fn of_text(text: Text<'_>) -> Self {
        let mut excerpt = Self::of("");
        excerpt.push_text(text);
        excerpt
    }

    fn push_text(&mut self, text: Text<'_>) {
        match text.plain() {
            Some(plain) => self.push(plain),
            None => text.chars().for_each(|char| self.push(char.encode_utf8(&mut [0; 4]))),
        }
    }

    fn push(&mut self, text: &str) {
        let start = usize::from(self.len);
        let free = if self.rest == Rest::Cut { 0 } else { Self::CAPACITY - start };
        let len = text.floor_char_boundary(free);
        self.bytes[start..start + len].copy_from_slice(&text.as_bytes()[..len]);
        self.len = (start + len).to_le_bytes()[0];
        if len < text.len() {
            self.rest = Rest::Cut;
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}", self.text().escape_debug())?;
        f.write_str(match self.rest {
            Rest::Cut => "…\"",
            Rest::Nothing => "\"",
        })
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Displays a value of a token that may be absent.
struct Found(Option<Excerpt>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) => found.fmt(f),
            None => f.write_str("absent"),
        }
    }
}

/// The values that rules accept. A clone is cheap and does not allocate.
///
/// ```
/// use std::time::SystemTime;
/// use strict_jose::{Key, Rules};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let token = key.sign("JWT", &serde_json::json!({ "aud": ["other", "more"], "exp": 2_000_000_000 }))?;
/// let rules = Rules::typ("JWT").any_issuer().audiences(["api", "urn:old-name"]);
/// let refused = rules.verify_bytes(&token, &key, SystemTime::now()).unwrap_err();
/// assert_eq!(refused.to_string(), r#"the `aud` of the token is "other, more", not "api" or "urn:old-name""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Wanted(Accepted);

#[derive(Clone, PartialEq, Eq)]
enum Accepted {
    One(&'static str),
    AnyOf(Arc<[Box<str>]>),
}

impl Wanted {
    pub(crate) const fn one(value: &'static str) -> Self {
        Self(Accepted::One(value))
    }

    /// Any of these values, for an error of your own checks.
    ///
    /// ```
    /// use strict_jose::{Error, Excerpt, Wanted};
    ///
    /// let refused = Error::WrongIssuer { wanted: Wanted::any_of(["https://id.example"]), found: Excerpt::of("other") };
    /// assert_eq!(refused.to_string(), r#"the `iss` of the token is "other", not "https://id.example""#);
    /// ```
    pub fn any_of<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Self {
        Self(Accepted::AnyOf(values.into_iter().map(|value| value.into().into_boxed_str()).collect()))
    }

    /// The values.
    ///
    /// ```
    /// # use strict_jose::{Error, Key, Rules};
    /// # let key = Key::hs256(b"at least 32 bytes, better random.")?;
    /// let token = key.sign("JWT", &serde_json::json!({}))?;
    /// let refused = Rules::typ("at+jwt").any_payload().verify(&token, &key).unwrap_err();
    /// assert!(matches!(refused, Error::WrongType { wanted, .. } if wanted.iter().eq(["at+jwt"])));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (one, any_of) = match &self.0 {
            Accepted::One(one) => (Some(*one), &[][..]),
            Accepted::AnyOf(any_of) => (None, &any_of[..]),
        };
        one.into_iter().chain(any_of.iter().map(|value| &**value))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        for (index, value) in self.iter().take(SHOWN).enumerate() {
            let or = if index > 0 { " or " } else { "" };
            write!(f, "{or}{value:?}")?;
        }
        match self.iter().count() {
            0 => f.write_str("accepted: the rules accept none"),
            count if count > SHOWN => write!(f, " or one of {} more", count - SHOWN),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
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
        let kid = "é".repeat(50);
        assert_eq!(Excerpt::of(&kid).to_string(), format!("\"{}…\"", "é".repeat(40)));
        let kid = format!("a{kid}");
        assert_eq!(Excerpt::of(&kid).to_string(), format!("\"a{}…\"", "é".repeat(39)));
    }

    #[test]
    fn a_hostile_kid_is_printed_on_one_line() {
        let printed = Excerpt::of("../../etc\0\r\n\u{1b}[2J\u{202e}'; DROP").to_string();
        assert!(printed.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{printed}");
    }

    #[test]
    fn an_error_is_small_enough_to_return_by_value() {
        assert!(size_of::<Error>() <= 112, "{}", size_of::<Error>());
    }
}
