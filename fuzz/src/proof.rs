//! The target for proofs of possession.

use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use strict_jose::inspect;
use strict_jose::proof::{ProofRequest, ProofRules};

/// Verifies a proof. If the data contain a line break, they are a header and claims that are signed with Ed25519 first.
///
/// # Panics
/// If an accepted proof is for another request, or contains a private key.
#[expect(clippy::expect_used, reason = "a target reports a failure by a panic")]
pub fn proof(data: &[u8]) {
    let request = ProofRequest::new("GET", "https://api.example/recipes").expect("a URL");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let parts = data.iter().position(|byte| *byte == b'\n').map(|at| (&data[..at], &data[at + 1..]));
    let proof = match parts {
        Some((header, claims)) => {
            let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            // The seed of RFC 8032 §7.1, test 1. The seeds of this target have its public key.
            let seed =
                URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").expect("base64url");
            let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed");
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes())))
        }
        None => String::from_utf8_lossy(data).into_owned(),
    };
    let Ok(verified) = ProofRules::max_age(Duration::from_mins(1)).verify(&proof, &request, now) else {
        return;
    };
    let seen = inspect(&proof).expect("an accepted proof can be inspected");
    assert_eq!((&seen.header["typ"], &seen.claims["htm"]), (&"dpop+jwt".into(), &"GET".into()));
    assert!(["kid", "jku", "x5u", "crit"].iter().all(|name| seen.header.get(name).is_none()));
    assert!(["k", "d", "p"].iter().all(|name| seen.header["jwk"].get(name).is_none()));
    let iat = seen.claims["iat"].as_f64();
    assert!(iat.is_some_and(|iat| (999_999_940.0..=1_000_000_000.0).contains(&iat)), "{iat:?}");
    assert_eq!(seen.claims["jti"].as_str(), Some(&*verified.claims.jti));
    assert_eq!(seen.claims.get("nonce").and_then(Value::as_str), verified.claims.nonce.as_deref());
}
