//! Makes tokens with any header and payload, and with a valid signature.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use strict_jose::{Error, Key, Rules};

pub(crate) const SECRET: &[u8] = b"known to the issuer and to us: 32+ bytes";

pub(crate) const HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256","kid":"k1"}"#;

pub(crate) const CLAIMS: &str =
    r#"{"iss":"https://id.example","aud":"https://api.example","sub":"7","exp":2000}"#;

pub(crate) fn key() -> Key {
    Key::hs256(SECRET).unwrap().with_kid("k1")
}

/// Rules that accept a token with [`HEADER`] and [`CLAIMS`].
pub(crate) fn rules() -> Rules {
    Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example")
}

/// The current time in the tests, before [`CLAIMS`] expire.
pub(crate) const NOW: u64 = 1000;

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with a valid signature.
pub(crate) fn token(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    seal(&base64url(header), &base64url(payload), SECRET)
}

/// Signs two encoded parts, which need not be valid base64url.
pub(crate) fn seal(header: &str, payload: &str, secret: &[u8]) -> String {
    seal_with(hmac::HMAC_SHA256, header, payload, secret)
}

pub(crate) fn seal_with(algorithm: hmac::Algorithm, header: &str, payload: &str, secret: &[u8]) -> String {
    let signed = format!("{header}.{payload}");
    let signature = hmac::sign(&hmac::Key::new(algorithm, secret), signed.as_bytes());
    format!("{signed}.{}", base64url(signature))
}

/// [`CLAIMS`] with further members at the end.
pub(crate) fn claims_with(members: &str) -> String {
    CLAIMS.replace('}', &format!(",{members}}}"))
}

/// [`CLAIMS`] with another value for one member.
pub(crate) fn claims_but(member: &str, value: &str) -> String {
    let (before, behind) = CLAIMS.split_once(&format!("\"{member}\":")).unwrap();
    let rest = behind.find([',', '}']).unwrap();
    format!("{before}\"{member}\":{value}{}", &behind[rest..])
}

/// The error as text, or `Ok`. Without the wanted and found values, which `messages` tests.
pub(crate) fn verdict<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "Ok".into(),
        Err(Error::WrongAlgorithm { expected, .. }) => format!("WrongAlgorithm {{ expected: {expected:?} }}"),
        Err(Error::WrongType { .. }) => "WrongType".into(),
        Err(Error::WrongIssuer { .. }) => "WrongIssuer".into(),
        Err(Error::WrongAudience { .. }) => "WrongAudience".into(),
        Err(refused) => format!("{refused:?}"),
    }
}
