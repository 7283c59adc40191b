//! Proof Key for Code Exchange with S256 ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The challenge of an authorization request: the SHA-256 digest of a secret that the client keeps. `plain` does not exist here.
///
/// ```
/// use strict_oidc::CodeChallenge;
///
/// // RFC 7636, appendix B
/// let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").ok_or("43 characters")?;
/// assert!(challenge.accepts("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
/// assert!(!challenge.accepts("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(Digest);

impl CodeChallenge {
    /// Reads a `code_challenge`: 43 characters of base64url
    /// ([RFC 7636 §4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
    pub fn parse(text: &str) -> Option<Self> {
        Digest::parse(text).map(Self)
    }

    /// Whether `verifier` is the secret of the client: 43 to 128 unreserved characters with this digest
    /// ([RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
    pub fn accepts(&self, verifier: &str) -> bool {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len()) && verifier.bytes().all(is_unreserved) && self.0.is_of(verifier)
    }
}

impl fmt::Debug for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CodeChallenge({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for (verifier, want) in [
            ("a".repeat(43), true),
            ("~".repeat(128), true),
            ("a".repeat(42), false),
            ("a".repeat(129), false),
            ("a ".repeat(30), false),
            (String::new(), false),
        ] {
            assert_eq!(CodeChallenge(Digest::of(&verifier)).accepts(&verifier), want, "{verifier}");
        }
    }
}
