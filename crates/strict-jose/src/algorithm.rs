//! The signature algorithms. `none` is not among them.

use std::fmt;
use std::str::FromStr;

/// A signature algorithm of [RFC 7518 §3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1) or
/// [RFC 8037 §3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1).
///
/// The algorithm belongs to the [`Key`](crate::Key), never to the token; the `alg` of a token must equal it. This stops every
/// algorithm-confusion attack ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
///
/// Choose [`EdDsa`](Self::EdDsa) between your own services, [`Es256`](Self::Es256) or [`Rs256`](Self::Rs256) for verifiers of
/// other organizations, and [`Hs256`](Self::Hs256) if one program signs and verifies. HS256 is by far the fastest, but every
/// verifier can also sign.
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
    /// `Ed25519` is a newer name of the same algorithm
    /// ([RFC 9864 §2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)). It is accepted in tokens, in JWKs and by
    /// [`FromStr`], but never written.
    EdDsa,
}

impl Algorithm {
    /// All supported algorithms.
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

    /// The name in the header parameter `alg`.
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

    /// Whether `name`, the `alg` of a token or a JWK, means this algorithm.
    pub(crate) fn is_called(self, name: &str) -> bool {
        name == self.name() || (self == Self::EdDsa && name == ED25519)
    }

    /// The algorithm that has one of its names accepted by `is_name`.
    pub(crate) fn find(is_name: impl Fn(&str) -> bool) -> Option<Self> {
        let has_name = |algorithm: &Self| is_name(algorithm.name());
        Self::ALL.iter().copied().find(has_name).or_else(|| is_name(ED25519).then_some(Self::EdDsa))
    }

    /// Whether the algorithm uses an RSA key.
    pub(crate) const fn is_rsa(self) -> bool {
        matches!(self, Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512)
    }

    /// Whether one secret key both signs and verifies: HS256, HS384, HS512.
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

    /// A description of a key for this algorithm, for error messages.
    pub(crate) const fn key_name(self) -> &'static str {
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

/// The newer name of [`Algorithm::EdDsa`].
const ED25519: &str = "Ed25519";

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads a case-sensitive name ([RFC 7515 §4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    ///
    /// # Errors
    /// [`UnknownAlgorithm`] for every other name, including `none`.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::find(|known| known == name).ok_or(UnknownAlgorithm)
    }
}

/// The error for the name of an unsupported algorithm.
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
    fn every_written_name_is_read() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(*algorithm));
        }
    }

    #[test]
    fn the_newer_name_of_eddsa_is_read() {
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
    }

    #[test]
    fn similar_names_are_refused() {
        for name in [
            "", "none", "None", "nOnE", "hs256", "HS256 ", "HS-256", "HS1", "HS256\0", "ES256K", "EDDSA",
            "eddsa", "ed25519", "Ed448",
        ] {
            assert_eq!(name.parse::<Algorithm>(), Err(UnknownAlgorithm), "{name:?}");
        }
    }
}
