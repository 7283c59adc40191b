//! `recipes token verify`, `sign`, `keygen` and `public`.

mod keys;

use serde_json::{Value, json};

use crate::program::{Ended, Folder};

/// RFC 7515 appendix A.1.
const JOE: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
                   .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
                   .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const JOES_KEY: &str = r#"{"kty":"oct","alg":"HS256",
    "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
const BEFORE: &str = "--now 1300819379";

/// All 13 algorithms.
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

/// The reason of a refusal. Standard output is empty.
#[track_caller]
fn refused(ended: &Ended) -> &str {
    let stderr = &ended.is(1).says("").stderr;
    assert!(stderr.starts_with("refused ("), "{ended:?}");
    stderr["refused (".len()..].split_once("): ").unwrap().0
}

/// The one line about an invalid argument.
#[track_caller]
fn invalid(ended: &Ended) -> &str {
    let line = ended.is(2).says("").stderr.trim_end();
    assert!(line.starts_with("recipes: ") && !line.contains('\n'), "{ended:?}");
    &line["recipes: ".len()..]
}

#[test]
fn claims_of_a_valid_token_are_printed_as_they_were_signed() {
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
fn refusal_has_a_reason() {
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
fn exit_code_is_the_same_when_the_output_is_closed() {
    let folder = folder_with_joes_key();
    for (command, code) in [
        (format!("token verify --jwk key.json {JOE}"), 1),
        (format!("token verify --jwk key.json {BEFORE} {JOE}"), 0),
        (format!("token decode {JOE}"), 1),
    ] {
        folder.with(&command).ends_with_closed_output(code);
    }
}

#[test]
fn failed_write_is_not_a_success() {
    let folder = folder_with_joes_key();
    let token = signed(&folder, "--jwk key.json --any-payload", "no line break");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = folder.command(&format!("token verify --jwk key.json --any-payload {token}"));
    let ended: Ended = command.stdout(full).output().unwrap().into();
    ended.is(1).complains(&["recipes: No space left on device (os error 28)"]);
}

#[test]
fn token_that_looks_like_an_option_is_refused() {
    let folder = folder_with_joes_key();
    for token in ["-x", "-eyJ0", "--eyJ0", "-- -h", "-- --help", "-- --no-exp"] {
        assert_eq!(refused(&verify(&folder, token, "--jwk key.json")), "malformed", "{token}");
        folder.with(&format!("token decode {token}")).run().is(1);
    }
    // Options may follow the token, and a misspelled option is not a token.
    folder.run(&format!("token verify {JOE} --jwk key.json {BEFORE}")).is(0);
    verify(&folder, JOE, "--jwk key.json --no-expp").is(2);
}

#[test]
fn unreadable_standard_input_is_exit_code_2() {
    let folder = folder_with_joes_key();
    for command in ["token verify --jwk key.json -", "token decode -"] {
        let directory = std::fs::File::open("/").unwrap();
        let ended: Ended = folder.command(command).stdin(directory).output().unwrap().into();
        assert_eq!(invalid(&ended), "standard input cannot be read: Is a directory (os error 21)");
    }
}

#[test]
fn token_on_standard_input_is_verified_as_strictly() {
    let folder = folder_with_joes_key();
    let arguments = format!("token verify --jwk key.json {BEFORE} -");
    let long = vec![b'a'; 5 << 20];
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
fn token_without_exp_needs_the_flag() {
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
fn every_algorithm_works_from_keygen_to_verify() {
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
            let why = "a shared secret has no public part: the same secret signs and verifies";
            assert_eq!(invalid(&public), why);
            continue;
        }
        assert!(!public.is(0).stdout.contains("\"d\""), "{public:?}");
        folder.write("public.json", &public.stdout);
        verify(&folder, &token, "--jwk public.json").is(0);
        let why = "this key can only verify; sign with the private key";
        assert_eq!(invalid(&folder.with("token sign --jwk public.json").stdin("{}").run()), why);

        folder.write("jwks.json", &folder.run("token public --jwk key.json --set").is(0).stdout);
        verify(&folder, &token, "--jwks jwks.json").is(0);
        folder.write("jwks.json", r#"{"keys":[]}"#);
        assert_eq!(refused(&verify(&folder, &token, "--jwks jwks.json")), "unknown_key");
    }
}

#[test]
fn claims_are_signed_as_they_are_written() {
    let folder = folder_with_joes_key();
    // No number type represents the number in the second.
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
fn invalid_claims_are_not_signed() {
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
    twice.is(1).complains(&["recipes: the claims of standard input are refused: duplicate member"]);
    folder.with("token sign --jwk key.json").stdin(&vec![b' '; 2 << 20]).run().is(2);
    folder.with("token sign --jwk key.json").stdin(b"\xff".as_slice()).run().is(1);
    let none = folder.run("token sign --jwk key.json none.json");
    assert_eq!(invalid(&none), "none.json cannot be read: No such file or directory (os error 2)");
}

#[test]
fn any_payload_is_signed_and_verified() {
    let folder = folder_with_joes_key();
    let payload = "not JSON: \u{0}\r\n";
    let token = signed(&folder, "--jwk key.json --any-payload --typ note", payload);
    let shown = verify(&folder, &token, "--jwk key.json --any-payload");
    assert_eq!(shown.is(0).stdout, payload);
    verify(&folder, &token, "--jwk key.json --any-payload --typ note").is(0);
    assert_eq!(refused(&verify(&folder, &token, "--jwk key.json --any-payload --typ bill")), "wrong_type");
    assert_eq!(refused(&verify(&folder, &token, "--jwk key.json")), "malformed");
    folder.write("other.txt", "another secret, also of more than 32 bytes");
    assert_eq!(refused(&verify(&folder, &token, "--secret-file other.txt --any-payload")), "bad_signature");
    // Bytes have no claims to check.
    for option in ["--iss joe", "--aud joe", "--now 0", "--leeway 1", "--no-exp"] {
        verify(&folder, &token, &format!("--jwk key.json --any-payload {option}")).is(2);
    }
}

#[test]
fn every_signed_token_can_be_verified_up_to_the_maximum_size() {
    let folder = folder_with_joes_key();
    let name = "n".repeat(4_000);
    folder.write("payload", vec![0; 1 << 20]);
    let signing = format!("token sign --jwk key.json --any-payload --kid {name} payload");
    let token = folder.run(&signing).is(0).stdout.clone();
    let shown = folder.with("token verify --jwk key.json --any-payload -").stdin(&token).run();
    assert_eq!(shown.is(0).stdout, "\0".repeat(1 << 20));

    let claims = format!(r#"{{"text":"{}"}}"#, "x".repeat((1 << 20) - 11));
    let token = folder.with("token sign --jwk key.json --exp-in 60").stdin(&claims).run();
    folder.with("token verify --jwk key.json -").stdin(&token.is(0).stdout).run().is(0);

    // No verifier reads such a header.
    let name = "n".repeat(7_000);
    let ended = folder.with(&format!("token sign --jwk key.json --kid {name}")).stdin("{}").run();
    ended.is(1).says("").complains(&["recipes: the header (`typ`, `kid`) is longer than a verifier accepts"]);
}
