//! Status lists.

use std::io::Read;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use strict_jose::status_list::{Status, StatusListRules};
use strict_oidc::{SigningKeys, StatusList};

use crate::server::{ISSUER, NOW, Server, claims};

fn token(list: &StatusList) -> String {
    let server = Server::new();
    list.to_token(&format!("{ISSUER}/oauth/status/0"), Duration::from_secs(5), &server.keys, server.now)
        .unwrap()
}

fn bits(token: &str) -> Vec<u8> {
    let compressed = URL_SAFE_NO_PAD.decode(claims(token)["status_list"]["lst"].as_str().unwrap()).unwrap();
    let mut bits = Vec::new();
    flate2::read::ZlibDecoder::new(compressed.as_slice()).read_to_end(&mut bits).unwrap();
    bits
}

#[test]
fn the_list_has_the_bits_of_the_example_of_the_draft() {
    // Draft §4.1: the bytes 0xB9 0xA3 are these sixteen places.
    let mut list = StatusList::new(16);
    for (index, bit) in [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1].into_iter().enumerate() {
        if bit == 1 {
            list.end(index.try_into().unwrap());
        }
    }
    let token = token(&list);
    assert_eq!(bits(&token), [0xb9, 0xa3]);
    assert_eq!(strict_jose::inspect(&token).unwrap().header["typ"], "statuslist+jwt");
    let mut claims = claims(&token);
    claims["status_list"]["lst"].take();
    assert_eq!(
        claims,
        json!({
            "sub": format!("{ISSUER}/oauth/status/0"), "iat": NOW, "exp": NOW + 50, "ttl": 5,
            "status_list": { "bits": 1, "lst": null },
        })
    );
}

#[test]
fn a_verifier_reads_the_list() {
    let mut list = StatusList::new(1000);
    list.end(7);
    let uri = format!("{ISSUER}/oauth/status/0");
    let server = Server::new();
    let now = UNIX_EPOCH + Duration::from_secs(server.now.0);
    let read = StatusListRules::new(&uri).verify(&token(&list), &server.keys, now).unwrap();
    assert_eq!((read.status(7), read.status(8)), (Some(Status::Invalid), Some(Status::Valid)));
    assert_eq!((read.status(999), read.status(1000)), (Some(Status::Valid), None));
    assert_eq!(read.ttl(), Some(Duration::from_secs(5)));
}

#[test]
fn a_million_grants_are_small_and_a_place_can_be_freed() {
    let mut list = StatusList::new(1_000_000);
    list.end(999_999);
    list.end(u64::MAX);
    assert!(list.has_ended(999_999) && !list.has_ended(0));
    assert!(list.has_ended(1_000_000) && list.has_ended(u64::MAX), "beyond the list");
    assert_eq!(bits(&token(&list)).len(), 125_000);
    assert!(token(&list).len() < 2000);
    list.free(999_999);
    assert!(!list.has_ended(999_999));
    assert!(list.to_token("u", Duration::from_secs(5), &SigningKeys::default(), Server::new().now).is_err());
}
