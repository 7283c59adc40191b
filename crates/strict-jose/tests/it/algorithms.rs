//! Every algorithm signs and verifies, with keys in every format. Tokens of other algorithms are refused.

use proptest::prelude::*;
use serde_json::json;
use strict_jose::{Algorithm, Key, KeySet, Rules, SignError, Typ, inspect};

use crate::keys::{ASYMMETRIC, signing_keys, verifying};
use crate::token::{NOW, at, verdict};

fn rules() -> Rules {
    Rules::typ("JWT").any_issuer().any_audience()
}

fn token(key: &Key) -> String {
    key.sign("JWT", &json!({ "sub": "7", "exp": 2000 })).unwrap()
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for key in signing_keys() {
        let token = token(&key);
        assert_eq!(inspect(&token).unwrap().header["alg"], key.algorithm().name());
        assert_eq!(verdict(rules().verify_bytes(&token, &verifying(&key), at(NOW))), "Ok", "{key:?}");
        assert_eq!(verdict(rules().verify_bytes(&token, &key, at(NOW))), "Ok", "{key:?} itself");
    }
}

#[test]
fn tokens_of_other_algorithms_are_refused() {
    let keys = signing_keys();
    for signer in &keys {
        let token = token(signer);
        for verifier in keys.iter().filter(|key| key.algorithm() != signer.algorithm()) {
            let want = format!("WrongAlgorithm {{ expected: {:?} }}", verifier.algorithm());
            assert_eq!(verdict(rules().verify_bytes(&token, verifier, at(NOW))), want, "{signer:?}");
        }
    }
}

#[test]
fn every_format_of_a_key_is_the_same_key() {
    for forms in ASYMMETRIC {
        let read = |pem: &&str| Key::from_pem(forms.algorithm, pem.as_bytes()).unwrap();
        let private: Vec<Key> = forms.private.iter().map(read).collect();
        let public: Vec<Key> = forms.public.iter().map(read).collect();
        assert!(private.iter().all(Key::can_sign) && !public.iter().any(Key::can_sign));
        let thumbprint = private[0].thumbprint();
        for key in private.iter().chain(&public) {
            assert_eq!(key.thumbprint(), thumbprint, "{key:?}");
            assert_eq!(key.public().unwrap().to_public_jwk(), public[0].to_public_jwk());
        }
        for (signer, verifier) in private.iter().zip(public.iter().cycle()) {
            assert_eq!(verdict(rules().verify_bytes(&token(signer), verifier, at(NOW))), "Ok", "{signer:?}");
        }
    }
}

#[test]
fn jwk_round_trips() {
    for key in signing_keys() {
        let key = key.with_kid("\"a\"\\\u{1}é😀");
        let jwk = key.to_jwk();
        let again = Key::from_jwk(jwk.expose()).unwrap();
        assert_eq!(again.to_jwk().expose(), jwk.expose());
        assert_eq!((again.kid(), again.algorithm()), (key.kid(), key.algorithm()));
        assert_eq!(verdict(rules().verify_bytes(&token(&again), &verifying(&key), at(NOW))), "Ok", "{key:?}");

        let Some(public) = key.to_public_jwk() else { continue };
        let public = Key::from_jwk(&public).unwrap();
        assert!(!public.can_sign());
        assert_eq!(public.to_jwk().expose(), key.to_public_jwk().unwrap());
        assert_eq!(verdict(rules().verify_bytes(&token(&key), &public, at(NOW))), "Ok", "{key:?}");
    }
}

#[test]
fn every_algorithm_can_be_generated() {
    for algorithm in Algorithm::ALL {
        // Generating RSA keys is slow, so only one of the six algorithms is tested.
        if matches!(algorithm.name(), "RS384" | "RS512" | "PS256" | "PS384" | "PS512") {
            continue;
        }
        let [one, other] = [(); 2].map(|()| Key::generate(*algorithm).unwrap());
        assert!(one.can_sign());
        assert_eq!(one.algorithm(), *algorithm);
        assert_ne!(one.thumbprint(), other.thumbprint());
        assert_eq!(verdict(rules().verify_bytes(&token(&one), &verifying(&one), at(NOW))), "Ok");
        assert_eq!(verdict(rules().verify_bytes(&token(&one), &verifying(&other), at(NOW))), "BadSignature");
    }
}

#[test]
fn public_key_does_not_sign() {
    for key in signing_keys().iter().filter_map(Key::public) {
        assert!(matches!(key.sign("JWT", &json!({})), Err(SignError::VerifyOnly)), "{key:?}");
        assert!(matches!(key.sign_bytes(Typ::Absent, b""), Err(SignError::VerifyOnly)), "{key:?}");
    }
}

#[test]
fn one_set_holds_every_asymmetric_algorithm() {
    let keys = signing_keys().into_iter().filter(|key| !key.algorithm().is_symmetric());
    let keys: Vec<Key> = keys.map(|key| key.clone().with_kid(key.algorithm().name())).collect();
    let set = KeySet::from_jwks(&KeySet::new(keys.clone()).unwrap().to_public_jwks()).unwrap();
    for key in keys {
        assert_eq!(verdict(rules().verify_bytes(&token(&key), &set, at(NOW))), "Ok", "{key:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_flipped_bit_is_detected(which in any::<prop::sample::Index>(), bit in 0..8_u32) {
        for key in signing_keys() {
            let token = token(&key);
            let mut bytes = token.clone().into_bytes();
            let place = which.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let Ok(edited) = String::from_utf8(bytes) else { continue };
            let refused = rules().verify_bytes(&edited, &verifying(&key), at(NOW)).is_err();
            prop_assert!(refused, "{key:?} {edited}");
        }
    }
}
