//! The claims of a proof ([RFC 9449 §4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2)).

use std::time::SystemTime;

use super::error::ProofError;
use crate::claims::numeric_date;
use crate::error::Error;
use crate::strict_json;

/// The claims of a proof.
///
/// ```
/// use std::collections::HashSet;
/// use strict_jose::proof::ProofClaims;
///
/// /// Whether this is the first use of a proof. A real program also removes names of old proofs.
/// fn is_first_use(seen: &mut HashSet<String>, claims: &ProofClaims) -> bool {
///     seen.insert(claims.jti.clone())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProofClaims {
    /// The unique name of the proof, for detecting replays. Never empty.
    pub jti: String,
    /// The HTTP method.
    pub htm: String,
    /// The URL, as the client wrote it.
    pub htu: String,
    /// The time at which the proof was made.
    pub iat: SystemTime,
    /// The SHA-256 hash of the access token in base64url, if there is one.
    pub ath: Option<String>,
    /// The nonce that the server provided, if there is one.
    pub nonce: Option<String>,
}

impl ProofClaims {
    /// Reads the claims and checks their types.
    pub(super) fn read(payload: &str) -> Result<Self, ProofError> {
        let (mut jti, mut htm, mut htu) = (None, None, None);
        let (mut iat, mut ath, mut nonce) = (None, None, None);
        strict_json::object::<ProofError>(payload, strict_json::PROOF, |name, value| {
            let name = name.one_of(&["jti", "htm", "htu", "iat", "ath", "nonce"]);
            if let Some("iat") = name {
                iat = Some(numeric_date(value).ok_or(Error::InvalidClaim("iat"))?);
                return Ok(());
            }
            let claim = match name {
                Some("jti") => &mut jti,
                Some("htm") => &mut htm,
                Some("htu") => &mut htu,
                Some("ath") => &mut ath,
                Some("nonce") => &mut nonce,
                _ => return Ok(()),
            };
            *claim = Some(value.text().ok_or(Error::InvalidClaim(name.unwrap_or_default()))?.unescaped());
            Ok(())
        })?;
        if jti.as_ref().is_some_and(String::is_empty) {
            return Err(Error::InvalidClaim("jti").into());
        }
        Ok(Self {
            jti: jti.ok_or(Error::MissingClaim("jti"))?,
            htm: htm.ok_or(Error::MissingClaim("htm"))?,
            htu: htu.ok_or(Error::MissingClaim("htu"))?,
            iat: iat.ok_or(Error::MissingClaim("iat"))?,
            ath,
            nonce,
        })
    }
}
