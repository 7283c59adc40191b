//! Shared secrets: HS256, HS384, HS512 ([RFC 7518 §3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).

use aws_lc_rs::{hmac, rand};
use zeroize::Zeroizing;

use super::der::{Form, Parts};
use super::jwk::{Jwk, Members};
use super::{KeyError, Refused, pem};
use crate::Algorithm;

/// A secret, for one of the three.
pub(super) struct Secret {
    algorithm: Algorithm,
    state: hmac::Key,
    members: Members,
    purpose: Purpose,
}

/// What a JWK's `key_ops` leave of a secret. Who can sign can always verify: that is signing and comparing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    SignAndVerify,
    Verify,
}

impl Secret {
    /// Takes a secret of at least as many bytes as the hash has.
    pub(super) fn new(algorithm: Algorithm, secret: &[u8], purpose: Purpose) -> Result<Self, KeyError> {
        let hash = hash(algorithm)?;
        let minimum = hash.tag_len();
        if pem::is_pem(secret) {
            return Err(KeyError::Pem);
        }
        if is_other_key(secret) {
            return Err(KeyError::NoSecret);
        }
        if secret.len() < minimum {
            return Err(KeyError::TooShort { bytes: secret.len(), minimum });
        }
        let members = Members::secret(secret);
        Ok(Self { algorithm, state: hmac::Key::new(hash, secret), members, purpose })
    }

    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new(vec![0; hash(algorithm)?.tag_len()]);
        rand::fill(&mut secret).map_err(|_| KeyError::Generation)?;
        Self::new(algorithm, &secret, Purpose::SignAndVerify)
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn can_sign(&self) -> bool {
        self.purpose == Purpose::SignAndVerify
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

/// Whether these bytes are a key in DER, or a JWK. No random secret is: that takes a dozen right bytes at the least.
fn is_other_key(secret: &[u8]) -> bool {
    let forms = [Form::of_private(secret), Form::of_public(secret)];
    let is_der = forms.into_iter().flatten().any(|form| Parts::read(form, secret).is_ok());
    is_der || std::str::from_utf8(secret).is_ok_and(|text| Jwk::read(text).is_ok_and(|jwk| jwk.states_kty()))
}

fn hash(algorithm: Algorithm) -> Result<hmac::Algorithm, KeyError> {
    match algorithm {
        Algorithm::Hs256 => Ok(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Ok(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Ok(hmac::HMAC_SHA512),
        _ => Err(KeyError::OtherKey { algorithm, found: "a shared secret" }),
    }
}
