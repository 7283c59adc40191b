//! What a token costs, beside what its HMAC alone costs: `cargo bench -p strict-jose`.

#![expect(clippy::expect_used, reason = "what a benchmark has made itself is as it made it")]

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use divan::{Bencher, black_box};
use serde::{Deserialize, Serialize};
use strict_jose::{Key, Rules};

const SECRET: &[u8; 32] = b"a secret of exactly 32 bytes 123";

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

fn main() {
    divan::main();
}

fn key() -> Key {
    Key::hs256(SECRET).expect("32 bytes").with_kid("2025-01")
}

fn claims() -> Access {
    Access {
        iss: "https://id.example".into(),
        aud: "https://api.example".into(),
        sub: "7".into(),
        exp: 2000,
        iat: 500,
    }
}

fn token() -> String {
    key().sign("at+jwt", &claims()).expect("claims")
}

fn rules() -> Rules {
    Rules::typ("at+jwt").issuer("https://id.example").audience("https://api.example")
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[divan::bench]
fn hmac_alone(bencher: Bencher<'_, '_>) {
    let (key, token) = (hmac::Key::new(hmac::HMAC_SHA256, SECRET), token());
    let (signed, _) = token.rsplit_once('.').expect("a token");
    let tag = hmac::sign(&key, signed.as_bytes());
    bencher.bench(|| hmac::verify(&key, black_box(signed.as_bytes()), tag.as_ref()));
}

#[divan::bench]
fn accepted(bencher: Bencher<'_, '_>) {
    let (key, token, rules) = (key(), token(), rules());
    assert!(rules.verify::<Caller>(&token, &key, at(1000)).is_ok());
    bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(1000)));
}

#[divan::bench]
fn refused_for_its_time(bencher: Bencher<'_, '_>) {
    let (key, token, rules) = (key(), token(), rules());
    bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(3000)).is_err());
}

#[divan::bench]
fn refused_for_its_signature(bencher: Bencher<'_, '_>) {
    let (key, rules) = (Key::hs256(&[7; 32]).expect("32 bytes"), rules());
    let token = token();
    bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(1000)).is_err());
}

#[divan::bench]
fn refused_for_its_form(bencher: Bencher<'_, '_>) {
    let (key, token, rules) = (key(), token() + "=", rules());
    bencher.bench(|| rules.verify::<Caller>(black_box(&token), &key, at(1000)).is_err());
}

#[divan::bench]
fn sign(bencher: Bencher<'_, '_>) {
    let (key, claims) = (key(), claims());
    bencher.bench(|| key.sign("at+jwt", black_box(&claims)));
}
