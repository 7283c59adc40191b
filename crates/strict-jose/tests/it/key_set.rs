//! Sets of keys: keys for other programs are skipped, invalid keys are refused.

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, KeyError, KeySet, KeySetError};

use crate::keys::{jwk, with};

use Algorithm::{EdDsa, Es256, Hs256, Ps256, Rs256};

#[test]
fn set_with_an_invalid_key_is_refused() {
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

    // Keys for other programs are skipped.
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

    // A key of an unknown kind may have any members.
    let many: serde_json::Map<String, Value> = (0..200).map(|i| (i.to_string(), json!({ "a": i }))).collect();
    for member in [
        json!({ "x": 7, "crv": [], "alg": {}, "use": null, "kid": 1, "key_ops": ["sign", "sign"] }),
        json!({ "k": "AA", "d": "AA", "p": "AA", "oth": [{ "r": "AQ" }] }),
        Value::Object(many),
    ] {
        let mut other = json!({ "kty": "new" });
        other.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        check(&[public(EdDsa), other], Ok(1));
    }
    check(
        &[with(json!({ "kty": "OKP", "crv": "X25519", "x": 7, "use": 7 }), "oth", 7)],
        Err(KeySetError::Private { index: 0, member: "oth" }),
    );
    check(&[json!({ "kty": "OKP", "crv": "X25519", "x": 7, "use": 7, "kid": {} })], Ok(0));

    // Invalid keys of supported kinds are refused.
    for (wrong, error) in [
        (with(public(Rs256), "alg", Value::Null), KeyError::NoAlgorithm),
        (with(public(Rs256), "n", "AQ"), KeyError::RsaSize { bits: 1 }),
        (with(public(Rs256), "use", 7), KeyError::InvalidMember("use")),
        (with(public(EdDsa), "kid", 7), KeyError::InvalidMember("kid")),
        (with(public(EdDsa), "kty", 7), KeyError::InvalidMember("kty")),
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
    // A published private key is refused even if it is not for signatures.
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
fn duplicate_names_and_mixed_sets_are_refused() {
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
fn rsa_keys_without_alg_get_the_given_algorithm() {
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

#[test]
fn own_keys_without_alg_get_the_given_algorithm() {
    let unstated = |algorithm, kid: &str| with(with(jwk(algorithm), "alg", Value::Null), "kid", kid);
    let set = json!({ "keys": [unstated(Rs256, "a"), with(jwk(Rs256), "kid", "b"), unstated(EdDsa, "c")] })
        .to_string();
    let algorithms = |set: KeySet| set.iter().map(Key::algorithm).collect::<Vec<_>>();
    assert_eq!(KeySet::from_private_jwks_as(Ps256, &set).map(algorithms), Ok(vec![Ps256, Rs256, EdDsa]));
    let refused = KeySet::from_private_jwks(&set).unwrap_err();
    assert_eq!(refused, KeySetError::Key { index: 0, error: KeyError::NoAlgorithm });
    let secret = json!({ "keys": [unstated(Hs256, "a")] }).to_string();
    assert_eq!(KeySet::from_private_jwks_as(Hs256, &secret).map(algorithms), Ok(vec![Hs256]));
}

/// The cost of reading a hostile set is limited.
#[test]
fn keys_and_members_of_a_set_are_limited() {
    let read = |keys: &[Value]| {
        KeySet::from_jwks(&json!({ "keys": keys }).to_string()).map(|set| set.iter().count())
    };
    let key =
        |i: usize| json!({ "kty": "OKP", "crv": "Ed25519", "x": jwk(EdDsa)["x"], "kid": i.to_string() });
    let keys: Vec<Value> = (0..257).map(key).collect();
    assert_eq!(read(&keys[..256]), Ok(256));
    assert_eq!(read(&keys), Err(KeySetError::TooManyKeys));
    assert_eq!(read(&vec![json!({ "kty": "new" }); 257]), Err(KeySetError::TooManyKeys));

    let wide = |members: usize| {
        let members = (1..members).map(|i| (i.to_string(), json!(0)));
        let key: serde_json::Map<String, Value> =
            [("kty".to_owned(), json!("new"))].into_iter().chain(members).collect();
        Value::Object(key)
    };
    let too_many = Err(KeySetError::Malformed(strict_jose::Malformed::TooManyMembers));
    // The member `keys` of the set counts too.
    assert_eq!(read(&[wide(255)]), Ok(0));
    assert_eq!(read(&[wide(256)]), too_many);
    let [full, rest] = [wide(255), wide(8191 % 255)];
    let mut all = vec![full; 8191 / 255];
    all.push(rest);
    assert_eq!(read(&all), Ok(0));
    all.push(json!({ "kty": "new" }));
    assert_eq!(read(&all), too_many);
}
