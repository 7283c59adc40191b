//! The algorithms a key may have. `none` is not among them and cannot be written.

use std::fmt;
use std::str::FromStr;

/// A signature algorithm of [RFC 7518 §3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1) or
/// [RFC 8037 §3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1).
///
/// It belongs to the [`Key`](crate::Key), never to the token: a token's `alg` only has to agree. That is what stops
/// every algorithm-confusion attack ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
///
/// Which one? [`EdDsa`](Self::EdDsa) where both sides are yours, [`Es256`](Self::Es256) or [`Rs256`](Self::Rs256) where
/// others have to verify, [`Hs256`](Self::Hs256) where nobody but you does: it is the fastest by far, but who can verify
/// with it can also sign.
///
/// ```
/// use strict_jose::Algorithm;
///
/// assert_eq!("ES256".parse(), Ok(Algorithm::Es256));
/// assert!("none".parse::<Algorithm>().is_err());
/// assert!("es256".parse::<Algorithm>().is_err(), "names are compared exactly");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 ([RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 ([RFC 7518 §3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash
    /// ([RFC 7518 §3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5)).
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256 ([RFC 7518 §3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// EdDSA on Ed25519 ([RFC 8037 §3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1)). Ed448 is not supported.
    ///
    /// `Ed25519`, the newer name of the same thing
    /// ([RFC 9864 §2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)), is read as this one in tokens, JWKs and
    /// [`FromStr`], and never written.
    EdDsa,
}

impl Algorithm {
    /// Every one there is.
    ///
    /// ```
    /// use strict_jose::Algorithm;
    ///
    /// let public = Algorithm::ALL.iter().filter(|algorithm| !algorithm.is_symmetric());
    /// assert_eq!(public.count(), 10);
    /// ```
    pub const ALL: &'static [Self] = &[
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
    ];

    /// The name as it stands in a token's `alg`.
    ///
    /// ```
    /// assert_eq!(strict_jose::Algorithm::EdDsa.name(), "EdDSA");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Whether a token or a JWK with this `alg` means this algorithm.
    pub(crate) fn is_called(self, name: &str) -> bool {
        name == self.name() || (self == Self::EdDsa && name == "Ed25519")
    }

    /// Whether the one key both signs and verifies, and therefore has to stay secret: HS256, HS384, HS512.
    ///
    /// ```
    /// use strict_jose::Algorithm;
    ///
    /// assert!(Algorithm::Hs256.is_symmetric());
    /// assert!(!Algorithm::Rs256.is_symmetric());
    /// ```
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// What a key of it is, for error messages.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => "a shared secret",
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => "an RSA key",
            Self::Es256 => "an EC key on P-256",
            Self::Es384 => "an EC key on P-384",
            Self::Es512 => "an EC key on P-521",
            Self::EdDsa => "an Ed25519 key",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a name exactly: letter case counts ([RFC 7515 §4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    ///
    /// # Errors
    /// [`UnknownAlgorithm`] for every name that this crate has no key for, `none` first of all.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.is_called(name)).ok_or(UnknownAlgorithm)
    }
}

/// The name is of no algorithm that this crate supports.
///
/// ```
/// use strict_jose::{Algorithm, UnknownAlgorithm};
///
/// let refused: UnknownAlgorithm = "none".parse::<Algorithm>().unwrap_err();
/// assert_eq!(refused.to_string(), "not a supported signature algorithm");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a supported signature algorithm")]
#[non_exhaustive]
pub struct UnknownAlgorithm;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(*algorithm));
        }
    }

    #[test]
    fn the_newer_name_of_eddsa_is_read() {
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
    }

    #[test]
    fn near_misses_are_no_algorithm() {
        for name in [
            "", "none", "None", "nOnE", "hs256", "HS256 ", "HS-256", "HS1", "HS256\0", "ES256K", "EDDSA",
            "eddsa", "ed25519", "Ed448",
        ] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
    }
}
