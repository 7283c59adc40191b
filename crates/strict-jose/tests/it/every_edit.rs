//! Every edit of one character of a token is detected. All edits are tried.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use strict_jose::{Key, Rules, inspect};

use crate::token::{CLAIMS, HEADER, NOW, at, key, rules, token};

/// Every ASCII character.
fn ascii() -> impl Iterator<Item = char> {
    (0..128_u8).map(char::from)
}

#[track_caller]
fn refused(edited: &str) {
    assert!(rules().verify_bytes(edited, &key(), at(NOW)).is_err(), "{edited}");
}

#[test]
fn every_replaced_character_is_detected() {
    let token = token(HEADER, CLAIMS);
    assert!(rules().verify_bytes(&token, &key(), at(NOW)).is_ok());
    for (position, old) in token.char_indices() {
        for new in ascii().filter(|&new| new != old) {
            refused(&format!("{}{new}{}", &token[..position], &token[position + 1..]));
        }
    }
}

#[test]
fn every_inserted_and_removed_character_is_detected() {
    let token = token(HEADER, CLAIMS);
    for position in 0..=token.len() {
        let (before, behind) = token.split_at(position);
        for new in ascii() {
            refused(&format!("{before}{new}{behind}"));
        }
        if let Some(behind) = behind.get(1..) {
            refused(&format!("{before}{behind}"));
        }
    }
}

#[test]
fn every_truncation_is_detected() {
    let token = token(HEADER, CLAIMS);
    for position in 0..token.len() {
        refused(&token[..position]);
        refused(&token[position + 1..]);
    }
}

#[test]
fn parts_of_two_valid_tokens_are_not_a_token() {
    let mine = token(HEADER, CLAIMS);
    let yours = token(HEADER, CLAIMS.replace("\"7\"", "\"8\""));
    let (mine, yours): (Vec<_>, Vec<_>) = (mine.split('.').collect(), yours.split('.').collect());
    refused(&[mine[0], yours[1], mine[2]].join("."));
    refused(&[mine[0], mine[1], yours[2]].join("."));
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    });
    // These names are longer than the names of registered claims.
    prop::collection::btree_map(".{4,12}", value, 0..8).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn signed_claims_are_the_verified_claims(
        mut claims in claims(),
        secret in prop::collection::vec(any::<u8>(), 32..100),
        kid in prop::option::of(".{0,30}"),
        typ in ".{0,20}",
        exp in 1_u64..253_402_300_799,
    ) {
        claims.insert("exp".into(), json!(exp));
        let mut key = Key::hs256(&secret).unwrap();
        if let Some(kid) = kid {
            key = key.with_kid(kid);
        }
        let token = key.sign(&typ, &claims).unwrap();
        let rules = Rules::typ(typ).any_issuer().any_audience();
        let verified = rules.verify::<Map<String, Value>>(&token, &key, at(exp - 1)).unwrap();
        prop_assert_eq!(&verified.claims, &claims);
        prop_assert_eq!(verified.registered.exp, Some(at(exp)));
        prop_assert_eq!(inspect(&token).unwrap().claims, Value::from(claims));

        let mut other = secret;
        other[0] ^= 1;
        prop_assert!(rules.verify_bytes(&token, &Key::hs256(&other).unwrap(), at(0)).is_err());
    }

    #[test]
    fn random_text_is_refused_without_a_panic(text in "[A-Za-z0-9_.-]{0,200}|.{0,200}") {
        prop_assert!(rules().verify_bytes(&text, &key(), at(NOW)).is_err());
        drop(inspect(&text));
    }

    #[test]
    fn signed_random_bytes_cause_no_panic(
        header in prop::collection::vec(any::<u8>(), 0..100),
        payload in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        prop_assert!(rules().verify_bytes(&token(header, CLAIMS), &key(), at(NOW)).is_err());
        prop_assert!(rules().verify_bytes(&token(HEADER, payload), &key(), at(NOW)).is_err());
    }
}
