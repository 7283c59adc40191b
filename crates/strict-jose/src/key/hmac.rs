//! Shared secrets: HS256, HS384, HS512 ([RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).

mod public_key_detection;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hmac, rand};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::members::Members;
use super::pem;
use crate::algorithm::Algorithm;

/// A shared secret for one of the three HMAC algorithms.
pub(super) struct Secret {
    algorithm: Algorithm,
    state: hmac::Key,
    members: Members,
}

impl Secret {
    /// Makes a key from a secret that is at least as long as the hash.
    pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let hash = hash(algorithm)?;
        let minimum = hash.tag_len();
        if pem::is_pem(secret) {
            return Err(KeyError::Pem);
        }
        if public_key_detection::is_encoded_key(secret) {
            return Err(KeyError::LooksLikeKey);
        }
        if secret.len() < minimum {
            return Err(KeyError::TooShort { bytes: secret.len(), minimum });
        }
        let members = Members::secret(secret);
        Ok(Self { algorithm, state: hmac::Key::new(hash, secret), members })
    }

    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new(vec![0; hash(algorithm)?.tag_len()]);
        rand::fill(&mut secret).map_err(|_| KeyError::Generation)?;
        Self::new(algorithm, &secret)
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        hmac::verify(&self.state, message, signature)
    }

    pub(super) fn sign(&self, message: &[u8]) -> hmac::Tag {
        hmac::sign(&self.state, message)
    }
}

fn hash(algorithm: Algorithm) -> Result<hmac::Algorithm, KeyError> {
    match algorithm {
        Algorithm::Hs256 => Ok(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Ok(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Ok(hmac::HMAC_SHA512),
        _ => Err(KeyError::OtherKey { algorithm, found: "a shared secret" }),
    }
}
