//! The target for tokens, with and without a valid signature.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use strict_jose::{Key, Rules, inspect};

use crate::no_duplicates::NoDuplicates;

const SECRET: &[u8] = b"known to the fuzzer only, and 32+ bytes";

/// Verifies a token. If the data contain a line break, they are a header and a payload that are signed first.
///
/// Another JSON reader must see the same contents in an accepted token.
///
/// # Panics
/// If it does not.
#[expect(clippy::expect_used, clippy::panic, reason = "a target reports a failure by a panic")]
pub fn token(data: &[u8]) {
    let key = Key::hs256(SECRET).expect("a secret");
    let rules = Rules::any_type().any_issuer().any_audience().without_expiry();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let parts = data.iter().position(|byte| *byte == b'\n').map(|place| (&data[..place], &data[place + 1..]));
    let Some((header, payload)) = parts else {
        let token = String::from_utf8_lossy(data);
        let _ = inspect(&token);
        if rules.verify_bytes(&token, &key, now).is_ok() {
            let (signed, _) = token.rsplit_once('.').expect("two dots");
            assert_eq!(token, seal(signed), "a token has only one valid signature and encoding");
        }
        return;
    };

    let token = seal(&format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload)));
    let seen = inspect(&token);
    let claims = rules.verify_bytes(&token, &key, now);
    let typed = rules.verify::<Value>(&token, &key, now);
    assert_eq!(claims.is_ok(), typed.is_ok(), "{:?} and {:?}", claims.err(), typed.err());
    let Ok(claims) = claims else { return };
    assert_eq!(claims, payload);
    let NoDuplicates = serde_json::from_slice(payload).expect("claims have no duplicate members");
    let NoDuplicates = serde_json::from_slice(header).expect("a header has no duplicate members");
    let header: Value = serde_json::from_slice(header).expect("already read once");
    let claims: Value = serde_json::from_slice(payload).expect("already read once");
    assert_eq!(header["alg"], "HS256");
    for refused in ["crit", "b64", "enc", "zip"] {
        assert!(header.get(refused).is_none(), "{refused}");
    }
    for text in ["iss", "sub", "jti"] {
        assert!(claims.get(text).is_none_or(Value::is_string), "{text}");
    }
    for time in ["exp", "nbf", "iat"] {
        let in_range =
            |value: &Value| value.as_f64().is_some_and(|at| (0.0..253_402_300_800.0).contains(&at));
        assert!(claims.get(time).is_none_or(in_range), "{time}");
    }
    assert!(claims.get("exp").and_then(Value::as_f64).is_none_or(|exp| exp > 1e9), "expired");
    assert!(claims.get("nbf").and_then(Value::as_f64).is_none_or(|nbf| nbf <= 1e9), "not yet valid");
    assert_eq!(typed.map(|verified| verified.claims).ok(), Some(claims.clone()));
    match seen {
        Ok(seen) => assert_eq!((seen.header, seen.claims), (header, claims)),
        Err(error) => panic!("verified but not inspected: {error}"),
    }
}

fn seal(signed: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}
