//! Every known attack on an HS256 token. One row for each, through one check.
//!
//! The rows are signed with the correct key where possible, so that the tested rule refuses them and not the signature. No
//! refusal may allocate.

use aws_lc_rs::hmac;
use serde::Deserialize;
use strict_jose::{Error, Key, KeyError, Malformed, Rules, inspect};

use crate::token::{
    CLAIMS, HEADER, NOW, SECRET, at, base64url, claims_but, claims_with, key, rules, seal, seal_with, token,
    verdict,
};

#[derive(Debug, Deserialize)]
struct Access {
    #[serde(rename = "sub")]
    _sub: String,
}

/// Verifies `token` and compares the verdict. A refusal must not have allocated.
#[track_caller]
fn check(what: &str, token: &str, want: &str) {
    let (rules, key) = (rules(), key());
    let mut result = None;
    let allocations = allocation_counter::measure(|| {
        result = Some(rules.verify::<Access>(token, &key, at(NOW)));
    });
    let result = result.unwrap();
    if result.is_err() {
        assert_eq!(allocations.count_total, 0, "{what}: a refusal allocated");
    }
    assert_eq!(verdict(result), want, "{what}");
}

#[track_caller]
fn check_header(header: &str, want: &str) {
    check(header, &token(header, CLAIMS), want);
}

#[track_caller]
fn check_claims(claims: &str, want: &str) {
    check(claims, &token(HEADER, claims), want);
}

#[test]
fn valid_token_is_accepted() {
    check("honest", &token(HEADER, CLAIMS), "Ok");
}

#[test]
fn other_algorithms_are_refused() {
    const WRONG: &str = "WrongAlgorithm { expected: Hs256 }";
    for alg in
        ["none", "None", "nOnE", "NONE", "hs256", "HS256 ", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""]
    {
        let header = format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"k1"}}"#);
        check_header(&header, WRONG);
        check("without a signature", &format!("{}.{}.", base64url(&header), base64url(CLAIMS)), WRONG);
    }
    check_header(r#"{"typ":"at+jwt"}"#, r#"Malformed(Header("alg"))"#);
    for alg in ["null", "7", r#"["HS256"]"#, r#"{"HS256":1}"#, "true"] {
        check_header(&format!(r#"{{"typ":"at+jwt","alg":{alg}}}"#), r#"Malformed(Header("alg"))"#);
    }
    // An escaped name is the same algorithm.
    check_header(r#"{"typ":"at+jwt","alg":"\u0048S256"}"#, "Ok");
    check_header(r#"{"typ":"at+jwt","alg":"\u006eone"}"#, WRONG);
}

#[test]
fn public_key_as_secret_is_refused() {
    let public = b"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n";
    assert_eq!(Key::hs256(public).unwrap_err(), KeyError::Pem);
    check("signed with it", &seal(&base64url(HEADER), &base64url(CLAIMS), public), "BadSignature");
}

#[test]
fn empty_and_short_secrets_are_refused() {
    for secret in [&b""[..], b"secret", &[7; 31]] {
        assert!(matches!(Key::hs256(secret), Err(KeyError::TooShort { minimum: 32, .. })));
        check("signed with it", &seal(&base64url(HEADER), &base64url(CLAIMS), secret), "BadSignature");
    }
}

#[test]
fn absent_cut_and_foreign_signatures_are_refused() {
    let (header, claims) = (base64url(HEADER), base64url(CLAIMS));
    let honest = token(HEADER, CLAIMS);
    let (signed, _) = honest.rsplit_once('.').unwrap();
    check("absent", &format!("{signed}."), "BadSignature");
    check("zeros", &format!("{signed}.{}", base64url([0; 32])), "BadSignature");
    check("one byte", &format!("{signed}.AA"), "BadSignature");
    check("one byte more", &format!("{signed}.{}", base64url([0; 33])), "BadSignature");
    check("HS512's", &seal_with(hmac::HMAC_SHA512, &header, &claims, SECRET), "BadSignature");
    check("long", &format!("{signed}.{}", base64url([0; 4000])), "BadSignature");
}

#[test]
fn key_in_the_header_is_not_read() {
    // The attacker signs with their own secret and puts it into the header.
    let own = b"a secret of the attacker's own choice";
    let jwk = format!(r#"{{"kty":"oct","k":"{}","alg":"HS256"}}"#, base64url(own));
    for parameter in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://attacker.example/jwks.json""#.into(),
        r#""x5u":"https://attacker.example/cert.pem""#.into(),
        r#""x5c":["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"]"#.into(),
    ] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"HS256",{parameter}}}"#);
        check(&header, &seal(&base64url(&header), &base64url(CLAIMS), own), "BadSignature");
        // RFC 7515 §4: in a token with a valid signature, unknown parameters are ignored.
        check_header(&header, "Ok");
    }
}

#[test]
fn kid_is_only_compared() {
    for (kid, shown) in [
        ("k2", r#""k2""#),
        ("", r#""""#),
        ("K1", r#""K1""#),
        ("k1 ", r#""k1 ""#),
        (r"k1\u0000", r#""k1\0""#),
        ("../../dev/null", r#""../../dev/null""#),
        (r"' OR '1'='1", r#""\' OR \'1\'=\'1""#),
        (r#"\" | rm -rf /"#, r#""\" | rm -rf /""#),
        (r"a\r\nSet-Cookie: a", r#""a\r\nSet-Cookie: a""#),
    ] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{kid}"}}"#);
        check_header(&header, &format!("UnknownKey {{ kid: {shown} }}"));
    }
    for kid in ["7", "null", r#"["k1"]"#, "{}"] {
        let header = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":{kid}}}"#);
        check_header(&header, r#"Malformed(Header("kid"))"#);
    }
    let long = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{}"}}"#, "k".repeat(5000));
    check("5 KB", &token(&long, CLAIMS), &format!("UnknownKey {{ kid: \"{}…\" }}", "k".repeat(80)));
    let longer = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{}"}}"#, "k".repeat(1 << 20));
    check("1 MiB", &token(&longer, CLAIMS), "Malformed(TooLong)");
    check_header(r#"{"typ":"at+jwt","alg":"HS256","kid":"\u006b1"}"#, "Ok");
    check_header(r#"{"typ":"at+jwt","alg":"HS256"}"#, "Ok");
}

#[test]
fn critical_extensions_are_refused() {
    for crit in [
        r#""crit":["exp"],"exp":2000"#,
        r#""crit":["x"]"#,
        r#""crit":["alg"]"#,
        r#""crit":[]"#,
        r#""crit":["exp","exp"]"#,
        r#""crit":["exp"],"crit":[]"#,
        r#""crit":null"#,
        r#""crit":"exp""#,
        r#""crit":["b64"],"b64":false"#,
        r#""cr\u0069t":["x"]"#,
    ] {
        check_header(&format!(r#"{{"typ":"at+jwt","alg":"HS256",{crit}}}"#), "CriticalHeader");
    }
    for b64 in ["false", "true", "null"] {
        check_header(&format!(r#"{{"typ":"at+jwt","alg":"HS256","b64":{b64}}}"#), "Malformed(Unencoded)");
    }
    let header = r#"{"typ":"at+jwt","alg":"HS256","b64":false,"crit":["b64"]}"#;
    check("RFC 7797", &seal(&base64url(header), CLAIMS, SECRET), "Malformed(Character)");
}

#[test]
fn encrypted_and_compressed_tokens_are_refused() {
    for parameter in [r#""enc":"A128CBC-HS256""#, r#""zip":"DEF""#] {
        check_header(&format!(r#"{{"typ":"at+jwt","alg":"HS256",{parameter}}}"#), "Malformed(Encrypted)");
    }
    let jwe = format!("{}.AA.AA.AA.AA", base64url(r#"{"alg":"dir","enc":"A128GCM"}"#));
    check("five parts", &jwe, "Malformed(Parts)");
}

#[test]
fn duplicate_members_are_refused() {
    for twice in [r#""alg":"HS256","alg":"none""#, r#""alg":"HS256","\u0061lg":"none""#] {
        check_header(&format!(r#"{{"typ":"at+jwt",{twice}}}"#), "Malformed(Duplicate)");
    }
    check_header(r#"{"typ":"at+jwt","typ":"JWT","alg":"HS256"}"#, "Malformed(Duplicate)");
    check_header(r#"{"typ":"at+jwt","alg":"HS256","x":{"y":1,"y":2}}"#, "Malformed(Duplicate)");
    for twice in [r#""sub":"1""#, r#""exp":9999"#, r#""\u0065xp":9999"#, r#""a":[{"b":1,"\u0062":2}]"#] {
        check_claims(&claims_with(twice), "Malformed(Duplicate)");
    }
}

#[test]
fn registered_claims_of_wrong_types_are_refused() {
    let rows: [(&str, &[&str]); 7] = [
        ("iss", &["7", "null", "true", r#"["https://id.example"]"#, "{}"]),
        ("sub", &["7", "null", "[]", r#"{"id":7}"#]),
        (
            "aud",
            &[
                "7",
                "null",
                "{}",
                r#"["https://api.example",7]"#,
                r#"["https://api.example",["x"]]"#,
                "[null]",
            ],
        ),
        ("exp", &["1e30", "-1", "-0", r#""2000""#, "null", "true", "[2000]", "99999999999999999999"]),
        ("nbf", &["-1", "1e30", r#""0""#, "null", "253402300800"]),
        ("iat", &["-1", "1e30", r#""0""#, "null", "-1e-9"]),
        ("jti", &["7", "null", r#"["a"]"#]),
    ];
    for (claim, values) in rows {
        for value in values {
            let claims = if CLAIMS.contains(&format!("\"{claim}\"")) {
                claims_but(claim, value)
            } else {
                claims_with(&format!("\"{claim}\":{value}"))
            };
            check_claims(&claims, &format!("InvalidClaim({claim:?})"));
        }
    }
    for value in ["NaN", "Infinity", "-Infinity", "2000x", "02000", "0x7d0", "2000.", "1e400"] {
        check_claims(&claims_but("exp", value), "Malformed(Json)");
    }
    check_claims(&claims_but("exp", "2000.25"), "Ok");
    check_claims(&claims_but("exp", "2e3"), "Ok");
}

#[test]
fn claims_named_by_the_rules_are_required() {
    for (claims, want) in [
        (CLAIMS.replace(r#""exp":2000"#, r#""x":0"#), r#"MissingClaim("exp")"#),
        (CLAIMS.replace(r#""iss""#, r#""iSS""#), r#"MissingClaim("iss")"#),
        (CLAIMS.replace(r#""aud""#, r#""audience""#), r#"MissingClaim("aud")"#),
        (claims_but("iss", r#""https://id.example/""#), "WrongIssuer"),
        (claims_but("iss", r#""https://id.example.attacker.example""#), "WrongIssuer"),
        (claims_but("iss", r#""""#), "WrongIssuer"),
        (claims_but("aud", r#""https://other.example""#), "WrongAudience"),
        (claims_but("aud", r#""https://API.example""#), "WrongAudience"),
        (claims_but("aud", "[]"), "WrongAudience"),
        (claims_but("aud", r#"["a","b"]"#), "WrongAudience"),
    ] {
        check_claims(&claims, want);
    }
}

#[test]
fn other_types_of_tokens_are_refused() {
    for typ in
        ["JWT", "", "at", "at+jwt+x", "rt+jwt", "id+jwt", "text/at+jwt", "application/at+jwt/x", " at+jwt"]
    {
        check_header(&format!(r#"{{"typ":"{typ}","alg":"HS256"}}"#), "WrongType");
    }
    check_header(r#"{"alg":"HS256"}"#, "WrongType");
    for typ in ["7", "null", r#"["at+jwt"]"#] {
        check_header(&format!(r#"{{"typ":{typ},"alg":"HS256"}}"#), r#"Malformed(Header("typ"))"#);
    }
}

#[test]
fn non_canonical_base64url_is_refused() {
    let (header, claims) = (base64url(HEADER), base64url(CLAIMS));
    let honest = token(HEADER, CLAIMS);
    for (what, parts) in [
        ("padding", [format!("{header}="), claims.clone()]),
        ("padding", [header.clone(), format!("{claims}==")]),
        ("a space", [format!(" {header}"), claims.clone()]),
        ("a line feed", [header.clone(), format!("{claims}\n")]),
        ("the other alphabet", [header.clone(), format!("{claims}+/")]),
        ("NUL", [header.clone(), format!("{claims}\0")]),
        ("not ASCII", [header.clone(), format!("{claims}é")]),
    ] {
        check(what, &seal(&parts[0], &parts[1], SECRET), "Malformed(Character)");
    }
    for padded in [format!("{honest}="), format!("{honest} "), format!(" {honest}"), format!("{honest}\n")] {
        check("around the token", &padded, "Malformed(Character)");
    }
    // The parts have 41 and 77 bytes, so the last character of each has spare bits.
    for part in [&header, &claims] {
        assert_ne!(part.len() % 4, 0);
    }
    check("loose bits in the header", &seal(&loosened(&header), &claims, SECRET), "Malformed(Base64)");
    check("loose bits in the claims", &seal(&header, &loosened(&claims), SECRET), "Malformed(Base64)");
    check("loose bits in the signature", &loosened(&honest), "Malformed(Base64)");
    check(
        "an impossible length",
        &seal(&header, &format!("{}A", &claims[..claims.len() / 4 * 4]), SECRET),
        "Malformed(Base64)",
    );
    check("an impossible length", &format!("{honest}AA"), "Malformed(Base64)");
}

/// Sets the lowest spare bit of the last character. A lenient decoder yields the same bytes.
fn loosened(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = text.split_at(text.len() - 1);
    let value = ALPHABET.find(last).unwrap();
    assert_eq!(value & 1, 0, "the lowest bit is loose");
    format!("{rest}{}", &ALPHABET[value + 1..value + 2])
}

#[test]
fn other_serializations_are_refused() {
    let (header, claims) = (base64url(HEADER), base64url(CLAIMS));
    let json = format!(r#"{{"payload":"{claims}","protected":"{header}","signature":"AA"}}"#);
    check("JSON serialization", &json, "Malformed(Character)");
    for token in ["", ".", "a", "a.b", "a.b.c.d", "....", "a.b.c."] {
        check("not three parts", token, "Malformed(Parts)");
    }
    check("three times nothing", "..", "Malformed(Json)");
}

#[test]
fn header_and_claims_must_be_one_object_in_utf8() {
    for (what, text, want) in [
        ("empty", &b""[..], "Malformed(Json)"),
        ("null", b"null", "Malformed(Json)"),
        ("an array", b"[]", "Malformed(Json)"),
        ("a string", b"\"{}\"", "Malformed(Json)"),
        ("cut", b"{\"alg\":\"HS256\"", "Malformed(Json)"),
        ("two objects", b"{}{}", "Malformed(Json)"),
        ("a byte order mark", b"\xef\xbb\xbf{}", "Malformed(Json)"),
        ("a lone surrogate", br#"{"a":"\ud800"}"#, "Malformed(Json)"),
        ("not UTF-8", b"{\"a\":\"\xff\"}", "Malformed(Utf8)"),
        ("overlong UTF-8", b"{\"a\":\"\xc0\xa2\"}", "Malformed(Utf8)"),
        ("UTF-16", b"{\0}\0", "Malformed(Json)"),
    ] {
        check(what, &token(text, CLAIMS), want);
        check(what, &token(HEADER, text), want);
    }
}

#[test]
fn long_and_deep_tokens_are_refused() {
    check("8 MiB", &"A".repeat(8 << 20), "Malformed(TooLong)");
    check("8 MiB of dots", &".".repeat(8 << 20), "Malformed(TooLong)");
    let honest = token(HEADER, CLAIMS);
    let filler = |len: usize| "A".repeat(len - honest.len());
    check("at the cap", &format!("{honest}{}", filler(8192)), "BadSignature");
    check("beyond it", &format!("{honest}{}", filler(8193)), "Malformed(TooLong)");
    for bomb in ["[", r#"{"a":"#] {
        let bomb = bomb.repeat(1000);
        check("deep header", &token(format!(r#"{{"alg":"HS256","x":{bomb}"#), CLAIMS), "Malformed(TooDeep)");
        check("deep claims", &token(HEADER, format!(r#"{{"x":{bomb}"#)), "Malformed(TooDeep)");
    }
    let members = (0..32).map(|i| format!(",\"{i}\":0")).collect::<Vec<_>>().concat();
    check(
        "a wide header",
        &token(format!(r#"{{"alg":"HS256"{members}}}"#), CLAIMS),
        "Malformed(TooManyMembers)",
    );
}

#[test]
fn signature_is_checked_before_claims() {
    // A sender without the key learns nothing about invalid claims.
    for claims in ["{", r#"{"exp":1}"#, r#"{"a":1,"a":1}"#, r#"{"exp":"x"}"#] {
        let forged = seal(&base64url(HEADER), &base64url(claims), b"another secret, long enough for HS256");
        check(claims, &forged, "BadSignature");
        check_claims(claims, &verdict(rules().verify_bytes(&token(HEADER, claims), &key(), at(NOW))));
    }
}

#[test]
fn refusal_by_time_does_not_allocate() {
    check_claims(&claims_but("exp", "1000"), &format!("Expired {{ at: {:?} }}", at(1000)));
    check_claims(&claims_with(r#""nbf":1001"#), &format!("NotYetValid {{ at: {:?} }}", at(1001)));
    let large = claims_with(&format!(r#""x":"{}""#, "x".repeat(5000))).replace("2000", "1000");
    check_claims(&large, &format!("Expired {{ at: {:?} }}", at(1000)));
}

#[test]
fn raised_limit_applies_to_claims_only() {
    let rules = rules().max_len(1 << 20);
    let long = "x".repeat(100_000);
    let claims = claims_with(&format!(r#""x":"{long}""#));
    assert!(rules.verify_bytes(&token(HEADER, &claims), &key(), at(NOW)).is_ok());

    let header = format!(r#"{{"typ":"at+jwt","alg":"HS256","x":"{long}"}}"#);
    let refused = rules.verify_bytes(&token(&header, CLAIMS), &key(), at(NOW)).unwrap_err();
    assert!(matches!(refused, Error::Malformed(Malformed::TooLong)), "{refused}");

    let forged = seal(&base64url(HEADER), &base64url(&claims), b"another secret, long enough for HS256");
    let (key, mut result) = (key(), None);
    let allocations = allocation_counter::measure(|| {
        result = Some(rules.verify_bytes(&forged, &key, at(NOW)));
    });
    assert_eq!(verdict(result.unwrap()), "BadSignature");
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn refused_token_can_be_inspected() {
    let seen = inspect(&token(r#"{"alg":"none","crit":["x"],"x":1}"#, r#"{"exp":"never"}"#)).unwrap();
    assert_eq!(seen.header["crit"][0], "x");
    assert_eq!(seen.claims["exp"], "never");
    for malformed in ["", "a.b", "e30.e30.A", "e30.e30.AB", "e30.W10.", "eyJhIjoxLCJhIjoyfQ.e30."] {
        assert!(matches!(inspect(malformed), Err(Error::Malformed(_))), "{malformed}");
    }
}

#[test]
fn rules_can_accept_any_issuer_and_audience() {
    let bare = token(r#"{"alg":"HS256"}"#, "{}");
    let rules = Rules::any_type().any_issuer().any_audience().without_expiry();
    assert_eq!(verdict(rules.verify_bytes(&bare, &key(), at(NOW))), "Ok");
}
