//! The messages of refusals name what was wanted and what was found.

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, Rules};

use crate::token::{CLAIMS, HEADER, NOW, at, claims_but, key, rules, token};

#[track_caller]
fn check(rules: &Rules, token: &str, want: &str) {
    let (key, mut refused) = (key(), None);
    let allocations = allocation_counter::measure(|| {
        refused = rules.verify_bytes(token, &key, at(NOW)).err();
    });
    assert_eq!(refused.map(|refused| refused.to_string()).as_deref(), Some(want));
    assert_eq!(allocations.count_total, 0, "{want}: a refusal allocated");
}

#[test]
fn wanted_and_found_values_are_named() {
    let own = rules();
    check(
        &own,
        &token(HEADER.replace("at+jwt", "JWT"), CLAIMS),
        r#"the `typ` of the token is "JWT", not "at+jwt""#,
    );
    check(&own, &token(r#"{"alg":"HS256"}"#, CLAIMS), r#"the `typ` of the token is absent, not "at+jwt""#);
    check(
        &own,
        &token(HEADER.replace("HS256", "RS256"), CLAIMS),
        r#"the `alg` of the token is "RS256", not "HS256", the algorithm of the key"#,
    );
    check(&own, &token(HEADER.replace("k1", "k2"), CLAIMS), r#"no key has the `kid` "k2""#);
    check(
        &own,
        &token(HEADER, claims_but("iss", r#""https://id.example/""#)),
        r#"the `iss` of the token is "https://id.example/", not "https://id.example""#,
    );
    check(
        &own,
        &token(HEADER, claims_but("aud", r#""other""#)),
        r#"the `aud` of the token is "other", not "https://api.example""#,
    );
    check(
        &own,
        &token(HEADER, claims_but("aud", r#"["a\u0062","c"]"#)),
        r#"the `aud` of the token is "ab, c", not "https://api.example""#,
    );
    check(
        &own,
        &token(HEADER, claims_but("aud", "[]")),
        r#"the `aud` of the token is absent, not "https://api.example""#,
    );
    let several = Rules::typ("at+jwt").issuers(["a", "b", "c", "d", "e", "f"]).audiences([""; 0]);
    check(
        &several,
        &token(HEADER, CLAIMS),
        r#"the `iss` of the token is "https://id.example", not "a" or "b" or "c" or "d" or one of 2 more"#,
    );
    let nothing = Rules::typ("at+jwt").any_issuer().audiences([""; 0]);
    check(
        &nothing,
        &token(HEADER, CLAIMS),
        r#"the `aud` of the token is "https://api.example", not accepted: the rules accept none"#,
    );
}

#[test]
fn long_and_hostile_values_are_cut_and_escaped() {
    let long = json!([" ".repeat(79), "é", "more"]).to_string();
    check(
        &rules(),
        &token(HEADER, claims_but("aud", &long)),
        &format!(r#"the `aud` of the token is "{},…", not "https://api.example""#, " ".repeat(79)),
    );
    check(
        &rules(),
        &token(HEADER, claims_but("iss", r#""a\r\n\u001b[2J""#)),
        r#"the `iss` of the token is "a\r\n\u{1b}[2J", not "https://id.example""#,
    );
}

/// A subject may be an e-mail address, and claims may be anything.
#[test]
fn personal_data_are_not_named() {
    let claims = claims_but("sub", r#""alice@example.com""#);
    check(&rules().subject("8"), &token(HEADER, claims), "the token is about another subject");
}

#[test]
fn verified_token_gives_its_header() {
    let header_of = |rules: &Rules, token: &str, key: &Key| {
        let header = rules.verify::<Value>(token, key, at(NOW)).unwrap().header;
        (header.kid().map(str::to_owned), header.typ().map(str::to_owned))
    };
    let any = Rules::any_type().any_issuer().any_audience();
    let own = Some("k1".to_owned());
    assert_eq!(header_of(&any, &token(HEADER, CLAIMS), &key()), (own.clone(), Some("at+jwt".into())));
    let escaped = r#"{"typ":"A\u0054+jwt","alg":"HS256","kid":"\u006b1"}"#;
    assert_eq!(header_of(&rules(), &token(escaped, CLAIMS), &key()), (own, Some("AT+jwt".into())));
    assert_eq!(header_of(&any, &token(r#"{"alg":"HS256"}"#, CLAIMS), &key()), (None, None));
    let long = "k".repeat(1000);
    let unnamed = Key::generate(Algorithm::Hs256).unwrap();
    let named = unnamed.clone().with_kid(&long).sign("JWT", &json!({ "exp": 2000 })).unwrap();
    assert_eq!(header_of(&any, &named, &unnamed), (Some(long), Some("JWT".into())));
}
