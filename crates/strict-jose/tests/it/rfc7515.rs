//! The example of RFC 7515, appendix A.1.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use strict_jose::{Error, Key, Rules, inspect};

use crate::token::at;

const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                     .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                     .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const SECRET: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

const EXPIRES: u64 = 1_300_819_380;

#[derive(Debug, Deserialize, PartialEq)]
struct Claims {
    iss: String,
    exp: u64,
    #[serde(rename = "http://example.com/is_root")]
    is_root: bool,
}

fn key() -> Key {
    Key::hs256(&URL_SAFE_NO_PAD.decode(SECRET).unwrap()).unwrap()
}

fn rules() -> Rules {
    Rules::typ("JWT").issuer("joe").any_audience()
}

#[test]
fn example_token_is_accepted_until_it_expires() {
    let verified = rules().verify::<Claims>(TOKEN, &key(), at(EXPIRES - 1)).unwrap();
    assert_eq!(verified.claims, Claims { iss: "joe".into(), exp: EXPIRES, is_root: true });
    assert_eq!(verified.registered.exp, Some(at(EXPIRES)));

    let refused = rules().verify::<Claims>(TOKEN, &key(), at(EXPIRES)).unwrap_err();
    assert!(matches!(refused, Error::Expired { at: when } if when == at(EXPIRES)), "{refused}");
}

#[test]
fn payload_is_returned_as_it_was_signed() {
    let payload = rules().verify_bytes(TOKEN, &key(), at(0)).unwrap();
    assert_eq!(
        std::str::from_utf8(&payload).unwrap(),
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    );
}

#[test]
fn other_key_is_refused() {
    let other = Key::hs256(SECRET.as_bytes()).unwrap();
    let refused = rules().verify::<Claims>(TOKEN, &other, at(0)).unwrap_err();
    assert!(matches!(refused, Error::BadSignature), "{refused}");
}

#[test]
fn example_token_can_be_inspected() {
    let seen = inspect(TOKEN).unwrap();
    assert_eq!(seen.header, serde_json::json!({ "typ": "JWT", "alg": "HS256" }));
    assert_eq!(seen.claims["iss"], "joe");
}
