//! Compares verifying and signing tokens with the signature primitives alone and with the crate `jsonwebtoken`:
//! `cargo bench -p strict-jose`.
//!
//! Both crates use the same tokens and the same primitives (aws-lc-rs). Compare figures of one run only.
//! `cargo bench -p strict-jose --bench allocations` counts allocations, which makes it slower.

#![expect(clippy::expect_used, reason = "benchmarks make valid inputs")]

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, ParsedPublicKey, RsaEncoding, RsaKeyPair,
    VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use strict_jose::{Algorithm, Key, Rules};

pub(crate) fn main() {
    divan::main();
}

fn all() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied()
}

/// The algorithms of both crates. `jsonwebtoken` does not support ES512.
fn of_both() -> impl Iterator<Item = Algorithm> {
    all().filter(|algorithm| *algorithm != Algorithm::Es512)
}

#[derive(Serialize, Deserialize)]
struct Access {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
    iat: u64,
}

#[derive(Deserialize)]
struct Caller {
    #[serde(rename = "sub")]
    _sub: String,
}

/// Accepts a token: five claims are checked, one of them is deserialized.
#[divan::bench_group]
mod accepted {
    use aws_lc_rs::hmac;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use divan::{Bencher, black_box};

    use super::{
        Algorithm, Caller, all, at, jsonwebtoken_verifying, of_both, raw_public, raw_secret, rules, token,
        validation, verifying,
    };

    #[divan::bench(args = all())]
    fn signature_alone(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let token = token(algorithm);
        let (signed, signature) = token.rsplit_once('.').expect("a token");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        if let Some(key) = raw_secret(algorithm) {
            bencher.bench(|| hmac::verify(&key, black_box(signed.as_bytes()), &signature));
        } else {
            let key = raw_public(algorithm);
            bencher.bench(|| key.verify_sig(black_box(signed.as_bytes()), &signature));
        }
    }

    #[divan::bench(args = all())]
    fn strict_jose(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let (key, token, rules) = (verifying(algorithm), token(algorithm), rules());
        assert!(rules.verify::<Caller>(&token, &key, at(1000)).is_ok());
        bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(1000)));
    }

    #[divan::bench(args = of_both())]
    fn jsonwebtoken(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let (key, validation, token) =
            (jsonwebtoken_verifying(algorithm), validation(algorithm), token(algorithm));
        assert!(jsonwebtoken::decode::<Caller>(&token, &key, &validation).is_ok());
        bencher.bench(|| jsonwebtoken::decode::<Caller>(black_box(&token), &key, &validation));
    }
}

/// Verifies proofs of possession: parsing the public key, the signature and the claims.
#[divan::bench_group]
mod proof {
    use std::time::Duration;

    use divan::{Bencher, black_box};
    use strict_jose::proof::{ProofRequest, ProofRules};

    use super::{Algorithm, at, signing};

    #[divan::bench(args = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa])]
    fn strict_jose(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let request = ProofRequest::new("GET", "https://api.example/recipes").expect("a URL");
        let proof = signing(algorithm).sign_proof(&request, "a random text", at(1000)).expect("a proof");
        let rules = ProofRules::max_age(Duration::from_mins(1));
        assert!(rules.verify(&proof, &request, at(1000)).is_ok());
        bencher.bench(|| rules.verify(black_box(&proof), &request, at(1000)));
    }
}

/// Refuses an HS256 token.
#[divan::bench_group]
mod refused {
    use divan::{Bencher, black_box};
    use strict_jose::Key;

    use super::{Algorithm, Caller, FAR, at, rules, token, validation, verifying};

    #[divan::bench]
    fn for_expiry(bencher: Bencher<'_, '_>) {
        let (key, token, rules) = (verifying(Algorithm::Hs256), token(Algorithm::Hs256), rules());
        bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(FAR + 1)).is_err());
    }

    #[divan::bench]
    fn for_signature(bencher: Bencher<'_, '_>) {
        let (key, rules) = (Key::hs256(&[7; 32]).expect("32 bytes"), rules());
        let token = token(Algorithm::Hs256);
        bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(1000)).is_err());
    }

    #[divan::bench]
    fn for_signature_by_jsonwebtoken(bencher: Bencher<'_, '_>) {
        let (key, validation) =
            (jsonwebtoken::DecodingKey::from_secret(&[7; 32]), validation(Algorithm::Hs256));
        let token = token(Algorithm::Hs256);
        bencher.bench(|| jsonwebtoken::decode::<Caller>(black_box(&token), &key, &validation).is_err());
    }

    #[divan::bench]
    fn for_format(bencher: Bencher<'_, '_>) {
        let (key, token, rules) = (verifying(Algorithm::Hs256), token(Algorithm::Hs256) + "=", rules());
        bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(1000)).is_err());
    }
}

/// Signs a token.
#[divan::bench_group]
mod signed {
    use divan::{Bencher, black_box};

    use super::{
        Algorithm, KID, all, claims, jsonwebtoken_signing, name_in_jsonwebtoken, of_both, raw_signing,
        signing, token,
    };

    #[divan::bench(args = all())]
    fn signature_alone(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let token = token(algorithm);
        let (signed, _) = token.rsplit_once('.').expect("a token");
        let sign = raw_signing(algorithm);
        bencher.bench_local(|| sign(black_box(signed.as_bytes())));
    }

    #[divan::bench(args = all())]
    fn strict_jose(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let (key, claims) = (signing(algorithm), claims());
        bencher.bench(|| key.sign("at+jwt", black_box(&claims)));
    }

    #[divan::bench(args = of_both())]
    fn jsonwebtoken(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
        let (key, claims) = (jsonwebtoken_signing(algorithm), claims());
        let mut header = jsonwebtoken::Header::new(name_in_jsonwebtoken(algorithm));
        header.typ = Some("at+jwt".into());
        header.kid = Some(KID.into());
        bencher.bench(|| jsonwebtoken::encode(&header, black_box(&claims), &key));
    }
}

const SECRET: &[u8; 64] = b"a secret of exactly 64 bytes, as long as the longest hash needs.";
const KID: &str = "2025-01";

/// An expiry time in the future, because `jsonwebtoken` uses the clock of the system.
const FAR: u64 = 32_503_680_000;

fn claims() -> Access {
    Access {
        iss: "https://id.example".into(),
        aud: "https://api.example".into(),
        sub: "7".into(),
        exp: FAR,
        iat: 500,
    }
}

fn token(algorithm: Algorithm) -> String {
    signing(algorithm).sign("at+jwt", &claims()).expect("claims")
}

fn rules() -> Rules {
    Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example")
}

fn validation(algorithm: Algorithm) -> jsonwebtoken::Validation {
    let mut validation = jsonwebtoken::Validation::new(name_in_jsonwebtoken(algorithm));
    validation.set_issuer(&["https://id.example"]);
    validation.set_audience(&["https://api.example"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// The private and the public key in PEM. RSA keys have 2048 bits.
fn pems(algorithm: Algorithm) -> [&'static str; 2] {
    match algorithm {
        Algorithm::Es256 => {
            [include_str!("../tests/it/keys/p256-pkcs8.pem"), include_str!("../tests/it/keys/p256-spki.pem")]
        }
        Algorithm::Es384 => {
            [include_str!("../tests/it/keys/p384-pkcs8.pem"), include_str!("../tests/it/keys/p384-spki.pem")]
        }
        Algorithm::Es512 => {
            [include_str!("../tests/it/keys/p521-pkcs8.pem"), include_str!("../tests/it/keys/p521-spki.pem")]
        }
        Algorithm::EdDsa => [
            include_str!("../tests/it/keys/ed25519-pkcs8.pem"),
            include_str!("../tests/it/keys/ed25519-spki.pem"),
        ],
        _ => [include_str!("../tests/it/keys/rsa-pkcs8.pem"), include_str!("../tests/it/keys/rsa-spki.pem")],
    }
}

fn signing(algorithm: Algorithm) -> Key {
    let key = match algorithm {
        Algorithm::Hs256 => Key::hs256(SECRET),
        Algorithm::Hs384 => Key::hs384(SECRET),
        Algorithm::Hs512 => Key::hs512(SECRET),
        _ => Key::from_pem(algorithm, pems(algorithm)[0].as_bytes()),
    };
    key.expect("a key").with_kid(KID)
}

fn verifying(algorithm: Algorithm) -> Key {
    let key = signing(algorithm);
    key.public().unwrap_or(key)
}

fn raw_secret(algorithm: Algorithm) -> Option<hmac::Key> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::Key::new(hmac::HMAC_SHA256, SECRET)),
        Algorithm::Hs384 => Some(hmac::Key::new(hmac::HMAC_SHA384, SECRET)),
        Algorithm::Hs512 => Some(hmac::Key::new(hmac::HMAC_SHA512, SECRET)),
        _ => None,
    }
}

fn raw_public(algorithm: Algorithm) -> ParsedPublicKey {
    let parameters: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        _ => &signature::ED25519,
    };
    ParsedPublicKey::new(parameters, der(pems(algorithm)[1])).expect("a key")
}

type Signing = Box<dyn Fn(&[u8]) -> usize>;

/// Signs with the primitives alone. All preparation is outside of the measurement.
fn raw_signing(algorithm: Algorithm) -> Signing {
    if let Some(key) = raw_secret(algorithm) {
        return Box::new(move |text| hmac::sign(&key, text).as_ref().len());
    }
    let (random, der) = (SystemRandom::new(), der(pems(algorithm)[0]));
    let ecdsa: &'static EcdsaSigningAlgorithm = match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::from_pkcs8(&der).expect("a key");
            return Box::new(move |text| pair.sign(text).as_ref().len());
        }
        rsa => {
            let encoding: &'static dyn RsaEncoding = match rsa {
                Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
                Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
                Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
                Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
                _ => &signature::RSA_PSS_SHA512,
            };
            let pair = RsaKeyPair::from_pkcs8(&der).expect("a key");
            return Box::new(move |text| {
                let mut signature = [0; 256];
                pair.sign(encoding, &random, text, &mut signature).expect("a signature");
                signature.len()
            });
        }
    };
    let pair = EcdsaKeyPair::from_pkcs8(ecdsa, &der).expect("a key");
    Box::new(move |text| pair.sign(&random, text).expect("a signature").as_ref().len())
}

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).expect("base64")
}

fn name_in_jsonwebtoken(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    algorithm.name().parse().expect("an algorithm of both")
}

fn jsonwebtoken_verifying(algorithm: Algorithm) -> jsonwebtoken::DecodingKey {
    use jsonwebtoken::DecodingKey;
    let pem = pems(algorithm)[1].as_bytes();
    match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Ok(DecodingKey::from_secret(SECRET)),
        Algorithm::Es256 | Algorithm::Es384 => DecodingKey::from_ec_pem(pem),
        Algorithm::EdDsa => DecodingKey::from_ed_pem(pem),
        _ => DecodingKey::from_rsa_pem(pem),
    }
    .expect("a key")
}

fn jsonwebtoken_signing(algorithm: Algorithm) -> jsonwebtoken::EncodingKey {
    use jsonwebtoken::EncodingKey;
    let pem = pems(algorithm)[0].as_bytes();
    match algorithm {
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Ok(EncodingKey::from_secret(SECRET)),
        Algorithm::Es256 | Algorithm::Es384 => EncodingKey::from_ec_pem(pem),
        Algorithm::EdDsa => EncodingKey::from_ed_pem(pem),
        _ => EncodingKey::from_rsa_pem(pem),
    }
    .expect("a key")
}
