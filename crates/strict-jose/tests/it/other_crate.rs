//! Interoperability with the crate `jsonwebtoken` for every algorithm that it supports: each crate verifies the tokens of the
//! other, and both refuse the same signatures.

use jsonwebtoken as theirs;
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, Rules};

use crate::keys::ASYMMETRIC;
use crate::token::{NOW, at, verdict};

const SECRET: &[u8] = &[7; 64];

/// One algorithm, its key for both crates, and a different key.
struct Pair {
    theirs: theirs::Algorithm,
    ours: Key,
    other: Key,
    encoding: theirs::EncodingKey,
    decoding: theirs::DecodingKey,
}

/// All algorithms but ES512, which that crate does not support.
fn pairs() -> Vec<Pair> {
    let mut pairs = Vec::new();
    for algorithm in Algorithm::ALL.iter().copied().filter(|algorithm| *algorithm != Algorithm::Es512) {
        let theirs = algorithm.name().parse().unwrap();
        let (ours, encoding, decoding) = if algorithm.is_symmetric() {
            let encoding = theirs::EncodingKey::from_secret(SECRET);
            (hmac(algorithm, SECRET), encoding, theirs::DecodingKey::from_secret(SECRET))
        } else {
            let forms = ASYMMETRIC.iter().find(|forms| forms.algorithm == algorithm).unwrap();
            let [private, public] = [forms.private[0], forms.public[0]].map(str::as_bytes);
            let (encoding, decoding) = match algorithm {
                Algorithm::Es256 | Algorithm::Es384 => {
                    (theirs::EncodingKey::from_ec_pem(private), theirs::DecodingKey::from_ec_pem(public))
                }
                Algorithm::EdDsa => {
                    (theirs::EncodingKey::from_ed_pem(private), theirs::DecodingKey::from_ed_pem(public))
                }
                _ => (theirs::EncodingKey::from_rsa_pem(private), theirs::DecodingKey::from_rsa_pem(public)),
            };
            (Key::from_pem(algorithm, private).unwrap(), encoding.unwrap(), decoding.unwrap())
        };
        let other = if algorithm.is_symmetric() { hmac(algorithm, &[8; 64]) } else { another(algorithm) };
        pairs.push(Pair { theirs, ours, other, encoding, decoding });
    }
    assert_eq!(pairs.len(), 12);
    pairs
}

fn hmac(algorithm: Algorithm, secret: &[u8]) -> Key {
    match algorithm {
        Algorithm::Hs256 => Key::hs256(secret),
        Algorithm::Hs384 => Key::hs384(secret),
        _ => Key::hs512(secret),
    }
    .unwrap()
}

/// A different key of the same kind. Generating RSA keys is slow, so all six algorithms share one.
fn another(algorithm: Algorithm) -> Key {
    static RSA: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let key = Key::generate(Algorithm::Rs256).unwrap();
        key.to_jwk().expose().replace(r#""alg":"RS256","#, "")
    });
    match algorithm.name() {
        name if name.starts_with(['R', 'P']) => Key::from_jwk_as(algorithm, &RSA).unwrap(),
        _ => Key::generate(algorithm).unwrap(),
    }
}

/// Claims that JSON libraries write in different ways.
fn claims() -> Value {
    json!({
        "iss": "https://id.example", "aud": ["https://api.example", "b"], "sub": "7", "exp": 4_000_000_000_u64,
        "text": "é😀\"\\\u{1}", "float": 0.1, "list": [1, [2, {"a": null}]],
    })
}

fn rules() -> Rules {
    Rules::typ("JWT").issuer("https://id.example").audience("https://api.example")
}

fn validation(algorithm: theirs::Algorithm) -> theirs::Validation {
    let mut validation = theirs::Validation::new(algorithm);
    validation.set_audience(&["https://api.example"]);
    validation.set_issuer(&["https://id.example"]);
    validation
}

/// The token with a changed signature.
fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}

#[test]
fn its_tokens_are_verified_here() {
    for Pair { theirs: algorithm, ours, other, encoding, .. } in pairs() {
        let token = theirs::encode(&theirs::Header::new(algorithm), &claims(), &encoding).unwrap();
        let public = ours.public().unwrap_or(ours);
        let verified = rules().verify::<Value>(&token, &public, at(NOW)).unwrap();
        assert_eq!(verified.claims, claims(), "{algorithm:?}");
        assert_eq!(verdict(rules().verify_bytes(&token, &other, at(NOW))), "BadSignature", "{algorithm:?}");
        let refused = rules().verify_bytes(&tampered(&token), &public, at(NOW));
        assert_eq!(verdict(refused), "BadSignature", "{algorithm:?}");
    }
}

#[test]
fn our_tokens_are_verified_there() {
    for Pair { theirs: algorithm, ours, other, decoding, .. } in pairs() {
        let verify = |token: &str| theirs::decode::<Value>(token, &decoding, &validation(algorithm));
        let token = ours.sign("JWT", &claims()).unwrap();
        assert_eq!(verify(&token).unwrap().claims, claims(), "{algorithm:?}");
        for refused in [tampered(&token), other.sign("JWT", &claims()).unwrap()] {
            let error = verify(&refused).unwrap_err();
            assert_eq!(*error.kind(), theirs::errors::ErrorKind::InvalidSignature, "{algorithm:?}");
        }
    }
}

/// With the same keys and the same requirements, only this crate refuses these tokens.
#[test]
fn differences_between_the_crates() {
    let pair = pairs().swap_remove(0);
    let key = pair.ours;
    let decode =
        |token: &str| theirs::decode::<Value>(token, &pair.decoding, &validation(pair.theirs)).is_ok();

    // The requirements name `iss` and `aud`, and the token has neither.
    let token = key.sign("JWT", &json!({ "exp": 4_000_000_000_u64 })).unwrap();
    assert!(decode(&token));
    assert_eq!(verdict(rules().verify_bytes(&token, &key, at(NOW))), "MissingClaim(\"iss\")");

    // A token of another type, such as a refresh token.
    let token = key.sign("rt+jwt", &claims()).unwrap();
    assert!(decode(&token));
    assert_eq!(verdict(rules().verify_bytes(&token, &key, at(NOW))), "WrongType");
}
