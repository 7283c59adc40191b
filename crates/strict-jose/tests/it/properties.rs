//! Properties for arbitrary claims, names and damage, with a key of every algorithm.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use strict_jose::{Key, KeySet, Rules, Typ};

use crate::keys::{signing_keys, verifying};
use crate::token::{NOW, at};

fn rules() -> Rules {
    Rules::typ("JWT").any_issuer().any_audience()
}

/// A token of each key, and the key that verifies it.
fn tokens() -> Vec<(String, Key)> {
    let token = |key: &Key| key.sign("JWT", &json!({ "sub": "7", "exp": 2000 })).unwrap();
    signing_keys().iter().map(|key| (token(key), verifying(key))).collect()
}

#[track_caller]
fn is_refused(token: &str, key: &Key) {
    assert!(rules().verify_bytes(token, key, at(NOW)).is_err(), "{key:?} accepts {token}");
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    let value = prop_oneof![
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        prop::collection::vec(".{0,8}", 0..4).prop_map(Value::from),
        prop::collection::btree_map(".{0,8}", any::<bool>().prop_map(Value::from), 0..4)
            .prop_map(|map| map.into_iter().collect()),
    ];
    // These names are longer than the names of registered claims.
    prop::collection::btree_map(".{4,12}", value, 0..8).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn signed_claims_are_the_verified_claims(mut claims in claims(), kid in ".{0,30}", exp in 1_u64..253_402_300_799) {
        claims.insert("exp".into(), json!(exp));
        for key in signing_keys() {
            let key = key.with_kid(&*kid);
            let token = key.sign("JWT", &claims).unwrap();
            let verified = rules().verify::<Map<String, Value>>(&token, &verifying(&key), at(exp - 1)).unwrap();
            prop_assert_eq!(&verified.claims, &claims);
        }
    }

    #[test]
    fn any_signed_bytes_are_returned(payload in prop::collection::vec(any::<u8>(), 0..200), typ in ".{0,20}") {
        for key in signing_keys() {
            let jws = key.sign_bytes(&*typ, &payload).unwrap();
            let given = Rules::typ(&*typ).any_payload().verify(&jws, &verifying(&key)).unwrap();
            prop_assert_eq!(&given, &payload);
            let other = format!("{typ}x");
            prop_assert!(Rules::typ(other).any_payload().verify(&jws, &verifying(&key)).is_err());
        }
    }

    /// The decoded bytes are changed, so that the signature is refused and not the encoding.
    #[test]
    fn any_flipped_bit_of_any_part_is_detected(part in 0..3_usize, place in any::<prop::sample::Index>(), bit in 0..8) {
        for (token, key) in tokens() {
            let mut parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
            let place = place.index(parts[part].len());
            parts[part][place] ^= 1_u8 << bit;
            is_refused(&parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect::<Vec<_>>().join("."), &key);
        }
    }

    #[test]
    fn any_truncation_is_detected(cut in any::<prop::sample::Index>()) {
        for (token, key) in tokens() {
            let cut = cut.index(token.len());
            is_refused(&token[..cut], &key);
            is_refused(&token[cut + 1..], &key);
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            for some in [&bytes[..cut % bytes.len()], &bytes[1 + cut % bytes.len()..]] {
                is_refused(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(some)), &key);
            }
        }
    }

    #[test]
    fn any_extension_is_detected(text in "[A-Za-z0-9_.-]{1,20}|.{1,20}", bytes in prop::collection::vec(any::<u8>(), 1..80)) {
        for (token, key) in tokens() {
            is_refused(&format!("{token}{text}"), &key);
            is_refused(&format!("{text}{token}"), &key);
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            for longer in [[&*signature, &bytes].concat(), [&*bytes, &signature].concat()] {
                is_refused(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(longer)), &key);
            }
        }
    }

    #[test]
    fn key_round_trips_through_its_jwk(kid in prop::option::of(".{0,30}")) {
        for key in signing_keys() {
            let key = match &kid {
                Some(kid) => key.with_kid(&**kid),
                None => key,
            };
            let again = Key::from_jwk(key.to_jwk().expose()).unwrap();
            prop_assert_eq!(again.kid(), kid.as_deref());
            prop_assert_eq!((again.algorithm(), again.thumbprint()), (key.algorithm(), key.thumbprint()));
            let token = again.sign_bytes(Typ::Absent, b"").unwrap();
            let rules = Rules::any_type().any_payload();
            prop_assert!(rules.verify(&token, &verifying(&key)).is_ok());

            let Some(public) = key.public() else { continue };
            let set = KeySet::new([public]).unwrap().to_public_jwks();
            prop_assert!(rules.verify(&token, &KeySet::from_jwks(&set).unwrap()).is_ok());
        }
    }
}
