//! Shows the contents of a token without verification.

use serde_json::Value;

use crate::base64url::Decoded;
use crate::error::Error;
use crate::header::Header;
use crate::jws::Compact;
use crate::limits::DEFAULT_MAX_LEN;
use crate::strict_json;

/// The unverified contents of a token. See [`inspect`].
///
/// ```
/// // RFC 7519, section 6.1: a token without a signature, which no rules accept.
/// let seen = strict_jose::inspect("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.")?;
/// assert_eq!((&seen.header["alg"], &seen.claims["iss"]), (&"none".into(), &"joe".into()));
/// # Ok::<(), strict_jose::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Inspected {
    /// The header, with every parameter.
    pub header: Value,
    /// The claims.
    pub claims: Value,
}

/// Returns the contents of a token **without verifying anything**: no key, no signature, no time.
///
/// For debugging, such as a command that explains a token or the log of a test. Never base a decision on the result; it cannot
/// become a [`Verified`](crate::Verified). The format is checked as strictly as in [`Rules::verify`](crate::Rules::verify),
/// but header parameters are not, so that a token refused for its `crit` or `alg` can be inspected.
///
/// ```
/// use strict_jose::{Key, inspect};
///
/// let key = Key::hs256(b"at least 32 bytes, better random.")?;
/// let token = key.sign("at+jwt", &serde_json::json!({ "sub": "7" }))?;
/// let seen = inspect(&token)?;
/// assert_eq!(seen.header["alg"], "HS256");
/// assert_eq!(seen.claims["sub"], "7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// - [`Error::Malformed`] if the token is not a compact JWS with JSON objects, or is longer than
///   [`DEFAULT_MAX_LEN`](crate::DEFAULT_MAX_LEN).
/// - [`Error::Claims`] if a [`Value`] cannot hold a number of the token.
pub fn inspect(token: &str) -> Result<Inspected, Error> {
    let token = Compact::split(token, DEFAULT_MAX_LEN)?;
    let mut buffer = Decoded::default();
    let header = value(token.header_text(&mut buffer)?)?;
    let claims = value(token.payload_text(&mut buffer)?)?;
    token.check_signature_encoding()?;
    Ok(Inspected { header, claims })
}

impl Header<'_> {
    /// Reads the header of a token **without verifying anything**, for a program that must fetch the key first.
    ///
    /// Use the result only to find keys. [`Rules::verify`](crate::Rules::verify) reads the header again.
    ///
    /// ```
    /// use strict_jose::{Header, Key};
    ///
    /// let key = Key::hs256(b"at least 32 bytes, better random.")?.with_kid("2025");
    /// let token = key.sign("at+jwt", &serde_json::json!({}))?;
    /// let kid = Header::peek(&token, |header| header.kid().map(str::to_owned))?;
    /// assert_eq!(kid.as_deref(), Some("2025"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::CriticalHeader`]. The payload may have any length.
    pub fn peek<R>(token: &str, read: impl FnOnce(&Header<'_>) -> R) -> Result<R, Error> {
        let mut buffer = Decoded::default();
        let header = Compact::split(token, usize::MAX)?.header(&mut buffer)?;
        Ok(read(&header))
    }
}

fn value(text: &str) -> Result<Value, Error> {
    strict_json::object::<Error>(text, strict_json::CLAIMS, |_, _| Ok(()))?;
    serde_json::from_str(text).map_err(|error| Error::Claims(std::sync::Arc::new(error)))
}
