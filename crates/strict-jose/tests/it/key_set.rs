//! Sets of keys: keys for other programs and invalid keys are skipped, hostile sets are refused.

use serde_json::{Value, json};
use strict_jose::{Algorithm, Excerpt, Key, KeyError, KeySet, KeySetError, Malformed};

use crate::keys::{bytes_of, jwk, with};
use crate::token::{at, base64url, rules, verdict};

use Algorithm::{EdDsa, Es256, Hs256, Ps256, Rs256};

fn public(algorithm: Algorithm) -> Value {
    let key = Key::from_jwk(&jwk(algorithm).to_string()).unwrap();
    serde_json::from_str(&key.to_public_jwk().unwrap()).unwrap()
}

/// Reads a set and compares the number of its usable keys. None may have been invalid.
#[track_caller]
fn check(keys: &[Value], want: Result<usize, KeySetError>) {
    let set = json!({ "keys": keys }).to_string();
    let read = KeySet::from_jwks(&set).map(|set| {
        assert_eq!(set.skipped(), []);
        set.iter().count()
    });
    assert_eq!(read, want, "{set}");
}

#[test]
fn keys_for_other_programs_are_skipped() {
    check(&[], Ok(0));
    check(&[public(Rs256), public(Es256), public(EdDsa)], Ok(3));

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
}

/// RFC 7517, section 5: a key that lacks a member or has a wrong value is ignored, and the rest of the set is used.
#[test]
fn invalid_key_does_not_spoil_the_set() {
    let twice = |name: &str, jwk: &Value| {
        format!("{{\"{name}\":{},{}", jwk[name], jwk.to_string().trim_start_matches('{'))
    };
    let rsa_n = bytes_of(&jwk(Rs256), "n");
    let mut wrong: Vec<(String, Option<&str>, KeyError)> = [
        (with(public(Rs256), "alg", Value::Null), KeyError::NoAlgorithm),
        (with(public(Rs256), "alg", "ES256"), KeyError::OtherKey { algorithm: Es256, found: "an RSA key" }),
        (with(public(Rs256), "n", "AQ"), KeyError::RsaSize { bits: 1 }),
        (with(public(Rs256), "n", base64url(&rsa_n[1..])), KeyError::RsaSize { bits: 2040 }),
        (with(public(Rs256), "n", base64url([&[0], &*rsa_n].concat())), KeyError::InvalidMember("n")),
        (with(public(Rs256), "n", Value::Null), KeyError::MissingMember("n")),
        (with(public(Rs256), "e", Value::Null), KeyError::MissingMember("e")),
        (with(public(Rs256), "e", "Aw"), KeyError::RsaExponent),
        (with(public(Es256), "y", Value::Null), KeyError::MissingMember("y")),
        (with(public(Es256), "x", "AA="), KeyError::InvalidMember("x")),
        (with(public(Es256), "x", public(Es256)["y"].clone()), KeyError::NotOnCurve),
        (with(public(Es256), "crv", Value::Null), KeyError::MissingMember("crv")),
        (with(public(Es256), "kty", Value::Null), KeyError::MissingMember("kty")),
        (with(public(EdDsa), "kty", 7), KeyError::InvalidMember("kty")),
        (with(public(EdDsa), "x", 7), KeyError::InvalidMember("x")),
        (with(public(EdDsa), "x", base64url([0; 32])), KeyError::SmallOrder),
        (with(public(EdDsa), "alg", 7), KeyError::InvalidMember("alg")),
        (with(public(EdDsa), "use", 7), KeyError::InvalidMember("use")),
        (with(public(EdDsa), "key_ops", json!(["verify", "encrypt"])), KeyError::InvalidMember("key_ops")),
        (with(public(EdDsa), "key_ops", "verify"), KeyError::InvalidMember("key_ops")),
        (json!({ "kty": "oct", "alg": "HS256" }), KeyError::MissingMember("k")),
    ]
    .map(|(jwk, error)| (with(jwk, "kid", "bad").to_string(), Some("bad"), error))
    .into();
    for member in ["kid", "use", "alg", "key_ops"] {
        let null = public(EdDsa).to_string().replace('{', &format!("{{\"{member}\":null,"));
        let null = null.replace(",\"alg\":\"EdDSA\"", "").replace(",\"use\":\"sig\"", "");
        wrong.push((null, None, KeyError::InvalidMember(member)));
    }
    for (jwk, error) in [
        (with(public(EdDsa), "kid", 7).to_string(), KeyError::InvalidMember("kid")),
        (twice("x", &public(EdDsa)), Malformed::Duplicate.into()),
        (twice("kty", &json!({ "kty": "new" })), Malformed::Duplicate.into()),
        ("7".into(), Malformed::Json.into()),
        ("null".into(), Malformed::Json.into()),
        ("[]".into(), Malformed::Json.into()),
        (r#""key""#.into(), Malformed::Json.into()),
    ] {
        wrong.push((jwk, None, error));
    }

    let good = Key::from_jwk(&jwk(EdDsa).to_string()).unwrap().with_kid("good");
    let public_good = good.to_public_jwk().unwrap();
    let token = |key: &Key| {
        let claims = json!({ "iss": "https://id.example", "aud": "https://api.example", "exp": 2000 });
        key.sign("at+jwt", &claims).unwrap()
    };
    for (bad, kid, error) in wrong {
        for (index, set) in [(1, [&public_good, &bad]), (0, [&bad, &public_good])] {
            let set = format!(r#"{{"keys":[{},{}]}}"#, set[0], set[1]);
            let set = KeySet::from_jwks(&set).unwrap_or_else(|refused| panic!("{set}: {refused}"));
            assert_eq!(set.iter().map(Key::kid).collect::<Vec<_>>(), [Some("good")], "{bad}");
            let [skipped] = set.skipped() else { panic!("{bad}: {:?}", set.skipped()) };
            assert_eq!((skipped.index, skipped.error), (index, error), "{bad}");
            assert_eq!(skipped.kid, kid.map(Excerpt::of), "{bad}");
            assert_eq!(verdict(rules().verify_bytes(&token(&good), &set, at(1000))), "Ok", "{bad}");
            let refused = rules().verify_bytes(&token(&good.clone().with_kid("bad")), &set, at(1000));
            assert_eq!(verdict(refused), r#"UnknownKey { kid: "bad" }"#, "{bad}");
        }
        // Without any usable key, the error says why.
        let alone = KeySet::from_jwks(&format!(r#"{{"keys":[{bad}]}}"#)).unwrap_err();
        assert_eq!(alone, KeySetError::Key { index: 0, error });
        // No key of a private set is skipped.
        let own = KeySet::from_private_jwks(&format!(r#"{{"keys":[{public_good},{bad}]}}"#));
        assert!(matches!(own, Err(KeySetError::Key { index: 1, .. })), "{bad}: {own:?}");
    }
}

#[test]
fn hostile_sets_are_refused() {
    for (private, member) in [(jwk(Hs256), "k"), (jwk(Rs256), "d"), (jwk(Es256), "d"), (jwk(EdDsa), "d")] {
        check(&[private], Err(KeySetError::Private { index: 0, member }));
    }
    check(&[with(jwk(Rs256), "d", Value::Null)], Err(KeySetError::Private { index: 0, member: "p" }));
    // A published private key is refused even if it is not for signatures, or if it has no readable kind.
    for private in [
        with(jwk(EdDsa), "use", "enc"),
        with(jwk(EdDsa), "kty", Value::Null),
        with(jwk(EdDsa), "kty", 7),
        with(jwk(EdDsa), "kid", 7),
    ] {
        check(&[public(Es256), private], Err(KeySetError::Private { index: 1, member: "d" }));
    }
    let secret_beside_public = [public(Es256), jwk(Hs256)];
    check(&secret_beside_public, Err(KeySetError::Private { index: 1, member: "k" }));

    for (set, want) in [
        ("{}", KeySetError::NoKeys),
        (r#"{"keys":{}}"#, KeySetError::NoKeys),
        (r#"{"keys":[],"keys":[]}"#, KeySetError::Malformed(Malformed::Duplicate)),
        ("[]", KeySetError::Malformed(Malformed::Json)),
    ] {
        assert_eq!(KeySet::from_jwks(set).unwrap_err(), want, "{set}");
    }
    let long = format!("{{\"keys\":[]{}}}", " ".repeat(1 << 20));
    assert_eq!(KeySet::from_jwks(&long).unwrap_err(), KeySetError::Malformed(Malformed::TooLong));
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

    // The same key twice is one key.
    let same = named("a");
    assert_eq!(KeySet::new([same.clone(), named("b"), same.clone()]).unwrap().iter().count(), 2);
    // A private key is not the same as its public key.
    assert!(KeySet::new([same.clone(), same.public().unwrap()]).is_err());

    let own = KeySet::new([secret().with_kid("a"), secret().with_kid("b")]).unwrap();
    assert_eq!(own.to_public_jwks(), r#"{"keys":[]}"#, "a secret has no public part");
}

#[test]
fn shared_kid_is_resolved_by_the_algorithm() {
    let set = |keys: &[&Key]| {
        let keys: Vec<String> = keys.iter().map(|key| key.to_public_jwk().unwrap()).collect();
        KeySet::from_jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
    };
    let key = |algorithm| Key::generate(algorithm).unwrap().with_kid("a");
    let (ed, ec, other_ec) = (key(EdDsa), key(Es256), key(Es256));
    let rsa = [Rs256, Ps256].map(|algorithm| {
        Key::from_jwk(&with(jwk(Rs256), "alg", algorithm.name()).to_string()).unwrap().with_kid("a")
    });
    let verify = |set: &KeySet, key: &Key| {
        let claims = json!({ "iss": "https://id.example", "aud": "https://api.example", "exp": 2000 });
        verdict(rules().verify_bytes(&key.sign("at+jwt", &claims).unwrap(), set, at(1000)))
    };

    let four = set(&[&ed, &ec, &rsa[0], &rsa[1]]);
    assert_eq!(four.skipped(), []);
    for key in [&ed, &ec, &rsa[0], &rsa[1]] {
        assert_eq!(verify(&four, key), "Ok", "{key:?}");
    }
    assert_eq!(verify(&four, &other_ec), "BadSignature");
    let algorithm_without_key = verify(&four, &key(Algorithm::Es384));
    assert_eq!(algorithm_without_key, "WrongAlgorithm { expected: EdDsa }");

    // Two equal keys are one.
    let repeated = set(&[&ec, &ed, &ec]);
    assert_eq!((repeated.iter().count(), repeated.skipped()), (2, &[][..]));
    assert_eq!(verify(&repeated, &ec), "Ok");

    // Between two different keys of one algorithm, nothing selects.
    let ambiguous = set(&[&ec, &ed, &other_ec, &ec]);
    let skipped: Vec<_> = ambiguous.skipped().iter().map(ToString::to_string).collect();
    let reason = "a different key of the set has the same `kid` and the same algorithm";
    assert_eq!(skipped, [0, 2].map(|index| format!("key {index} of the set, \"a\": {reason}")));
    assert_eq!(verify(&ambiguous, &ed), "Ok");
    for key in [&ec, &other_ec] {
        assert_eq!(verify(&ambiguous, key), "WrongAlgorithm { expected: EdDsa }");
    }
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
    let too_many = Err(KeySetError::Malformed(Malformed::TooManyMembers));
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
