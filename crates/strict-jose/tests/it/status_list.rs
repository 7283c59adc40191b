//! Token status lists.

use std::io::Write;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use strict_jose::status_list::{Status, StatusList, StatusListError, StatusListRules, StatusReference};
use strict_jose::{Algorithm, Error, Key};

const URI: &str = "https://id.example/status/0";
const NOW: u64 = 1_900_000_000;

fn key() -> Key {
    Key::hs256(&[7; 32]).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn lst(bytes: &[u8]) -> String {
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(bytes).unwrap();
    URL_SAFE_NO_PAD.encode(zlib.finish().unwrap())
}

fn claims(bits: u8, lst: &str) -> Value {
    json!({ "sub": URI, "iat": NOW, "exp": NOW + 50, "ttl": 5, "status_list": { "bits": bits, "lst": lst } })
}

fn verify(claims: &Value) -> Result<StatusList, StatusListError> {
    let token = key().sign("statuslist+jwt", claims).unwrap();
    StatusListRules::new(URI).verify(&token, &key(), at(NOW))
}

fn codes(list: &StatusList) -> Vec<u8> {
    let code = |status| match status {
        Status::Valid => 0,
        Status::Invalid => 1,
        Status::Suspended => 2,
        Status::Other(other) => other,
        _ => 255,
    };
    (0..).map_while(|index| list.status(index)).map(code).collect()
}

/// The examples of the draft, sections 4.1 and 4.2, with their compressed text.
#[test]
fn the_examples_of_the_draft_are_read() {
    let one = verify(&claims(1, "eNrbuRgAAhcBXQ")).unwrap();
    assert_eq!(codes(&one), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    let two = verify(&claims(2, "eNo76fITAAPfAgc")).unwrap();
    assert_eq!(codes(&two), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
    assert_eq!(one.ttl(), Some(Duration::from_secs(5)));
    assert_eq!(one.times().exp, Some(at(NOW + 50)));
}

#[test]
fn places_of_four_and_eight_bits_are_read_and_none_beyond_the_list() {
    assert_eq!(codes(&verify(&claims(4, &lst(&[0xb9, 0xa3]))).unwrap()), [9, 11, 3, 10]);
    let eight = verify(&claims(8, &lst(&[0xb9, 0]))).unwrap();
    assert_eq!(codes(&eight), [0xb9, 0]);
    for index in [2, 3, 16, u64::from(u32::MAX), u64::MAX] {
        assert_eq!(eight.status(index), None, "{index}");
    }
    assert_eq!(verify(&claims(1, &lst(&[]))).unwrap().status(0), None);
}

#[test]
fn a_list_of_another_key_type_url_or_time_is_refused() {
    let good = claims(1, "eNrbuRgAAhcBXQ");
    let reason = |token: &str, uri: &str, now| {
        let refused = StatusListRules::new(uri).verify(token, &key(), at(now)).unwrap_err();
        let StatusListError::Token(error) = refused else { panic!("{refused}") };
        error.reason()
    };
    let token = key().sign("statuslist+jwt", &good).unwrap();
    assert_eq!(reason(&token, "https://id.example/status/1", NOW), "wrong_subject");
    assert_eq!(reason(&token, URI, NOW + 50), "expired");
    let other = Key::hs256(&[8; 32]).unwrap().sign("statuslist+jwt", &good).unwrap();
    assert_eq!(reason(&other, URI, NOW), "bad_signature");
    for typ in ["at+jwt", "JWT", "statuslist+cwt"] {
        assert_eq!(reason(&key().sign(typ, &good).unwrap(), URI, NOW), "wrong_type");
    }
    for missing in ["sub", "iat"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(missing);
        assert_eq!(reason(&key().sign("statuslist+jwt", &claims).unwrap(), URI, NOW), "missing_claim");
    }
    let long = key().sign("statuslist+jwt", &claims(1, &"A".repeat(1 << 20))).unwrap();
    assert_eq!(reason(&long, URI, NOW), "malformed");
}

#[test]
fn a_list_without_times_is_valid_until_it_is_replaced() {
    let list = json!({ "sub": URI, "iat": NOW, "status_list": { "bits": 1, "lst": "eNrbuRgAAhcBXQ" } });
    let list = verify(&list).unwrap();
    assert_eq!((list.ttl(), list.times().exp), (None, None));
}

#[test]
fn an_invalid_encoding_is_refused() {
    let compressed = URL_SAFE_NO_PAD.decode(lst(&[0xb9, 0xa3])).unwrap();
    let followed = URL_SAFE_NO_PAD.encode([compressed.as_slice(), b"more"].concat());
    let truncated = URL_SAFE_NO_PAD.encode(&compressed[..compressed.len() - 1]);
    let mut wrong_sum = compressed;
    *wrong_sum.last_mut().unwrap() ^= 1;
    for broken in [
        "",
        "AAAA",
        "eNrbuRgAAhcBXQ==",
        "not base64!",
        &followed,
        &truncated,
        &URL_SAFE_NO_PAD.encode(wrong_sum),
    ] {
        assert!(matches!(verify(&claims(1, broken)), Err(StatusListError::Compression)), "{broken}");
    }
    for bits in [0, 3, 16, 255] {
        assert!(
            matches!(verify(&claims(bits, "eNrbuRgAAhcBXQ")), Err(StatusListError::Bits(found)) if found == bits)
        );
    }
    for ttl in [json!(0), json!(-1), json!(1e300)] {
        let mut claims = claims(1, "eNrbuRgAAhcBXQ");
        claims["ttl"] = ttl;
        assert!(matches!(verify(&claims), Err(StatusListError::Ttl)));
    }
    for list in
        [json!(null), json!([]), json!({ "bits": 1 }), json!({ "bits": "1", "lst": "eNrbuRgAAhcBXQ" })]
    {
        let claims = json!({ "sub": URI, "iat": NOW, "status_list": list });
        assert!(matches!(verify(&claims), Err(StatusListError::Token(Error::Claims(_)))), "{claims}");
    }
}

/// A megabyte of zeros is a kilobyte when it is compressed.
#[test]
fn decompression_stops_at_the_limit() {
    let [most, more] = [1 << 20, (1 << 20) + 1].map(|len| lst(&vec![0; len]));
    assert!(more.len() < 2000);
    assert_eq!(verify(&claims(1, &most)).unwrap().status((8 << 20) - 1), Some(Status::Valid));
    assert!(matches!(verify(&claims(1, &more)), Err(StatusListError::TooLarge { limit: 1_048_576 })));
    let token = key().sign("statuslist+jwt", &claims(1, &lst(&[0, 0, 0]))).unwrap();
    let verify = |bytes| StatusListRules::new(URI).max_bytes(bytes).verify(&token, &key(), at(NOW));
    assert!(verify(3).is_ok() && verify(usize::MAX).is_ok());
    assert!(matches!(verify(2), Err(StatusListError::TooLarge { limit: 2 })));
}

#[test]
fn the_place_of_a_token_is_read() {
    let peek = |claims: Value| StatusReference::peek(&key().sign("at+jwt", &claims).unwrap());
    let place = json!({ "idx": 7, "uri": URI });
    let found = peek(json!({ "sub": "7", "status": { "status_list": place, "other": 1 } })).unwrap();
    assert_eq!(found, Some(StatusReference { idx: 7, uri: URI.into() }));
    assert_eq!(peek(json!({ "sub": "7" })).unwrap(), None);
    assert_eq!(peek(json!({ "status": null })).unwrap(), None);
    for status in [
        json!("revoked"),
        json!({}),
        json!({ "status_list": { "idx": -1, "uri": URI } }),
        json!({ "status_list": { "idx": 1.5, "uri": URI } }),
        json!({ "status_list": { "idx": "7", "uri": URI } }),
        json!({ "status_list": { "idx": 7 } }),
    ] {
        assert!(matches!(peek(json!({ "status": status })), Err(Error::Claims(_))), "{status}");
    }
    assert!(matches!(StatusReference::peek("no.token"), Err(Error::Malformed(_))));
}

#[test]
fn a_list_of_a_public_key_is_verified() {
    let key = Key::generate(Algorithm::Es256).unwrap().with_kid("2025");
    let token = key.sign("statuslist+jwt", &claims(1, "eNrbuRgAAhcBXQ")).unwrap();
    let list = StatusListRules::new(URI).verify(&token, &key.public().unwrap(), at(NOW)).unwrap();
    assert_eq!(format!("{list:?}"), "StatusList { bits: 1, bytes: 2, ttl: Some(5s), .. }");
}
