//! The target for tokens, with and without a valid signature.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use strict_jose::{Header, Key, Rules, inspect};

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
    sign_own_parameters(&key, header);
    let names = |header: &Header<'_>| (header.kid().map(str::to_owned), header.typ().map(str::to_owned));
    let peeked = Header::peek(&token, names);
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
    let typed = typed.expect("verified as bytes");
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    assert_eq!((typed.header.kid(), typed.header.typ()), (text("kid"), text("typ")));
    assert_eq!(peeked.ok(), Some((text("kid").map(str::to_owned), text("typ").map(str::to_owned))));
    assert_eq!(typed.claims, claims);
    match seen {
        Ok(seen) => assert_eq!((seen.header, seen.claims), (header, claims)),
        Err(error) => panic!("verified but not inspected: {error}"),
    }
}

/// Signs the header as parameters of the caller's own. A token that is signed is accepted, and has these parameters.
#[expect(clippy::expect_used, reason = "a target reports a failure by a panic")]
fn sign_own_parameters(key: &Key, parameters: &[u8]) {
    let Ok(own) = serde_json::from_slice::<Value>(parameters) else { return };
    let Ok(token) = key.sign_with_header("own+jwt", &own, &serde_json::json!({})) else { return };
    let rules = Rules::typ("own+jwt").any_issuer().any_audience().without_expiry();
    rules.verify_bytes(&token, key, SystemTime::UNIX_EPOCH).expect("a signed token is accepted");
    let mut header = inspect(&token).expect("it is accepted").header;
    let members = header.as_object_mut().expect("an object");
    assert_eq!(members.remove("alg"), Some("HS256".into()));
    assert_eq!(members.remove("typ"), Some("own+jwt".into()));
    assert_eq!(header, own);
}

fn seal(signed: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}
