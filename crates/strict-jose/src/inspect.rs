//! A look inside a token that proves nothing.

use serde_json::Value;

use crate::DEFAULT_MAX_LEN;
use crate::error::Error;
use crate::jws::Compact;
use crate::strict_json;

/// What a token says, believed by nobody: see [`inspect`].
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
    /// Its header, every parameter.
    pub header: Value,
    /// Its claims.
    pub claims: Value,
}

/// Shows what a token says **without verifying anything**: no key, no signature, no time.
///
/// For people who debug: a command that explains a token, a log of your own tests. Never decide anything by it; there is
/// no way from here to a [`Verified`](crate::Verified). It reads as strictly as [`Rules::verify`](crate::Rules::verify)
/// but does not mind what the header demands, so that a token refused for its `crit` or `alg` can still be looked at.
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
/// - [`Error::Malformed`] if the token's form is not that of a compact JWS with a JSON object in it, or if it is longer than
///   [`DEFAULT_MAX_LEN`].
/// - [`Error::Claims`] if a number in it is beyond what a [`Value`] holds.
pub fn inspect(token: &str) -> Result<Inspected, Error> {
    let token = Compact::split(token, DEFAULT_MAX_LEN)?;
    let header = token.header_text(value)?;
    let claims = token.payload(value)?;
    token.signature_form()?;
    Ok(Inspected { header, claims })
}

fn value(text: &str) -> Result<Value, Error> {
    strict_json::object::<Error>(text, strict_json::CLAIMS, |_, _| Ok(()))?;
    serde_json::from_str(text).map_err(|error| Error::Claims(std::sync::Arc::new(error)))
}
