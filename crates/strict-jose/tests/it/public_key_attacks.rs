//! Attacks on tokens of asymmetric keys. See `attacks` for those on every key.
//!
//! The rows are signed with the correct private key by the primitives where possible, so that only the tested rule refuses
//! them. No refusal may allocate.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaEncoding, RsaKeyPair,
    RsaPssSaltLength, RsaSignatureEncoding,
};
use serde::Deserialize;
use strict_jose::{Algorithm, Key, KeySet, Keys};

use crate::keys::{ASYMMETRIC, bytes_of, der_of, forms, jwk, signing_keys, verifying};
use crate::token::{CLAIMS, NOW, at, base64url, rules, seal_with, verdict};

use Algorithm::{EdDsa, Es256, Es384, Es512, Ps256, Rs256};

#[derive(Debug, Deserialize)]
struct Access {
    #[serde(rename = "sub")]
    _sub: String,
}

/// Verifies `token` and compares the verdict. A refusal must not have allocated.
#[track_caller]
fn check(what: &str, token: &str, keys: &impl Keys, want: &str) {
    let rules = rules();
    let mut result = None;
    let allocations = allocation_counter::measure(|| {
        result = Some(rules.verify::<Access>(token, keys, at(NOW)));
    });
    let result = result.unwrap();
    if result.is_err() {
        assert_eq!(allocations.count_total, 0, "{what}: a refusal allocated");
    }
    assert_eq!(verdict(result), want, "{what}");
}

fn public(algorithm: Algorithm) -> Key {
    Key::from_pem(algorithm, forms(algorithm).public[0].as_bytes()).unwrap()
}

/// The encoded header and claims with this `alg`.
fn signed_text(alg: &str) -> String {
    let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"k1"}}"#);
    format!("{}.{}", base64url(header), base64url(CLAIMS))
}

fn sealed(text: &str, signature: impl AsRef<[u8]>) -> String {
    format!("{text}.{}", base64url(signature))
}

fn rsa_signature(encoding: &'static dyn RsaEncoding, text: &str) -> Vec<u8> {
    let pair = RsaKeyPair::from_pkcs8(&der_of(forms(Rs256).private[0])).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    signature
}

/// An ES256 signature of the test key over any text.
pub(crate) fn raw_signature(text: &[u8]) -> Vec<u8> {
    let der = der_of(forms(Es256).private[0]);
    let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()
}

/// A valid signature of [`signed_text`].
fn honest_signature(algorithm: Algorithm) -> Vec<u8> {
    let key = signing_keys().into_iter().find(|key| key.algorithm() == algorithm).unwrap().with_kid("k1");
    let token = key.sign_bytes("at+jwt", CLAIMS.as_bytes()).unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    assert_eq!(text, signed_text(algorithm.name()));
    bytes_of(&serde_json::json!({ "signature": signature }), "signature")
}

#[test]
fn valid_token_allocates_only_its_claims() {
    for algorithm in Algorithm::ALL {
        let key = signing_keys().into_iter().find(|key| key.algorithm() == *algorithm).unwrap();
        let token = sealed(&signed_text(algorithm.name()), honest_signature(*algorithm));
        let (rules, key) = (rules(), verifying(&key));
        let allocations = allocation_counter::measure(|| {
            assert!(rules.verify::<Access>(&token, &key, at(NOW)).is_ok());
        });
        assert_eq!(allocations.count_total, 1, "{algorithm}: only the subject");
    }
}

#[test]
fn public_key_as_hmac_secret_is_refused() {
    for forms in ASYMMETRIC {
        let key = public(forms.algorithm);
        let set = KeySet::new([key.clone().with_kid("k1")]).unwrap();
        let jwk = key.to_public_jwk().unwrap();
        let mut guesses: Vec<Vec<u8>> = vec![jwk.clone().into_bytes()];
        for pem in forms.public {
            guesses.extend([pem.as_bytes().to_vec(), pem.trim_end().as_bytes().to_vec(), der_of(pem)]);
        }
        let jwk: serde_json::Value = serde_json::from_str(&jwk).unwrap();
        guesses.extend(
            ["n", "x"].iter().filter(|name| jwk.get(name).is_some()).map(|name| bytes_of(&jwk, name)),
        );
        for (hash, alg) in [
            (aws_lc_rs::hmac::HMAC_SHA256, "HS256"),
            (aws_lc_rs::hmac::HMAC_SHA384, "HS384"),
            (aws_lc_rs::hmac::HMAC_SHA512, "HS512"),
        ] {
            let text = signed_text(alg);
            let (header, claims) = text.split_once('.').unwrap();
            let want = format!("WrongAlgorithm {{ expected: {:?} }}", forms.algorithm);
            for guess in &guesses {
                let forged = seal_with(hash, header, claims, guess);
                check("the key", &forged, &key, &want);
                check("the set, by name", &forged, &set, &want);
            }
            let unnamed = base64url(format!(r#"{{"typ":"at+jwt","alg":"{alg}"}}"#));
            let forged = seal_with(hash, &unnamed, claims, &guesses[0]);
            check("the set, by algorithm", &forged, &set, "UnnamedKey");
        }
    }
}

#[test]
fn none_and_other_algorithms_are_refused() {
    for forms in ASYMMETRIC {
        let key = public(forms.algorithm);
        let want = format!("WrongAlgorithm {{ expected: {:?} }}", forms.algorithm);
        for alg in ["none", "None", "", &forms.algorithm.name().to_lowercase(), "ES256K", "Ed448"] {
            let text = signed_text(alg);
            check(alg, &format!("{text}."), &key, &want);
            check(alg, &sealed(&text, honest_signature(forms.algorithm)), &key, &want);
        }
        check("absent", &format!("{}.", signed_text(forms.algorithm.name())), &key, "BadSignature");
    }
}

/// RFC 9864 §2.2: `Ed25519` is a newer name of `EdDSA` with an Ed25519 key.
#[test]
fn ed25519_is_a_name_of_eddsa() {
    let text = signed_text("Ed25519");
    let pair = Ed25519KeyPair::from_seed_unchecked(&bytes_of(&jwk(EdDsa), "d")).unwrap();
    let token = sealed(&text, pair.sign(text.as_bytes()));
    check("Ed25519", &token, &public(EdDsa), "Ok");
    check("Ed25519", &token, &public(Es256), "WrongAlgorithm { expected: Es256 }");
    let set = KeySet::new([public(EdDsa), public(Es256)]).unwrap();
    let unnamed = base64url(r#"{"typ":"at+jwt","alg":"Ed25519"}"#) + "." + text.split_once('.').unwrap().1;
    check("the set", &sealed(&unnamed, pair.sign(unnamed.as_bytes())), &set, "Ok");
}

#[test]
fn ecdsa_signature_of_zeros_is_refused() {
    // CVE-2022-21449: the signature r = s = 0 was valid for every message and key.
    for (algorithm, len) in [(Es256, 32), (Es384, 48), (Es512, 66)] {
        let (key, text) = (public(algorithm), signed_text(algorithm.name()));
        let honest = honest_signature(algorithm);
        check("honest", &sealed(&text, &honest), &key, "Ok");
        let (r, s) = honest.split_at(len);
        let (zero, ones) = (vec![0; len], vec![0xff; len]);
        let mut one = zero.clone();
        one[len - 1] = 1;
        for (r, s) in
            [(&*zero, &*zero), (&zero, s), (r, &zero), (&ones, &ones), (r, &ones), (&one, &one), (s, r)]
        {
            check("r and s", &sealed(&text, [r, s].concat()), &key, "BadSignature");
        }
    }
    // The order of the group is zero modulo itself: SEC 2, §2.4.2.
    let order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    let order = bytes_of(&serde_json::json!({ "n": order }), "n");
    check("n", &sealed(&signed_text("ES256"), [&*order, &order].concat()), &public(Es256), "BadSignature");
}

#[test]
fn ecdsa_signature_has_one_encoding() {
    let (key, text) = (public(Es256), signed_text("ES256"));
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der_of(forms(Es256).private[0])).unwrap();
    let der = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
    check("DER", &sealed(&text, der), &key, "BadSignature");
    let honest = honest_signature(Es256);
    check("cut", &sealed(&text, &honest[..63]), &key, "BadSignature");
    check("longer", &sealed(&text, [&*honest, &[0]].concat()), &key, "BadSignature");
    let (r, s) = honest.split_at(32);
    check("zeros in front", &sealed(&text, [&[0], r, &[0], s].concat()), &key, "BadSignature");
    check("on another curve", &sealed(&text, honest_signature(Es384)), &key, "BadSignature");
}

/// Signers use both encodings, so neither can be refused. The documentation of the crate warns of it.
#[test]
fn ecdsa_signature_and_its_mirror_are_both_valid() {
    let order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    let order = bytes_of(&serde_json::json!({ "n": order }), "n");
    let mut mirrored = honest_signature(Es256);
    let mut borrow = 0;
    for (digit, order) in mirrored[32..].iter_mut().zip(order).rev() {
        let difference = 0x100 + u16::from(order) - u16::from(*digit) - borrow;
        (*digit, borrow) = (difference.to_le_bytes()[0], 1 - (difference >> 8));
    }
    check("n - s", &sealed(&signed_text("ES256"), mirrored), &public(Es256), "Ok");
}

/// The order of the group of Ed25519: RFC 8032, §5.1.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn eddsa_signature_has_one_encoding() {
    let (key, text) = (public(EdDsa), signed_text("EdDSA"));
    let honest = honest_signature(EdDsa);
    check("honest", &sealed(&text, &honest), &key, "Ok");
    check("cut", &sealed(&text, &honest[..63]), &key, "BadSignature");
    check("longer", &sealed(&text, [&*honest, &[0]].concat()), &key, "BadSignature");
    check("zeros", &sealed(&text, [0; 64]), &key, "BadSignature");
    // S plus the order of the group is a second encoding of the same number. RFC 8032 §5.1.7 refuses it.
    let mut second = honest;
    let mut carry = 0;
    for (digit, order) in second[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        (*digit, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    check("S + L", &sealed(&text, second), &key, "BadSignature");
}

#[test]
fn rsa_signature_of_another_scheme_hash_or_salt_is_refused() {
    const NO_SALT: RsaSignatureEncoding =
        signature::RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(0));
    const LONG_SALT: RsaSignatureEncoding =
        signature::RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Custom(64));
    let encodings: [(&str, &'static dyn RsaEncoding); 5] = [
        ("RS256", &signature::RSA_PKCS1_SHA256),
        ("RS512", &signature::RSA_PKCS1_SHA512),
        ("PS256", &signature::RSA_PSS_SHA256),
        ("no salt", &NO_SALT),
        ("long salt", &LONG_SALT),
    ];
    for algorithm in [Rs256, Ps256] {
        let (key, text) = (public(algorithm), signed_text(algorithm.name()));
        for (what, encoding) in encodings {
            let want = if what == algorithm.name() { "Ok" } else { "BadSignature" };
            check(what, &sealed(&text, rsa_signature(encoding, &text)), &key, want);
        }
    }
}

#[test]
fn rsa_signature_has_one_encoding() {
    for algorithm in [Rs256, Ps256] {
        let (key, text) = (public(algorithm), signed_text(algorithm.name()));
        let honest = honest_signature(algorithm);
        check("honest", &sealed(&text, &honest), &key, "Ok");
        check("cut", &sealed(&text, &honest[..255]), &key, "BadSignature");
        check("cut in front", &sealed(&text, &honest[1..]), &key, "BadSignature");
        check("a zero in front", &sealed(&text, [&[0], &*honest].concat()), &key, "BadSignature");
        check("zero", &sealed(&text, [0; 256]), &key, "BadSignature");
        check("the modulus", &sealed(&text, bytes_of(&jwk(algorithm), "n")), &key, "BadSignature");
        // For odd e, n - 1 is its own root, but it is not a valid padded block.
        let mut minus_one = bytes_of(&jwk(algorithm), "n");
        minus_one[255] -= 1;
        check("-1", &sealed(&text, minus_one), &key, "BadSignature");
    }
}

#[test]
fn token_is_verified_only_with_the_key_that_it_names() {
    let keys: Vec<Key> =
        [Es256, EdDsa, Rs256].map(|algorithm| public(algorithm).with_kid(algorithm.name())).into();
    let set = KeySet::new(keys).unwrap();
    let token = |algorithm: Algorithm, kid: Option<&str>| {
        let key = signing_keys().into_iter().find(|key| key.algorithm() == algorithm).unwrap();
        let key = kid.map_or(key.clone(), |kid| key.with_kid(kid));
        key.sign_bytes("at+jwt", CLAIMS.as_bytes()).unwrap()
    };
    for algorithm in [Es256, EdDsa, Rs256] {
        check("its name", &token(algorithm, Some(algorithm.name())), &set, "Ok");
        check("no name, one key fits", &token(algorithm, None), &set, "Ok");
    }
    check(
        "the name of another key",
        &token(Es256, Some("EdDSA")),
        &set,
        "WrongAlgorithm { expected: EdDsa }",
    );
    check("an unknown name", &token(Es256, Some("es256")), &set, r#"UnknownKey { kid: "es256" }"#);
    check("an empty name", &token(Es256, Some("")), &set, r#"UnknownKey { kid: "" }"#);
    check("no name, none fits", &token(Ps256, None), &set, "UnnamedKey");

    let two = KeySet::new([public(Es256), Key::generate(Es256).unwrap().public().unwrap()]).unwrap();
    check("no name, two fit", &token(Es256, None), &two, "UnnamedKey");
    check("a name, and the keys have none", &token(Es256, Some("a")), &two, r#"UnknownKey { kid: "a" }"#);
    check("an empty set", &token(Es256, None), &KeySet::default(), "UnnamedKey");
}
