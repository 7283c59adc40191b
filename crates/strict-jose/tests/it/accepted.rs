//! Signed tokens are accepted with few allocations. Unacceptable claims are not signed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use strict_jose::{Error, Excerpt, Header, Key, Keys, Rules, SignError};

use crate::token::{CLAIMS, HEADER, NOW, SECRET, at, base64url, key, rules, seal, token, verdict};

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Access {
    iss: String,
    aud: String,
    sub: String,
    exp: u64,
}

#[test]
fn typed_claims_allocate_only_their_own_data() {
    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }
    let (rules, key, token) = (rules(), key(), token(HEADER, CLAIMS));
    let allocations = allocation_counter::measure(|| {
        assert_eq!(rules.verify::<Subject>(&token, &key, at(NOW)).unwrap().claims.sub, "7");
    });
    assert_eq!(allocations.count_total, 1, "only the subject");
}

/// Each new key must be as cheap as the first one.
#[test]
fn verification_does_not_allocate_for_any_key() {
    #[derive(Deserialize)]
    struct Nothing {}
    let rules = rules();
    for kid in ["a", "b", "c", "d", "e"] {
        let key = Key::hs256(SECRET).unwrap().with_kid(kid);
        let token = key.sign_bytes("at+jwt", CLAIMS.as_bytes()).unwrap();
        let allocations = allocation_counter::measure(|| {
            assert!(rules.verify::<Nothing>(&token, &key, at(NOW)).is_ok());
        });
        assert_eq!(allocations.count_total, 0, "{kid}");
    }
}

#[test]
fn too_long_header_is_not_signed() {
    let named = |len: usize| key().with_kid("k".repeat(len)).sign("at+jwt", &json!({ "exp": 2000 }));
    let token = named(6_000).unwrap();
    let rules = Rules::typ("at+jwt").any_issuer().any_audience().max_len(20_000);
    assert_eq!(verdict(rules.verify_bytes(&token, &Key::hs256(SECRET).unwrap(), at(NOW))), "Ok");
    assert!(matches!(named(7_000), Err(SignError::HeaderTooLong)));
}

#[test]
fn signed_token_has_the_expected_bytes() {
    let claims = Access {
        iss: "https://id.example".into(),
        aud: "https://api.example".into(),
        sub: "7".into(),
        exp: 2000,
    };
    let signed = key().sign("at+jwt", &claims).unwrap();
    assert_eq!(signed, token(HEADER, CLAIMS));
    assert_eq!(rules().verify::<Access>(&signed, &key(), at(NOW)).unwrap().claims, claims);
}

#[test]
fn unnamed_key_signs_without_kid_and_verifies_any_kid() {
    let unnamed = Key::hs256(SECRET).unwrap();
    let signed = unnamed.sign("at+jwt", &json!({ "exp": 2000 })).unwrap();
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    assert!(signed.starts_with("eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9."));
    assert_eq!(verdict(rules.verify_bytes(&signed, &key(), at(NOW))), "Ok");
    assert_eq!(verdict(rules.verify_bytes(&token(HEADER, CLAIMS), &unnamed, at(NOW))), "Ok");
}

#[test]
fn kid_with_quotes_round_trips() {
    let key = key().with_kid("\"a\"\\b/\u{1}é😀");
    let signed = key.sign("at+\"jwt\"", &json!({ "exp": 2000 })).unwrap();
    let rules = Rules::typ("at+\"jwt\"").any_issuer().any_audience();
    assert_eq!(verdict(rules.verify_bytes(&signed, &key, at(NOW))), "Ok");
}

#[test]
fn unacceptable_claims_are_not_signed() {
    for claims in
        [json!([]), json!("a"), json!(null), json!({ "exp": "x" }), json!({ "iat": -1 }), json!({ "sub": 7 })]
    {
        let refused = key().sign("at+jwt", &claims);
        assert!(matches!(refused, Err(SignError::Claims(_))), "{claims}: {refused:?}");
    }
}

#[test]
fn duplicate_member_is_not_signed() {
    #[derive(Serialize)]
    struct Outer {
        sub: &'static str,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Serialize)]
    struct Inner {
        sub: &'static str,
    }
    let refused = key().sign("at+jwt", &Outer { sub: "1", inner: Inner { sub: "2" } }).unwrap_err();
    assert!(matches!(refused, SignError::Claims(Error::Malformed(_))), "{refused:?}");
}

#[test]
fn claims_that_are_not_json_are_not_signed() {
    let claims = std::collections::BTreeMap::from([((1, 2), "a pair is no name")]);
    assert!(matches!(key().sign("at+jwt", &claims), Err(SignError::Serialize(_))));
}

#[test]
fn claims_of_another_type_are_an_error_with_a_source() {
    #[derive(Debug, Deserialize)]
    struct Other {
        #[serde(rename = "email")]
        _email: String,
    }
    let refused = rules().verify::<Other>(&token(HEADER, CLAIMS), &key(), at(NOW)).unwrap_err();
    let source = std::error::Error::source(&refused).unwrap();
    assert!(source.to_string().starts_with("missing field `email`"), "{source}");
    assert!(!refused.to_string().contains("email"), "{refused}");
}

#[test]
fn accepted_header_does_not_vouch_for_others() {
    let (rules, key) = (rules(), key());
    let verdict_of =
        |rules: &Rules, header: &str| verdict(rules.verify_bytes(&token(header, CLAIMS), &key, at(NOW)));
    assert_eq!(verdict_of(&rules, HEADER), "Ok");
    for (old, new, want) in [
        ("HS256", "none", "WrongAlgorithm { expected: Hs256 }"),
        ("k1", "k2", r#"UnknownKey { kid: "k2" }"#),
        ("at+jwt", "JWT", "WrongType"),
        ("at+jwt", "application/at+jwt", "Ok"),
        ("}", r#","crit":[]}"#, "CriticalHeader"),
    ] {
        assert_eq!(verdict_of(&rules, &HEADER.replace(old, new)), want, "{new}");
        assert_eq!(verdict_of(&rules, HEADER), "Ok", "after {new}");
    }
    // The header does not vouch for another key.
    let other = key.clone().with_kid("k2");
    assert_eq!(
        verdict(rules.verify_bytes(&token(HEADER, CLAIMS), &other, at(NOW))),
        r#"UnknownKey { kid: "k1" }"#
    );
    // The header does not vouch for another signature.
    let forged = seal(&base64url(HEADER), &base64url(CLAIMS), b"another secret, long enough for HS256");
    assert_eq!(verdict(rules.verify_bytes(&forged, &key, at(NOW))), "BadSignature");
}

/// Chooses one of two keys by `kid`.
struct Two(Key, Key);

impl Keys for Two {
    fn find(&self, header: &Header<'_>) -> Result<&Key, Error> {
        [&self.0, &self.1]
            .into_iter()
            .find(|key| key.kid() == header.kid())
            .ok_or_else(|| Error::UnknownKey { kid: Excerpt::of(header.kid().unwrap_or_default()) })
    }
}

#[test]
fn keys_are_chosen_by_kid() {
    let two = Arc::new(Two(key().with_kid("new"), key()));
    assert_eq!(verdict(rules().verify_bytes(&token(HEADER, CLAIMS), &two, at(NOW))), "Ok");
    let unknown = HEADER.replace("k1", "k3");
    assert_eq!(
        verdict(rules().verify_bytes(&token(unknown, CLAIMS), &&*two, at(NOW))),
        r#"UnknownKey { kid: "k3" }"#
    );
}

/// Always chooses the same key, without checking the header.
struct Careless(Key);

impl Keys for Careless {
    fn find(&self, _: &Header<'_>) -> Result<&Key, Error> {
        Ok(&self.0)
    }
}

#[test]
fn wrong_choice_of_key_is_detected() {
    let careless = Careless(key().with_kid("k2"));
    assert_eq!(
        verdict(rules().verify_bytes(&token(HEADER, CLAIMS), &careless, at(NOW))),
        r#"UnknownKey { kid: "k1" }"#
    );
    let keys: &dyn Keys = &careless;
    assert_eq!(
        verdict(rules().verify_bytes(&token(HEADER.replace("HS256", "none"), CLAIMS), keys, at(NOW))),
        "WrongAlgorithm { expected: Hs256 }"
    );
}
