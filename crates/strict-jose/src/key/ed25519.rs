//! EdDSA on Ed25519 ([RFC 8037](https://www.rfc-editor.org/rfc/rfc8037),
//! [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)).

mod point;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, Signature};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::members::Members;

/// A key on Ed25519.
pub(super) struct Ed25519Key {
    private: Option<Ed25519KeyPair>,
    public: ParsedPublicKey,
    members: Members,
}

impl Ed25519Key {
    pub(super) fn public(x: &[u8]) -> Result<Self, KeyError> {
        let x: &[u8; 32] = x.try_into().map_err(|_| KeyError::NotOnCurve)?;
        point::check(x)?;
        let public = ParsedPublicKey::new(&ED25519, x).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self { private: None, public, members: Members::ed25519(x, None) })
    }

    /// Makes a private key from its seed. A public key must belong to it. RFC 8032 calls the seed the private key.
    pub(super) fn private(d: &[u8], x: Option<&[u8]>) -> Result<Self, KeyError> {
        if d.len() != SEED_LEN {
            return Err(KeyError::Inconsistent);
        }
        let pair = match x {
            Some(x) => Ed25519KeyPair::from_seed_and_public_key(d, x),
            None => Ed25519KeyPair::from_seed_unchecked(d),
        };
        let pair = pair.map_err(|_| KeyError::Inconsistent)?;
        let x = pair.public_key().as_ref();
        let members = Members::ed25519(x, Some(d));
        let public = Self::public(x)?;
        Ok(Self { private: Some(pair), members, ..public })
    }

    pub(super) fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; SEED_LEN]);
        rand::fill(&mut *seed).map_err(|_| KeyError::Generation)?;
        Self::private(&*seed, None)
    }

    /// The public part of this key.
    pub(super) fn without_private(&self) -> Self {
        Self { private: None, public: self.public.clone(), members: self.members.public() }
    }

    pub(super) fn can_sign(&self) -> bool {
        self.private.is_some()
    }

    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        self.public.verify_sig(message, signature)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Signature, Unspecified> {
        self.private.as_ref().ok_or(Unspecified)?.try_sign(message)
    }
}

const SEED_LEN: usize = 32;
