//! The test keys.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use strict_jose::{Algorithm, Key, KeyError};

/// The formats of one key. OpenSSL made these keys for these tests only.
pub(crate) struct Forms {
    pub(crate) algorithm: Algorithm,
    pub(crate) private: &'static [&'static str],
    pub(crate) public: &'static [&'static str],
}

const RSA_PRIVATE: &[&str] = &[include_str!("keys/rsa-pkcs8.pem"), include_str!("keys/rsa-pkcs1.pem")];
const RSA_PUBLIC: &[&str] = &[include_str!("keys/rsa-spki.pem"), include_str!("keys/rsa-pkcs1-public.pem")];

pub(crate) const ASYMMETRIC: &[Forms] = &[
    Forms { algorithm: Algorithm::Rs256, private: RSA_PRIVATE, public: RSA_PUBLIC },
    Forms { algorithm: Algorithm::Rs384, private: RSA_PRIVATE, public: RSA_PUBLIC },
    Forms { algorithm: Algorithm::Rs512, private: RSA_PRIVATE, public: RSA_PUBLIC },
    Forms { algorithm: Algorithm::Ps256, private: RSA_PRIVATE, public: RSA_PUBLIC },
    Forms { algorithm: Algorithm::Ps384, private: RSA_PRIVATE, public: RSA_PUBLIC },
    Forms { algorithm: Algorithm::Ps512, private: RSA_PRIVATE, public: RSA_PUBLIC },
    Forms {
        algorithm: Algorithm::Es256,
        private: &[include_str!("keys/p256-pkcs8.pem"), include_str!("keys/p256-sec1.pem")],
        public: &[include_str!("keys/p256-spki.pem")],
    },
    Forms {
        algorithm: Algorithm::Es384,
        private: &[include_str!("keys/p384-pkcs8.pem"), include_str!("keys/p384-sec1.pem")],
        public: &[include_str!("keys/p384-spki.pem")],
    },
    Forms {
        algorithm: Algorithm::Es512,
        private: &[include_str!("keys/p521-pkcs8.pem"), include_str!("keys/p521-sec1.pem")],
        public: &[include_str!("keys/p521-spki.pem")],
    },
    Forms {
        algorithm: Algorithm::EdDsa,
        private: &[include_str!("keys/ed25519-pkcs8.pem")],
        public: &[include_str!("keys/ed25519-spki.pem")],
    },
];

/// A signing key of each algorithm.
pub(crate) fn signing_keys() -> Vec<Key> {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let secrets = [Key::hs256(&[7; 64]), Key::hs384(&[7; 64]), Key::hs512(&[7; 64])];
        let private =
            ASYMMETRIC.iter().map(|forms| Key::from_pem(forms.algorithm, forms.private[0].as_bytes()));
        secrets.into_iter().chain(private).map(Result::unwrap).collect()
    });
    assert!(KEYS.iter().map(Key::algorithm).eq(Algorithm::ALL.iter().copied()), "each of them, in order");
    KEYS.clone()
}

/// The key that verifies the tokens of this key.
pub(crate) fn verifying(key: &Key) -> Key {
    key.public().unwrap_or_else(|| key.clone())
}

/// All formats of the test key for this algorithm.
pub(crate) fn forms(algorithm: Algorithm) -> &'static Forms {
    ASYMMETRIC.iter().find(|forms| forms.algorithm == algorithm).unwrap()
}

/// The test key for this algorithm as a JWK with all members.
pub(crate) fn jwk(algorithm: Algorithm) -> Value {
    let keys = signing_keys();
    let key = keys.iter().find(|key| key.algorithm() == algorithm).unwrap();
    serde_json::from_str(key.to_jwk().expose()).unwrap()
}

/// The same JWK with one member changed. `null` removes it.
pub(crate) fn with(mut jwk: Value, member: &str, value: impl Into<Value>) -> Value {
    match value.into() {
        Value::Null => drop(jwk.as_object_mut().unwrap().remove(member)),
        value => jwk[member] = value,
    }
    jwk
}

/// The DER in a PEM text with one block.
pub(crate) fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

/// The decoded bytes of a member of a JWK.
pub(crate) fn bytes_of(jwk: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn check_jwk(jwk: &Value, want: Result<(), KeyError>) {
    assert_eq!(Key::from_jwk(&jwk.to_string()).map(drop), want, "{jwk}");
}
