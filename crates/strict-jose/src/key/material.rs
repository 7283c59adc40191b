//! The material of a key: one variant for each kind of key.

use aws_lc_rs::error::Unspecified;

use super::der::{Encoded, Parts};
use super::ec::EcKey;
use super::ed25519::Ed25519Key;
use super::error::KeyError;
use super::hmac::Secret;
use super::members::Members;
use super::rsa::{self, RsaKey};
use crate::algorithm::Algorithm;

/// The numbers that an algorithm computes with. Each constructor checks that they fit the algorithm.
#[expect(clippy::large_enum_variant, reason = "each is allocated once, behind the Arc of its key")]
pub(super) enum Material {
    Secret(Secret),
    Rsa(RsaKey),
    Ec(EcKey),
    Ed25519(Ed25519Key),
}

impl Material {
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        use Algorithm as A;
        Ok(match algorithm {
            A::Hs256 | A::Hs384 | A::Hs512 => Self::Secret(Secret::generate(algorithm)?),
            A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
                Self::Rsa(RsaKey::generate(algorithm, rsa::LONG_LIVED)?)
            }
            A::Es256 | A::Es384 | A::Es512 => Self::Ec(EcKey::generate(algorithm)?),
            A::EdDsa => Self::Ed25519(Ed25519Key::generate()?),
        })
    }

    pub(super) fn generate_short_lived_rsa(algorithm: Algorithm) -> Result<Self, KeyError> {
        Ok(Self::Rsa(RsaKey::generate(algorithm, rsa::SHORT_LIVED)?))
    }

    pub(super) fn from_der(algorithm: Algorithm, encoded: Encoded<'_>) -> Result<Self, KeyError> {
        Ok(match Parts::read(encoded)? {
            Parts::RsaPublic { n, e } => Self::Rsa(RsaKey::public(algorithm, n, e)?),
            Parts::RsaPrivate(numbers) => Self::Rsa(RsaKey::private(algorithm, &numbers)?),
            Parts::EcPublic { curve, point } => Self::Ec(EcKey::public(algorithm, curve, point)?),
            Parts::EcPrivate(parts) => Self::Ec(EcKey::private(algorithm, &parts, encoded)?),
            _ if algorithm != Algorithm::EdDsa => {
                return Err(KeyError::OtherKey { algorithm, found: "an Ed25519 key" });
            }
            Parts::Ed25519Public { x } => Self::Ed25519(Ed25519Key::public(x)?),
            Parts::Ed25519Private { d, x } => Self::Ed25519(Ed25519Key::private(d, x)?),
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(secret) => secret.algorithm(),
            Self::Rsa(key) => key.algorithm(),
            Self::Ec(key) => key.algorithm(),
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    pub(super) fn can_sign(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Rsa(key) => key.can_sign(),
            Self::Ec(key) => key.can_sign(),
            Self::Ed25519(key) => key.can_sign(),
        }
    }

    pub(super) fn members(&self) -> &Members {
        match self {
            Self::Secret(secret) => secret.members(),
            Self::Rsa(key) => key.members(),
            Self::Ec(key) => key.members(),
            Self::Ed25519(key) => key.members(),
        }
    }

    /// The public part. A shared secret has none.
    pub(super) fn public(&self) -> Option<Self> {
        match self {
            Self::Secret(_) => None,
            Self::Rsa(key) => Some(Self::Rsa(key.without_private())),
            Self::Ec(key) => Some(Self::Ec(key.without_private())),
            Self::Ed25519(key) => Some(Self::Ed25519(key.without_private())),
        }
    }

    /// Checks a signature. That of a shared secret is compared in constant time.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        match self {
            Self::Secret(secret) => secret.verify(message, signature),
            Self::Rsa(key) => key.verify(message, signature),
            Self::Ec(key) => key.verify(message, signature),
            Self::Ed25519(key) => key.verify(message, signature),
        }
    }

    /// Makes a signature. A public key cannot.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        match self {
            Self::Secret(secret) => Ok(secret.sign(message).as_ref().to_vec()),
            Self::Rsa(key) => key.sign(message),
            Self::Ec(key) => key.sign(message).map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(key) => key.sign(message).map(|signature| signature.as_ref().to_vec()),
        }
    }
}
