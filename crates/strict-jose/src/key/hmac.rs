//! Shared secrets: HS256, HS384, HS512 ([RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).

mod mistaken;

use aws_lc_rs::{hmac, rand};
use zeroize::Zeroizing;

use super::jwk::Members;
use super::{KeyError, Refused, pem};
use crate::Algorithm;

/// A secret, for one of the three.
pub(super) struct Secret {
    algorithm: Algorithm,
    state: hmac::Key,
    members: Members,
}

impl Secret {
    /// Takes a secret of at least as many bytes as the hash has.
    pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let hash = hash(algorithm)?;
        let minimum = hash.tag_len();
        if pem::is_pem(secret) {
            return Err(KeyError::Pem);
        }
        if mistaken::is_other_key(secret) {
            return Err(KeyError::NoSecret);
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

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refused> {
        hmac::verify(&self.state, message, signature).map_err(|_| Refused)
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
