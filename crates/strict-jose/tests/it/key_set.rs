//! Sets of keys: what is for others is passed over, what is wrong is not.

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, KeyError, KeySet, KeySetError};

use crate::keys::{jwk, with};

use Algorithm::{EdDsa, Es256, Hs256, Ps256, Rs256};

#[test]
fn a_set_is_refused_whole_if_a_key_for_us_is_wrong() {
    #[track_caller]
    fn check(keys: &[Value], want: Result<usize, KeySetError>) {
        let set = json!({ "keys": keys }).to_string();
        assert_eq!(KeySet::from_jwks(&set).map(|set| set.iter().count()), want, "{set}");
    }
    let public = |algorithm| {
        let key = Key::from_jwk(&jwk(algorithm).to_string()).unwrap();
        serde_json::from_str::<Value>(&key.to_public_jwk().unwrap()).unwrap()
    };
    check(&[], Ok(0));
    check(&[public(Rs256), public(Es256), public(EdDsa)], Ok(3));

    // For others: passed over.
    for other in [
        json!({ "kty": "new" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
        with(public(Rs256), "use", "enc"),
        with(public(Rs256), "alg", "RSA-OAEP-256"),
        with(public(Es256), "key_ops", json!(["deriveKey"])),
    ] {
        check(&[public(EdDsa), other.clone()], Ok(1));
        let own = json!({ "keys": [other] }).to_string();
        assert!(matches!(KeySet::from_private_jwks(&own), Err(KeySetError::Key { index: 0, .. })), "{own}");
    }

    // For us, and wrong.
    for (wrong, error) in [
        (with(public(Rs256), "alg", Value::Null), KeyError::NoAlgorithm),
        (with(public(Rs256), "n", "AQ"), KeyError::RsaSize { bits: 1 }),
        (with(public(Es256), "y", Value::Null), KeyError::MissingMember("y")),
        (with(public(Es256), "x", "AA="), KeyError::InvalidMember("x")),
        (with(public(Es256), "kty", Value::Null), KeyError::MissingMember("kty")),
        (with(public(EdDsa), "key_ops", json!(["verify", "encrypt"])), KeyError::InvalidMember("key_ops")),
    ] {
        check(&[public(EdDsa), wrong], Err(KeySetError::Key { index: 1, error }));
    }
    for (private, member) in [(jwk(Hs256), "k"), (jwk(Rs256), "d"), (jwk(Es256), "d"), (jwk(EdDsa), "d")] {
        check(&[private], Err(KeySetError::Private { index: 0, member }));
    }
    check(&[with(jwk(Rs256), "d", Value::Null)], Err(KeySetError::Private { index: 0, member: "p" }));
    // Even beside another use: it is out.
    check(&[with(jwk(EdDsa), "use", "enc")], Err(KeySetError::Private { index: 0, member: "d" }));

    for (set, want) in [
        ("{}", KeySetError::NoKeys),
        (r#"{"keys":{}}"#, KeySetError::NoKeys),
        (r#"{"keys":[7]}"#, KeySetError::NoKeys),
        (r#"{"keys":[],"keys":[]}"#, KeySetError::Malformed(strict_jose::Malformed::Duplicate)),
        ("[]", KeySetError::Malformed(strict_jose::Malformed::Json)),
    ] {
        assert_eq!(KeySet::from_jwks(set).unwrap_err(), want, "{set}");
    }
    let long = format!("{{\"keys\":[]{}}}", " ".repeat(1 << 20));
    assert_eq!(
        KeySet::from_jwks(&long).unwrap_err(),
        KeySetError::Malformed(strict_jose::Malformed::TooLong)
    );
}

#[test]
fn the_keys_of_a_set_have_names_of_their_own_and_are_of_one_sort() {
    let named = |kid: &str| Key::generate(EdDsa).unwrap().with_kid(kid);
    let secret = || Key::generate(Hs256).unwrap();
    assert!(KeySet::new([named("a"), named("b"), Key::generate(EdDsa).unwrap()]).is_ok());
    assert!(KeySet::new([secret().with_kid("a"), secret().with_kid("b")]).is_ok());
    assert!(KeySet::new([]).is_ok());
    let twice = KeySet::new([named("a"), named("b"), named("a")]).unwrap_err();
    assert!(matches!(twice, KeySetError::DuplicateKid { kid } if kid.to_string() == "\"a\""), "{twice}");
    assert_eq!(KeySet::new([named("a"), secret()]).unwrap_err(), KeySetError::Mixed);

    let own = KeySet::new([secret().with_kid("a"), secret().with_kid("b")]).unwrap();
    assert_eq!(own.to_public_jwks(), r#"{"keys":[]}"#, "a secret has no public part");
}

#[test]
fn rsa_keys_without_alg_are_for_the_one_that_is_said() {
    let rsa = with(jwk(Rs256), "alg", Value::Null);
    let public = Key::from_jwk_as(Ps256, &rsa.to_string()).unwrap().to_public_jwk().unwrap();
    let public: Value = serde_json::from_str(&public).unwrap();
    let set = json!({ "keys": [
        with(with(public.clone(), "alg", Value::Null), "kid", "unstated"),
        with(with(public, "alg", "RS256"), "kid", "stated"),
        with(with(with(jwk(EdDsa), "d", Value::Null), "alg", Value::Null), "kid", "implied"),
    ] });
    let set = KeySet::from_jwks_as(Ps256, &set.to_string()).unwrap();
    let algorithms: Vec<Algorithm> = set.iter().map(Key::algorithm).collect();
    assert_eq!(algorithms, [Ps256, Rs256, EdDsa]);
}
