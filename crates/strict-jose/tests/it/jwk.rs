//! Every member of a JWK is checked and obeyed (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use serde_json::{Value, json};
use strict_jose::{Algorithm, Error, Key, KeyError, Rules, Typ};

use crate::keys::{bytes_of, check_jwk, jwk, with};
use crate::token::base64url;

use Algorithm::{EdDsa, Es256, Es384, Es512, Hs256, Ps256, Rs256};

#[test]
fn jwk_without_a_required_member_is_refused() {
    for algorithm in [Hs256, Rs256, Es256, Es512, EdDsa] {
        let jwk = jwk(algorithm);
        check_jwk(&jwk, Ok(()));
        let needed: &[&str] = match algorithm {
            Hs256 => &["kty", "k"],
            Rs256 => &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"],
            EdDsa => &["kty", "crv", "x"],
            _ => &["kty", "crv", "x", "y"],
        };
        for member in needed {
            let refused = Key::from_jwk(&with(jwk.clone(), member, Value::Null).to_string()).unwrap_err();
            assert!(
                matches!(refused, KeyError::MissingMember(name) if name == *member),
                "{member}: {refused}"
            );
            for value in [json!(7), json!([]), json!({}), json!(true)] {
                let refused = Key::from_jwk(&with(jwk.clone(), member, value).to_string()).unwrap_err();
                assert!(
                    matches!(refused, KeyError::InvalidMember(name) if name == *member),
                    "{member}: {refused}"
                );
            }
        }
    }
}

#[test]
fn jwk_numbers_must_be_canonical_and_of_the_right_size() {
    for (algorithm, members) in [
        (Rs256, &["n", "e", "d", "p", "q", "dp", "dq", "qi"][..]),
        (Es256, &["x", "y", "d"]),
        (Es512, &["x", "y", "d"]),
        (EdDsa, &["x", "d"]),
        (Hs256, &["k"]),
    ] {
        for member in members {
            let jwk = jwk(algorithm);
            let (text, bytes) = (jwk[member].as_str().unwrap(), bytes_of(&jwk, member));
            let mut wrong = vec![
                format!("{text}="),
                format!(" {text}"),
                format!("{text}\n"),
                format!("{text}*"),
                "A".into(),
            ];
            if algorithm != Hs256 {
                wrong.push(String::new());
                wrong.push(base64url([&[0], &bytes[..]].concat()));
            }
            for wrong in wrong {
                let refused =
                    Key::from_jwk(&with(jwk.clone(), member, wrong.clone()).to_string()).unwrap_err();
                assert!(
                    matches!(refused, KeyError::InvalidMember(name) if name == *member),
                    "{algorithm} {member} {wrong:?}: {refused}"
                );
            }
        }
    }
}

#[test]
fn jwk_parts_must_belong_together() {
    for (algorithm, members) in [
        (Rs256, &["n", "d", "p", "q", "dp", "dq", "qi"][..]),
        (Es256, &["d"]),
        (Es512, &["d"]),
        (EdDsa, &["d"]),
    ] {
        for member in members {
            let jwk = jwk(algorithm);
            let mut bytes = bytes_of(&jwk, member);
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            check_jwk(&with(jwk, member, base64url(bytes)), Err(KeyError::Inconsistent));
        }
    }
    // Each number is valid, but they belong to two keys.
    let other = Key::generate(EdDsa).unwrap().to_jwk().expose().to_owned();
    let other: Value = serde_json::from_str(&other).unwrap();
    check_jwk(&with(jwk(EdDsa), "x", other["x"].clone()), Err(KeyError::Inconsistent));
}

#[test]
fn use_and_key_ops_are_obeyed() {
    let signs = |jwk: &Value| Key::from_jwk(&jwk.to_string()).map(|key| key.can_sign());
    let public = |algorithm| with(jwk(algorithm), "d", Value::Null);
    for key in [jwk(Hs256), jwk(EdDsa), jwk(Es256), public(EdDsa)] {
        check_jwk(&with(key.clone(), "use", Value::Null), Ok(()));
        for value in ["enc", "SIG", "", "sig "] {
            check_jwk(&with(key.clone(), "use", value), Err(KeyError::NotForSignatures));
        }
        for operations in [json!([]), json!(["encrypt"]), json!(["deriveKey", "deriveBits"]), json!(["Sign"])]
        {
            check_jwk(&with(key.clone(), "key_ops", operations), Err(KeyError::NotForSignatures));
        }
        for operations in [
            json!("sign"),
            json!([7]),
            json!({ "sign": true }),
            json!(["verify", "verify"]),
            json!(["sign", "sign"]),
            json!(["sign", "encrypt"]),
            json!(["verify", "wrapKey"]),
        ] {
            check_jwk(&with(key.clone(), "key_ops", operations), Err(KeyError::InvalidMember("key_ops")));
        }
        assert_eq!(signs(&with(key, "key_ops", json!(["verify"]))), Ok(false));
    }
    for key in [jwk(Hs256), jwk(EdDsa)] {
        assert_eq!(signs(&with(key.clone(), "key_ops", json!(["sign"]))), Ok(true));
        assert_eq!(signs(&with(key, "key_ops", json!(["verify", "sign"]))), Ok(true));
    }
    let unusable = with(public(EdDsa), "key_ops", json!(["sign"]));
    check_jwk(&unusable, Err(KeyError::InvalidMember("key_ops")));

    let many: Vec<String> = (0..16).map(|i| i.to_string()).collect();
    check_jwk(&with(jwk(EdDsa), "key_ops", many.clone()), Err(KeyError::NotForSignatures));
    check_jwk(
        &with(jwk(EdDsa), "key_ops", [many, vec!["16".into()]].concat()),
        Err(KeyError::InvalidMember("key_ops")),
    );
}

#[test]
fn sign_only_key_does_not_verify() {
    let rules = Rules::any_type().any_payload();
    for algorithm in [Hs256, Rs256, Es256, EdDsa] {
        let key = Key::from_jwk(&with(jwk(algorithm), "key_ops", json!(["sign"])).to_string()).unwrap();
        let token = key.sign_bytes(Typ::Absent, b"").unwrap();
        assert!(key.can_sign() && !key.can_verify());
        assert!(matches!(rules.verify(&token, &key), Err(Error::SignOnly)), "{algorithm}");
        // Its public key may verify.
        let verifying = key.public().unwrap_or(Key::from_jwk(&jwk(algorithm).to_string()).unwrap());
        assert!(rules.verify(&token, &verifying).is_ok(), "{algorithm}");
    }
}

/// A written key keeps its restrictions and its name.
#[test]
fn a_jwk_that_is_written_is_as_it_was_read() {
    for operations in [json!(["sign"]), json!(["verify"]), json!(null)] {
        for algorithm in [Hs256, Rs256, Es256, EdDsa] {
            let read = |jwk: &str| Key::from_jwk(jwk).unwrap();
            let key =
                read(&with(with(jwk(algorithm), "key_ops", operations.clone()), "kid", "a").to_string());
            let again = read(key.to_jwk().expose());
            let shown = |key: &Key| (key.can_sign(), key.can_verify(), key.thumbprint(), format!("{key:?}"));
            assert_eq!(shown(&again), shown(&key), "{operations}");
        }
    }
}

#[test]
fn an_rsa_key_without_its_primes_is_told_apart() {
    let without = |jwk, names: &[&str]| names.iter().fold(jwk, |jwk, name| with(jwk, name, Value::Null));
    check_jwk(&without(jwk(Rs256), &["p", "q", "dp", "dq", "qi"]), Err(KeyError::NoPrimes));
    check_jwk(&without(jwk(Rs256), &["p", "q", "dp", "dq"]), Err(KeyError::MissingMember("p")));
}

#[test]
fn jwk_is_only_for_its_algorithm() {
    check_jwk(&with(jwk(Rs256), "alg", Value::Null), Err(KeyError::NoAlgorithm));
    check_jwk(&with(jwk(Hs256), "alg", Value::Null), Err(KeyError::NoAlgorithm));
    for algorithm in [Es256, Es384, Es512, EdDsa] {
        let key = Key::from_jwk(&with(jwk(algorithm), "alg", Value::Null).to_string()).unwrap();
        assert_eq!(key.algorithm(), algorithm, "implied by the curve");
    }
    for alg in ["none", "rs256", "RS256 ", "RSA-OAEP", "ES256K", "A128GCM", ""] {
        check_jwk(&with(jwk(Rs256), "alg", alg), Err(KeyError::UnsupportedAlgorithm));
    }
    for (key, alg, algorithm, found) in [
        (Rs256, "HS256", Hs256, "an RSA key"),
        (Rs256, "ES256", Es256, "an RSA key"),
        (Hs256, "RS256", Rs256, "a shared secret"),
        (EdDsa, "ES256", Es256, "an Ed25519 key"),
        (Es256, "EdDSA", EdDsa, "an EC key on P-256"),
        (Es256, "ES512", Es512, "an EC key on P-256"),
    ] {
        check_jwk(&with(jwk(key), "alg", alg), Err(KeyError::OtherKey { algorithm, found }));
    }
    let newer_name = Key::from_jwk(&with(jwk(EdDsa), "alg", "Ed25519").to_string()).unwrap();
    assert_eq!(newer_name.algorithm(), EdDsa);
    check_jwk(
        &with(jwk(Es256), "alg", "Ed25519"),
        Err(KeyError::OtherKey { algorithm: EdDsa, found: "an EC key on P-256" }),
    );
    let as_other = |asked, jwk: Value| Key::from_jwk_as(asked, &jwk.to_string()).map(|key| key.algorithm());
    assert_eq!(as_other(Rs256, jwk(Rs256)), Ok(Rs256));
    assert_eq!(as_other(Ps256, jwk(Rs256)), Err(KeyError::OtherAlgorithm { stated: Rs256, asked: Ps256 }));
    assert_eq!(as_other(Ps256, with(jwk(Rs256), "alg", Value::Null)), Ok(Ps256));
    assert_eq!(
        as_other(Es384, with(jwk(Es256), "alg", Value::Null)),
        Err(KeyError::OtherKey { algorithm: Es384, found: "an EC key on P-256" })
    );
}

#[test]
fn jwk_must_be_strict_json() {
    use strict_jose::Malformed;
    let text = jwk(EdDsa).to_string();
    let twice = text.replacen('{', r#"{"crv":"Ed25519","#, 1);
    let escaped = text.replacen('{', r#"{"\u0063rv":"Ed25519","#, 1);
    for (jwk, want) in [
        ("", Malformed::Json),
        ("[]", Malformed::Json),
        ("\u{feff}{}", Malformed::Json),
        (&*format!("{text},"), Malformed::Json),
        (&twice, Malformed::Duplicate),
        (&escaped, Malformed::Duplicate),
    ] {
        assert_eq!(Key::from_jwk(jwk).unwrap_err(), KeyError::Json(want), "{jwk}");
    }
    // RFC 7517 §4: unknown members are ignored.
    check_jwk(&with(jwk(EdDsa), "ext", true), Ok(()));
    check_jwk(&with(jwk(EdDsa), "x5c", json!(["not a certificate"])), Ok(()));
    for (kty, crv) in
        [("OKP", "X25519"), ("OKP", "Ed448"), ("EC", "secp256k1"), ("EC", "Ed25519"), ("ec", "P-256")]
    {
        let jwk = json!({ "kty": kty, "crv": crv, "x": "AA", "y": "AA" });
        check_jwk(&jwk, Err(KeyError::UnsupportedKey));
    }
}
