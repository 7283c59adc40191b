//! The boundaries of each rule.

use std::time::{Duration, SystemTime};

use strict_jose::Rules;

use crate::token::{at, key, token, verdict};

/// Verifies a token with these claims at the time `now`.
#[track_caller]
fn check(rules: &Rules, claims: &str, now: u64, want: &str) {
    let token = token(r#"{"typ":"JWT","alg":"HS256"}"#, claims);
    let verdict = verdict(rules.verify_bytes(&token, &key(), at(now)));
    assert_eq!(verdict.split(" {").next(), Some(want), "{claims} at {now}: {verdict}");
}

fn any() -> Rules {
    Rules::typ("JWT").any_issuer().any_audience()
}

#[test]
fn exp_is_the_first_moment_of_expiry() {
    check(&any(), r#"{"exp":100}"#, 99, "Ok");
    check(&any(), r#"{"exp":100}"#, 100, "Expired");
    check(&any(), r#"{"exp":100.5}"#, 100, "Ok");
    check(&any(), r#"{"exp":0}"#, 0, "Expired");
    check(&any(), r#"{"exp":253402300799}"#, 253_402_300_798, "Ok");
}

#[test]
fn nbf_is_the_first_moment_of_validity() {
    check(&any(), r#"{"exp":900,"nbf":100}"#, 99, "NotYetValid");
    check(&any(), r#"{"exp":900,"nbf":100}"#, 100, "Ok");
    check(&any(), r#"{"exp":900,"nbf":100.5}"#, 100, "NotYetValid");
}

#[test]
fn leeway_applies_in_both_directions() {
    let rules = any().leeway(Duration::from_secs(5));
    check(&rules, r#"{"exp":100}"#, 104, "Ok");
    check(&rules, r#"{"exp":100}"#, 105, "Expired");
    check(&rules, r#"{"exp":900,"nbf":100}"#, 95, "Ok");
    check(&rules, r#"{"exp":900,"nbf":100}"#, 94, "NotYetValid");
    let endless = any().leeway(Duration::MAX).max_age(Duration::MAX);
    check(&endless, r#"{"exp":1,"iat":0,"nbf":253402300799}"#, 1000, "Ok");
}

#[test]
fn age_is_counted_from_iat() {
    let rules = any().max_age(Duration::from_mins(1));
    check(&rules, r#"{"exp":9000,"iat":100}"#, 159, "Ok");
    check(&rules, r#"{"exp":9000,"iat":100}"#, 160, "TooOld");
    check(&rules, r#"{"exp":9000,"iat":100}"#, 99, "NotYetValid");
    check(&rules, r#"{"exp":9000}"#, 100, r#"MissingClaim("iat")"#);
    check(&rules.leeway(Duration::from_secs(5)), r#"{"exp":9000,"iat":100}"#, 164, "Ok");
    check(&any(), r#"{"exp":9000,"iat":8000}"#, 100, "Ok"); // RFC 7519 §4.1.6: `iat` alone refuses nothing.
}

#[test]
fn token_without_exp_needs_without_expiry() {
    check(&any(), "{}", 0, r#"MissingClaim("exp")"#);
    check(&any().without_expiry(), "{}", 0, "Ok");
    check(&any().without_expiry(), r#"{"exp":100}"#, 100, "Expired");
}

#[test]
fn one_of_several_issuers_is_enough() {
    let rules = Rules::typ("JWT").issuers(["a", "b"]).any_audience();
    check(&rules, r#"{"exp":1,"iss":"b"}"#, 0, "Ok");
    check(&rules, r#"{"exp":1,"iss":"\u0062"}"#, 0, "Ok");
    check(&rules, r#"{"exp":1,"iss":"c"}"#, 0, "WrongIssuer");
    check(&rules, r#"{"exp":1}"#, 0, r#"MissingClaim("iss")"#);
    check(&Rules::typ("JWT").issuers([""; 0]).any_audience(), r#"{"exp":1,"iss":""}"#, 0, "WrongIssuer");
}

#[test]
fn one_of_several_audiences_is_enough() {
    let rules = Rules::typ("JWT").any_issuer().audiences(["a", "b"]);
    for aud in [r#""a""#, r#"["b"]"#, r#"["x","\u0061"]"#, r#"[ "x" , "b" , "y" ]"#] {
        check(&rules, &format!(r#"{{"exp":1,"aud":{aud}}}"#), 0, "Ok");
    }
    check(&rules, r#"{"exp":1,"aud":["x","a,b","[\"a\"]"]}"#, 0, "WrongAudience");
    check(&rules, r#"{"exp":1}"#, 0, r#"MissingClaim("aud")"#);
    check(&Rules::typ("JWT").any_issuer().audiences([""; 0]), r#"{"exp":1,"aud":""}"#, 0, "WrongAudience");
}

#[test]
fn other_subjects_are_refused() {
    let rules = any().subject("7");
    check(&rules, r#"{"exp":1,"sub":"7"}"#, 0, "Ok");
    check(&rules, r#"{"exp":1,"sub":"77"}"#, 0, "WrongSubject");
    check(&rules, r#"{"exp":1}"#, 0, r#"MissingClaim("sub")"#);
}

#[test]
fn required_claim_must_be_present() {
    let rules = any().require("nonce").require("jti").require("nonce");
    check(&rules, r#"{"exp":1,"nonce":0,"jti":"a"}"#, 0, "Ok");
    check(&rules, r#"{"exp":1,"jti":"a"}"#, 0, r#"MissingClaim("nonce")"#);
    check(&rules, r#"{"exp":1,"nonce":null,"jti":"a"}"#, 0, r#"MissingClaim("nonce")"#);
    check(&rules, r#"{"exp":1,"nonce":"n"}"#, 0, r#"MissingClaim("jti")"#);
}

#[test]
fn types_are_compared_as_media_types() {
    #[track_caller]
    fn check(ours: &str, theirs: &str, want: &str) {
        let token = token(format!(r#"{{"typ":{theirs:?},"alg":"HS256"}}"#), "{}");
        let rules = Rules::typ(ours).any_issuer().any_audience().without_expiry();
        assert_eq!(verdict(rules.verify_bytes(&token, &key(), at(0))), want, "{ours} {theirs}");
    }
    for ours in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        for theirs in ["at+jwt", "At+JWT", "application/at+jwt", "APPLICATION/at+jwt"] {
            check(ours, theirs, "Ok");
        }
        for theirs in
            ["jwt", "at", "at+jwt ", "application/", "application/jwt", "application/application/at+jwt", "é"]
        {
            check(ours, theirs, "WrongType");
        }
    }
    // PHP escapes every slash.
    let token = token(r#"{"typ":"application\/at+jwt","alg":"HS256"}"#, "{}");
    let rules = Rules::typ("at+jwt").any_issuer().any_audience().without_expiry();
    assert_eq!(verdict(rules.verify_bytes(&token, &key(), at(0))), "Ok");
}

#[test]
fn clock_before_1970_is_accepted() {
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    let token = token(r#"{"typ":"JWT","alg":"HS256"}"#, r#"{"exp":0}"#);
    assert!(any().verify_bytes(&token, &key(), before).is_ok());
}

#[test]
fn lower_length_limit_is_enforced() {
    let short = token(r#"{"typ":"JWT","alg":"HS256"}"#, r#"{"exp":1}"#);
    let rules = any().max_len(short.len());
    assert_eq!(verdict(rules.verify_bytes(&short, &key(), at(0))), "Ok");
    let rules = rules.max_len(short.len() - 1);
    assert_eq!(verdict(rules.verify_bytes(&short, &key(), at(0))), "Malformed(TooLong)");
}
