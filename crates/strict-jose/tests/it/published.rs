//! The signatures that the RFCs publish: each verifies, changed ones do not, and deterministic algorithms sign the same bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use strict_jose::{Algorithm, Key, Rules, Typ, inspect};

use crate::token::verdict;

/// RFC 7515 appendix A.1 to A.4.
const RFC_7515: &str = include_str!("vectors/rfc7515-a.json");
/// RFC 7520 section 4.1 to 4.4, the examples in the compact serialization.
const RFC_7520: &str = include_str!("vectors/rfc7520-4.json");
/// RFC 8037 appendix A.4 and A.5.
const RFC_8037: &str = include_str!("vectors/rfc8037-a.json");

/// The text that RFC 7520 signs, from "The Fellowship of the Ring".
const FRODO: &str = "It\u{2019}s a dangerous business, Frodo, going out your door. You step onto the road, and if you \
                     don't keep your feet, there\u{2019}s no knowing where you might be swept off to.";

#[derive(Deserialize)]
struct Vector {
    section: String,
    alg: String,
    jwk: Map<String, Value>,
    jws: String,
}

fn vectors(json: &str, count: usize) -> Vec<Vector> {
    let vectors: Vec<Vector> = serde_json::from_str(json).unwrap();
    assert_eq!(vectors.len(), count);
    vectors
}

impl Vector {
    fn key(&self) -> Key {
        let alg: Algorithm = self.alg.parse().unwrap();
        Key::from_jwk_as(alg, &json!(self.jwk).to_string()).unwrap()
    }

    fn payload(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(self.jws.split('.').nth(1).unwrap()).unwrap()
    }

    /// Verifies the JWS with the private and the public key. Every edited JWS must be refused.
    #[track_caller]
    fn check(&self, payload: &[u8]) {
        let (key, rules, what) = (self.key(), Rules::any_type().any_payload(), &self.section);
        let public = key.public().unwrap_or_else(|| key.clone());
        for key in [&key, &public] {
            assert_eq!(rules.verify(&self.jws, key).unwrap(), payload, "{what}");
        }
        let (signed, signature) = self.jws.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(verdict(rules.verify(&forged, &public)), "BadSignature", "{what}, byte {place}");
            bytes[place] ^= 1;
        }
        let other = self.jws.replacen(".UG", ".UH", 1).replacen(".SX", ".SY", 1).replacen(
            ".eyJpc3Mi",
            ".eyJpc3Nh",
            1,
        );
        let other = other.replacen(".RXh", ".RXi", 1);
        assert_ne!(other, self.jws);
        assert_eq!(verdict(rules.verify(&other, &public)), "BadSignature", "{what}");
    }

    /// Signs the payload again. A deterministic algorithm must produce the same text, others a valid signature.
    #[track_caller]
    fn check_signing(&self) {
        let key = self.key();
        let again = key.sign_bytes(Typ::Absent, &self.payload()).unwrap();
        if matches!(&*self.alg, "HS256" | "RS256" | "EdDSA") {
            assert_eq!(again, self.jws, "{}", self.section);
        } else {
            assert_ne!(again, self.jws, "{}", self.section);
        }
        assert_eq!(Rules::any_type().any_payload().verify(&again, &key).unwrap(), self.payload());
    }
}

#[test]
fn rfc_7515_appendix_a() {
    let joe = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    let vectors = vectors(RFC_7515, 4);
    for (vector, (section, alg, payload)) in vectors.iter().zip([
        ("A.1", "HS256", joe),
        ("A.2", "RS256", joe),
        ("A.3", "ES256", joe),
        ("A.4", "ES512", "Payload"),
    ]) {
        assert_eq!((&*vector.section, &*vector.alg), (section, alg));
        vector.check(payload.as_bytes());
        // The header of A.1 has a line break, which this crate does not write.
        if section != "A.1" {
            vector.check_signing();
        }
    }
    assert_eq!(inspect(&vectors[0].jws).unwrap().header, json!({ "typ": "JWT", "alg": "HS256" }));
}

#[test]
fn rfc_7520_section_4() {
    for (vector, (section, alg)) in vectors(RFC_7520, 4).iter().zip([
        ("4.1", "RS256"),
        ("4.2", "PS384"),
        ("4.3", "ES512"),
        ("4.4", "HS256"),
    ]) {
        assert_eq!((&*vector.section, &*vector.alg), (section, alg));
        assert_eq!(vector.key().kid(), vector.jwk["kid"].as_str());
        vector.check(FRODO.as_bytes());
        vector.check_signing();
    }
}

#[test]
fn rfc_8037_appendix_a() {
    let vectors = vectors(RFC_8037, 1);
    vectors[0].check(b"Example of Ed25519 signing");
    vectors[0].check_signing();
    // A.2, A.3
    let public = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let public = Key::from_jwk(public).unwrap();
    assert_eq!(vectors[0].key().to_public_jwk(), public.to_public_jwk());
    for key in [&public, &vectors[0].key()] {
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}

#[test]
fn rfc_7638_section_3_1() {
    let jwk = r#"{"kty":"RSA",
        "n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let key = Key::from_jwk(jwk).unwrap();
    assert_eq!(key.kid(), Some("2011-04-29"));
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.clone().with_thumbprint_as_kid().kid(), Some(&*key.thumbprint()));
}
