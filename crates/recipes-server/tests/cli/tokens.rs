//! `recipes token verify`, `sign`, `keygen` and `public`, as scripts use them.

use serde_json::{Value, json};

use crate::program::{Ended, Folder};

/// RFC 7515 appendix A.1.
const JOE: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                   .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                   .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const JOES_KEY: &str = r#"{"kty":"oct","alg":"HS256",
    "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
const BEFORE: &str = "--now 1300819379";

/// All 13 there are.
const ALGORITHMS: [&str; 13] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
    "ES512", "EdDSA",
];

fn folder_with_joes_key() -> Folder {
    let folder = Folder::new();
    folder.write("key.json", JOES_KEY);
    folder
}

/// Runs `recipes token verify` on a token.
fn verify(folder: &Folder, token: &str, options: &str) -> Ended {
    folder.run(&format!("token verify {options} {token}"))
}

/// The reason of a refusal, of which nothing is on standard output.
#[track_caller]
fn refused(ended: &Ended) -> &str {
    let stderr = &ended.is(1).says("").stderr;
    assert!(stderr.starts_with("refused ("), "{ended:?}");
    stderr["refused (".len()..].split_once("): ").unwrap().0
}

/// The one line about what cannot be used.
#[track_caller]
fn unusable(ended: &Ended) -> &str {
    let line = ended.is(2).says("").stderr.trim_end();
    assert!(line.starts_with("recipes: ") && !line.contains('\n'), "{ended:?}");
    &line["recipes: ".len()..]
}

#[test]
fn a_good_token_is_printed_as_it_was_signed() {
    let folder = folder_with_joes_key();
    let claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    for time in [BEFORE, "--now 2011-03-22T18:42:59Z", "--now 1300819380 --leeway 1"] {
        verify(&folder, JOE, &format!("--jwk key.json {time}")).is(0).says(claims).complains(&[]);
    }
    for end in ["", "\n", "\r\n"] {
        let piped = folder
            .with(&format!("token verify --jwk key.json {BEFORE} -"))
            .stdin(&format!("{JOE}{end}"))
            .run();
        piped.is(0).says(claims);
    }
}

#[test]
fn a_refusal_has_a_reason() {
    let folder = folder_with_joes_key();
    for (options, reason) in [
        ("", "expired"),
        ("--no-exp", "expired"),
        ("--now 1300819380", "expired"),
        ("--now 1300819381 --leeway 1", "expired"),
        ("--now 1300819379 --iss jo", "wrong_issuer"),
        ("--now 1300819379 --aud joe", "missing_claim"),
        ("--now 1300819379 --typ at+jwt", "wrong_type"),
    ] {
        assert_eq!(refused(&verify(&folder, JOE, &format!("--jwk key.json {options}"))), reason, "{options}");
    }
    verify(&folder, JOE, &format!("--jwk key.json {BEFORE} --iss ann --iss joe --typ JWT")).is(0);

    for (token, reason) in [
        ("x", "malformed"),
        ("..", "malformed"),
        (&*format!("{JOE}."), "malformed"),
        (&*format!("{JOE}="), "malformed"),
        (&*JOE.replace("jXk", "jXl"), "malformed"),
        (&*JOE.replace("jXk", "jXg"), "bad_signature"),
        (&*JOE.replace("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJub25lIn0"), "wrong_algorithm"),
    ] {
        assert_eq!(refused(&verify(&folder, token, &format!("--jwk key.json {BEFORE}"))), reason, "{token}");
    }
}

#[test]
fn what_comes_on_standard_input_is_read_as_strictly() {
    let folder = folder_with_joes_key();
    let arguments = format!("token verify --jwk key.json {BEFORE} -");
    let long = vec![b'a'; 3 << 20];
    for input in [
        b"".to_vec(),
        b"\n".to_vec(),
        format!(" {JOE}").into(),
        format!("{JOE}\n\n").into(),
        b"\xff\xfe".to_vec(),
        long,
    ] {
        assert_eq!(refused(&folder.with(&arguments).stdin(&input).run()), "malformed");
    }
}

#[test]
fn a_token_without_exp_needs_a_word() {
    let folder = folder_with_joes_key();
    let token = signed(&folder, "--jwk key.json", r#"{"sub":"7"}"#);
    assert_eq!(refused(&verify(&folder, &token, "--jwk key.json")), "missing_claim");
    verify(&folder, &token, "--jwk key.json --no-exp").is(0).says(r#"{"sub":"7"}"#);
}

fn signed(folder: &Folder, options: &str, claims: &str) -> String {
    let ended = folder.with(&format!("token sign {options}")).stdin(claims).run();
    ended.is(0).complains(&[]).stdout.trim_end().to_owned()
}

#[test]
fn every_algorithm_goes_from_keygen_to_verify() {
    let folder = Folder::new();
    for alg in ALGORITHMS {
        let key = folder.run(&format!("token keygen --alg {alg}"));
        folder.write("key.json", &key.is(0).complains(&[]).stdout);
        let jwk: Value = serde_json::from_str(&key.stdout).unwrap();
        assert_eq!((&jwk["alg"], &jwk["use"]), (&json!(alg), &json!("sig")));

        let token = signed(&folder, "--jwk key.json --typ at+jwt --exp-in 60", r#"{"sub":"7"}"#);
        let seen = strict_jose::inspect(&token).unwrap();
        assert_eq!(seen.header, json!({ "typ": "at+jwt", "alg": alg, "kid": jwk["kid"] }));
        assert_eq!(seen.claims["sub"], "7");
        verify(&folder, &token, "--jwk key.json --typ at+jwt").is(0);

        let public = folder.run("token public --jwk key.json");
        if alg.starts_with("HS") {
            let why = "a shared secret has no public part: who can verify with it can also sign";
            assert_eq!(unusable(&public), why);
            continue;
        }
        assert!(!public.is(0).stdout.contains("\"d\""), "{public:?}");
        folder.write("public.json", &public.stdout);
        verify(&folder, &token, "--jwk public.json").is(0);
        let why = "this key can only verify; sign with the private one";
        assert_eq!(unusable(&folder.with("token sign --jwk public.json").stdin("{}").run()), why);

        folder.write("jwks.json", &folder.run("token public --jwk key.json --set").is(0).stdout);
        verify(&folder, &token, "--jwks jwks.json").is(0);
        folder.write("jwks.json", r#"{"keys":[]}"#);
        assert_eq!(refused(&verify(&folder, &token, "--jwks jwks.json")), "unknown_key");
    }
}

#[test]
fn a_key_is_named_by_its_thumbprint_or_by_hand() {
    let folder = Folder::new();
    let kid = |options: &str| {
        let jwk: Value = serde_json::from_str(&folder.run(options).is(0).stdout).unwrap();
        jwk["kid"].as_str().unwrap().to_owned()
    };
    assert_eq!(kid("token keygen --alg EdDSA").len(), 43);
    assert_ne!(kid("token keygen --alg EdDSA"), kid("token keygen --alg EdDSA"));
    assert_eq!(kid("token keygen --alg EdDSA --kid mine"), "mine");
}

#[test]
fn claims_are_signed_as_they_are_written() {
    let folder = folder_with_joes_key();
    // No number type has room for the second.
    for claims in
        ["{}", r#" { "z" : 1 , "a" : 0.10000000000000000000000000001 } "#, r#"{"a":{"exp":"never"}}"#]
    {
        folder.write("claims.json", claims);
        let token = folder.run("token sign --jwk key.json claims.json").is(0).stdout.trim_end().to_owned();
        verify(&folder, &token, "--jwk key.json --no-exp").is(0).says(claims.trim());

        let options = "--jwk key.json --exp-in 300 --now 1000";
        let token = signed(&folder, options, claims);
        assert_eq!(strict_jose::inspect(&token).unwrap().claims["exp"], 1300);
        verify(&folder, &token, "--jwk key.json --now 1299").is(0);
        assert_eq!(refused(&verify(&folder, &token, "--jwk key.json --now 1300")), "expired");
    }
}

#[test]
fn what_is_no_claims_set_is_not_signed() {
    let folder = folder_with_joes_key();
    for claims in [
        "",
        "7",
        "[]",
        "{",
        "{}{}",
        r#"{"a":1,"a":2}"#,
        r#"{"exp":"tomorrow"}"#,
        r#"{"exp":-1}"#,
        r#"{"sub":7}"#,
        "\u{feff}{}",
    ] {
        for options in ["", "--exp-in 60"] {
            let ended = folder.with(&format!("token sign --jwk key.json {options}")).stdin(claims).run();
            ended.is(1).says("");
            assert!(
                ended.stderr.starts_with("recipes: the claims of standard input are "),
                "{claims}: {ended:?}"
            );
        }
    }
    let twice = folder.with("token sign --jwk key.json --exp-in 60").stdin(r#"{"exp":9}"#).run();
    twice.is(1).complains(&["recipes: the claims of standard input are refused: a member occurs twice"]);
    folder.with("token sign --jwk key.json").stdin(&vec![b' '; 2 << 20]).run().is(2);
    folder.with("token sign --jwk key.json").stdin(b"\xff".as_slice()).run().is(1);
    let none = folder.run("token sign --jwk key.json none.json");
    assert_eq!(unusable(&none), "none.json cannot be read: No such file or directory (os error 2)");
}

#[test]
fn any_payload_is_signed_and_given_back() {
    let folder = folder_with_joes_key();
    let payload = "no JSON: \u{0}\r\n";
    let token = signed(&folder, "--jwk key.json --any-payload --typ note", payload);
    let shown = verify(&folder, &token, "--jwk key.json --any-payload");
    assert_eq!(shown.is(0).stdout, payload);
    verify(&folder, &token, "--jwk key.json --any-payload --typ note").is(0);
    assert_eq!(refused(&verify(&folder, &token, "--jwk key.json --any-payload --typ bill")), "wrong_type");
    assert_eq!(refused(&verify(&folder, &token, "--jwk key.json")), "malformed");
    folder.write("other.txt", "another secret, also of more than 32 bytes");
    assert_eq!(refused(&verify(&folder, &token, "--secret-file other.txt --any-payload")), "bad_signature");
    // Whom it is for cannot be asked of bytes.
    verify(&folder, &token, "--jwk key.json --any-payload --iss joe").is(2);
}

#[test]
fn the_algorithm_is_the_keys_and_never_the_tokens() {
    let folder = folder_with_joes_key();
    folder.write("no-alg.json", JOES_KEY.replace(r#""alg":"HS256","#, ""));
    let hint = "no-alg.json cannot be used: the JWK has no `alg`; say which algorithm it is for with --alg";
    assert_eq!(unusable(&verify(&folder, JOE, "--jwk no-alg.json")), hint);
    verify(&folder, JOE, &format!("--jwk no-alg.json --alg HS256 {BEFORE}")).is(0);
    let reason = verify(&folder, JOE, &format!("--jwk no-alg.json --alg HS384 {BEFORE}"));
    assert_eq!(refused(&reason), "wrong_algorithm");
    let other = "key.json cannot be used: the JWK is for HS256, not for HS384";
    assert_eq!(unusable(&verify(&folder, JOE, "--jwk key.json --alg HS384")), other);

    let names = verify(&folder, JOE, "--jwk key.json --alg none");
    assert!(names.is(2).stderr.contains("must be one of HS256, HS384"), "{names:?}");
}

#[test]
fn a_secret_is_the_bytes_of_its_file() {
    let folder = Folder::new();
    let secret = "a secret for tests, of more than 32 bytes";
    folder.write("secret.txt", secret);
    let token = signed(&folder, "--secret-file secret.txt --exp-in 60", "{}");
    verify(&folder, &token, "--secret-file secret.txt --alg HS256").is(0);
    for (code, end) in [(0, "\n"), (0, "\r\n"), (1, "\n\n"), (1, " ")] {
        folder.write("secret.txt", format!("{secret}{end}"));

        verify(&folder, &token, "--secret-file secret.txt").is(code);
    }
    folder.write("secret.txt", "short\n");
    let short = "secret.txt cannot be used: the secret has 5 bytes; at least 32 are needed";
    assert_eq!(unusable(&verify(&folder, &token, "--secret-file secret.txt")), short);
    folder.write(
        "secret.txt",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n",
    );
    let pem = verify(&folder, &token, "--secret-file secret.txt");
    assert!(unusable(&pem).ends_with("not a shared secret; give it by --pem"), "{pem:?}");
    let pair = verify(&folder, &token, "--secret-file secret.txt --alg ES256");
    assert!(unusable(&pair).contains("ES256 needs a key pair"), "{pair:?}");
}

#[test]
fn a_pem_needs_to_be_told_its_algorithm() {
    let folder = Folder::new();
    // RFC 8410 section 10.3 and 10.1.
    folder.write("private.pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n");
    folder.write("public.pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n");
    let token = signed(&folder, "--pem private.pem --alg EdDSA --kid a --exp-in 60", "{}");
    assert_eq!(strict_jose::inspect(&token).unwrap().header["kid"], "a");
    verify(&folder, &token, "--pem public.pem --alg EdDSA").is(0);
    let untold = verify(&folder, &token, "--pem public.pem");
    assert!(untold.is(2).stderr.contains("--alg"), "{untold:?}");
    let other = "public.pem cannot be used: this is an Ed25519 key, and RS256 needs an RSA key";
    assert_eq!(unusable(&verify(&folder, &token, "--pem public.pem --alg RS256")), other);

    let public = folder.run("token public --pem private.pem --alg EdDSA --kid a");
    let jwk: Value = serde_json::from_str(&public.is(0).stdout).unwrap();
    assert_eq!(jwk["x"], "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
    assert_eq!((&jwk["kid"], jwk.get("d")), (&json!("a"), None));
}

#[test]
fn a_set_is_published_or_ones_own() {
    let folder = Folder::new();
    let jwk = |alg: &str, kid: &str| {
        folder.run(&format!("token keygen --alg {alg} --kid {kid}")).is(0).stdout.trim_end().to_owned()
    };
    let (a, b, secret) = (jwk("ES256", "a"), jwk("EdDSA", "b"), jwk("HS256", "c"));
    folder.write("own.json", format!(r#"{{"keys":[{a},{b}]}}"#));
    folder.write("jwks.json", &folder.run("token public --jwks own.json").is(0).stdout);

    let which = folder.with("token sign --jwks own.json").stdin("{}").run();
    assert_eq!(unusable(&which), "the set has several keys; say which with --kid");
    let none = folder.with("token sign --jwks own.json --kid c").stdin("{}").run();
    assert_eq!(unusable(&none), "no key of the set is called \"c\"");
    for (kid, alg) in [("a", "ES256"), ("b", "EdDSA")] {
        let token = signed(&folder, &format!("--jwks own.json --kid {kid} --exp-in 60"), "{}");
        assert_eq!(strict_jose::inspect(&token).unwrap().header, json!({ "alg": alg, "kid": kid }));
        verify(&folder, &token, "--jwks jwks.json").is(0);
        let private = verify(&folder, &token, "--jwks own.json");
        assert!(unusable(&private).contains("private member `d`"), "{private:?}");
    }

    folder.write("own.json", format!(r#"{{"keys":[{secret}]}}"#));
    let token = signed(&folder, "--jwks own.json --exp-in 60", "{}");
    verify(&folder, &token, "--jwks own.json").is(0);
    folder.write("mixed.json", format!(r#"{{"keys":[{secret},{a}]}}"#));
    let mixed = verify(&folder, &token, "--jwks mixed.json");
    assert!(unusable(&mixed).ends_with("the set has shared secrets beside asymmetric keys"), "{mixed:?}");
}

#[test]
fn a_mistake_is_code_2_with_what_to_do() {
    let folder = folder_with_joes_key();
    folder.write("set.json", format!(r#"{{"keys":[{JOES_KEY}]}}"#));
    folder.write("empty.json", "");
    folder.write("bytes.json", b"\xff\xfe");
    folder.write("long.json", vec![b' '; (1 << 20) + 1]);
    for (options, want) in [
        ("--jwk none.json", "none.json cannot be read: No such file or directory (os error 2)"),
        ("--jwk .", ". cannot be read: Is a directory (os error 21)"),
        ("--jwk empty.json", "empty.json cannot be used: malformed JWK: not one JSON object"),
        ("--jwk bytes.json", "bytes.json cannot be used: it is not UTF-8"),
        ("--jwk long.json", "long.json cannot be read: longer than 1 MiB"),
        ("--jwk /dev/zero", "/dev/zero cannot be read: longer than 1 MiB"),
        (
            "--jwk set.json",
            "set.json cannot be used: the JWK has no member `kty`; if this is a JWK set, give it by --jwks",
        ),
        (
            "--jwks key.json",
            "key.json cannot be used: the JWK set has no array `keys` of objects; if this is one JWK, give it by --jwk",
        ),
        (
            "--pem key.json --alg RS256",
            "key.json cannot be used: this is no PEM text: \"-----BEGIN ... KEY-----\", base64, \"-----END ... KEY-----\"",
        ),
    ] {
        assert_eq!(unusable(&verify(&folder, JOE, options)), want, "{options}");
    }
    for options in [
        "",
        "--jwk key.json --jwks set.json",
        "--jwk key.json --now yesterday",
        "--jwk key.json --now -1",
        "--jwk key.json --leeway 5m",
        "--jwk key.json --leeway -1",
        "--jwk key.json extra",
        "--secret hunter2",
    ] {
        let ended = verify(&folder, JOE, options);
        assert!(ended.is(2).says("").stderr.starts_with("error: "), "{options}: {ended:?}");
    }
    folder.run("token keygen").is(2);
    folder.run("token keygen --alg none").is(2);
}
