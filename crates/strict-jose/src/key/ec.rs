//! ECDSA on the NIST curves: ES256, ES384, ES512
//! ([RFC 7518 §3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _, ParsedPublicKey,
    Signature,
};

use super::der::{Curve, EcPrivate, Encoded, Form};
use super::error::KeyError;
use super::members::Members;
use crate::algorithm::Algorithm;

/// A key on the curve of its algorithm.
pub(super) struct EcKey {
    algorithm: Algorithm,
    private: Option<EcdsaKeyPair>,
    /// Parsed once. Parsing checks that the point is on the curve.
    public: ParsedPublicKey,
    members: Members,
}

impl EcKey {
    /// Makes a public key from an uncompressed point.
    pub(super) fn public(algorithm: Algorithm, curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        let parameters = Parameters::of(algorithm, curve.key_name())?;
        parameters.check_curve(curve)?;
        let [x, y] = coordinates(curve, point)?;
        let public = ParsedPublicKey::new(parameters.verify, point).map_err(|_| KeyError::NotOnCurve)?;
        Ok(Self { algorithm, private: None, public, members: Members::ec(curve, x, y, None) })
    }

    /// Makes a private key. A public key in `parts` must belong to it.
    ///
    /// The primitives compute a missing public key, but only when they read the DER themselves: hence `encoded`.
    pub(super) fn private(
        algorithm: Algorithm,
        parts: &EcPrivate<'_>,
        encoded: Encoded<'_>,
    ) -> Result<Self, KeyError> {
        let parameters = Parameters::of(algorithm, parts.curve.map_or("an EC key", Curve::key_name))?;
        let curve = parts.curve.unwrap_or(parameters.curve);
        parameters.check_curve(curve)?;
        match (parts.point, encoded.form) {
            (Some(point), _) => Self::private_and_public(algorithm, curve, parts.d, point),
            // RFC 5915 §3: the full length, with leading zeros.
            (None, _) if parts.d.len() != curve.coordinate_len() => Err(KeyError::Inconsistent),
            (None, Form::Pkcs8) => {
                Self::of_pair(&parameters, EcdsaKeyPair::from_pkcs8(parameters.sign, encoded.der))
            }
            (None, _) => {
                Self::of_pair(&parameters, EcdsaKeyPair::from_private_key_der(parameters.sign, encoded.der))
            }
        }
    }

    /// Makes a private key. The public key must belong to it.
    pub(super) fn private_and_public(
        algorithm: Algorithm,
        curve: Curve,
        d: &[u8],
        point: &[u8],
    ) -> Result<Self, KeyError> {
        // Check the point alone first, so that the error names the wrong part.
        Self::public(algorithm, curve, point)?;
        let parameters = Parameters::of(algorithm, curve.key_name())?;
        Self::of_pair(&parameters, EcdsaKeyPair::from_private_key_and_public_key(parameters.sign, d, point))
    }

    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let parameters = Parameters::of(algorithm, "an EC key")?;
        let pair = EcdsaKeyPair::generate(parameters.sign).map_err(|_| KeyError::Generation)?;
        Self::of_pair(&parameters, Ok(pair))
    }

    fn of_pair(parameters: &Parameters, pair: Result<EcdsaKeyPair, KeyRejected>) -> Result<Self, KeyError> {
        let &Parameters { algorithm, curve, .. } = parameters;
        let pair = pair.map_err(|_| KeyError::Inconsistent)?;
        let point = pair.public_key().as_ref();
        let public = Self::public(algorithm, curve, point)?;
        let [x, y] = coordinates(curve, point)?;
        let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(|_| KeyError::Inconsistent)?;
        let members = Members::ec(curve, x, y, Some(d.as_ref()));
        Ok(Self { private: Some(pair), members, ..public })
    }

    /// The public part of this key.
    pub(super) fn without_private(&self) -> Self {
        Self {
            algorithm: self.algorithm,
            private: None,
            public: self.public.clone(),
            members: self.members.public(),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn can_sign(&self) -> bool {
        self.private.is_some()
    }

    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    /// Checks a signature in the form of [RFC 7518 §3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4): r and s, each
    /// as long as a coordinate. Neither may be zero, nor the order of the group or more.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        self.public.verify_sig(message, signature)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Signature, Unspecified> {
        let pair = self.private.as_ref().ok_or(Unspecified)?;
        pair.sign(&SystemRandom::new(), message)
    }
}

/// The coordinates of an uncompressed point
/// ([RFC 7518 §6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1)).
fn coordinates(curve: Curve, point: &[u8]) -> Result<[&[u8]; 2], KeyError> {
    match point.split_first() {
        Some((4, both)) if both.len() == 2 * curve.coordinate_len() => {
            let (x, y) = both.split_at(curve.coordinate_len());
            Ok([x, y])
        }
        _ => Err(KeyError::NotOnCurve),
    }
}

/// The curve and the primitives of an algorithm.
struct Parameters {
    algorithm: Algorithm,
    curve: Curve,
    verify: &'static EcdsaVerificationAlgorithm,
    sign: &'static EcdsaSigningAlgorithm,
}

impl Parameters {
    fn of(algorithm: Algorithm, found: &'static str) -> Result<Self, KeyError> {
        let (curve, verify, sign) = match algorithm {
            Algorithm::Es256 => (
                Curve::P256,
                &signature::ECDSA_P256_SHA256_FIXED,
                &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            ),
            Algorithm::Es384 => (
                Curve::P384,
                &signature::ECDSA_P384_SHA384_FIXED,
                &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            ),
            Algorithm::Es512 => (
                Curve::P521,
                &signature::ECDSA_P521_SHA512_FIXED,
                &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            ),
            _ => return Err(KeyError::OtherKey { algorithm, found }),
        };
        Ok(Self { algorithm, curve, verify, sign })
    }

    fn check_curve(&self, curve: Curve) -> Result<(), KeyError> {
        if curve == self.curve {
            Ok(())
        } else {
            Err(KeyError::OtherKey { algorithm: self.algorithm, found: curve.key_name() })
        }
    }
}
