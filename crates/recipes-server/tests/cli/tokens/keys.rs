//! The key files of `recipes token`.

use serde_json::{Value, json};

use super::{BEFORE, JOE, JOES_KEY, folder_with_joes_key, invalid, refused, signed, verify};
use crate::program::Folder;

#[test]
fn key_name_is_the_thumbprint_or_the_given_name() {
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
fn key_ops_of_a_jwk_are_respected() {
    let folder = folder_with_joes_key();
    folder.write("sign.json", JOES_KEY.replacen('{', r#"{"key_ops":["sign"],"#, 1));
    let token = signed(&folder, "--jwk sign.json --exp-in 60", "{}");
    verify(&folder, &token, "--jwk key.json").is(0);
    let why = "this key can only sign, because of its `key_ops`; \"recipes token public\" prints the key for verifying";
    assert_eq!(invalid(&verify(&folder, &token, "--jwk sign.json")), why);
}

#[test]
fn algorithm_comes_from_the_key_and_never_from_the_token() {
    let folder = folder_with_joes_key();
    folder.write("no-alg.json", JOES_KEY.replace(r#""alg":"HS256","#, ""));
    let hint = "no-alg.json cannot be used: the JWK has no `alg`; say which algorithm it is for with --alg";
    assert_eq!(invalid(&verify(&folder, JOE, "--jwk no-alg.json")), hint);
    verify(&folder, JOE, &format!("--jwk no-alg.json --alg HS256 {BEFORE}")).is(0);
    let reason = verify(&folder, JOE, &format!("--jwk no-alg.json --alg HS384 {BEFORE}"));
    assert_eq!(refused(&reason), "wrong_algorithm");
    let other = "key.json cannot be used: the JWK is for HS256, not for HS384";
    assert_eq!(invalid(&verify(&folder, JOE, "--jwk key.json --alg HS384")), other);

    let names = verify(&folder, JOE, "--jwk key.json --alg none");
    assert!(names.is(2).stderr.contains("must be one of HS256, HS384"), "{names:?}");
}

#[test]
fn secret_is_the_bytes_of_its_file() {
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
    assert_eq!(invalid(&verify(&folder, &token, "--secret-file secret.txt")), short);
    folder.write(
        "secret.txt",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n",
    );
    let pem = verify(&folder, &token, "--secret-file secret.txt");
    assert!(invalid(&pem).ends_with("not a shared secret; give it by --pem"), "{pem:?}");
    let pair = verify(&folder, &token, "--secret-file secret.txt --alg ES256");
    assert!(invalid(&pair).contains("ES256 needs a key pair"), "{pair:?}");
}

#[test]
fn pem_needs_the_algorithm() {
    let folder = Folder::new();
    // RFC 8410 section 10.3 and 10.1.
    folder.write("private.pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n");
    folder.write("public.pem", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n");
    let token = signed(&folder, "--pem private.pem --alg EdDSA --kid a --exp-in 60", "{}");
    assert_eq!(strict_jose::inspect(&token).unwrap().header["kid"], "a");
    verify(&folder, &token, "--pem public.pem --alg EdDSA").is(0);
    let without_alg = verify(&folder, &token, "--pem public.pem");
    assert!(without_alg.is(2).stderr.contains("--alg"), "{without_alg:?}");
    let other = "public.pem cannot be used: this is an Ed25519 key, and RS256 needs an RSA key";
    assert_eq!(invalid(&verify(&folder, &token, "--pem public.pem --alg RS256")), other);

    let public = folder.run("token public --pem private.pem --alg EdDSA --kid a");
    let jwk: Value = serde_json::from_str(&public.is(0).stdout).unwrap();
    assert_eq!(jwk["x"], "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
    assert_eq!((&jwk["kid"], jwk.get("d")), (&json!("a"), None));
}

#[test]
fn verifying_accepts_published_sets_and_signing_private_sets() {
    let folder = Folder::new();
    let jwk = |alg: &str, kid: &str| {
        folder.run(&format!("token keygen --alg {alg} --kid {kid}")).is(0).stdout.trim_end().to_owned()
    };
    let (a, b, secret) = (jwk("ES256", "a"), jwk("EdDSA", "b"), jwk("HS256", "c"));
    folder.write("own.json", format!(r#"{{"keys":[{a},{b}]}}"#));
    folder.write("jwks.json", &folder.run("token public --jwks own.json").is(0).stdout);

    let which = folder.with("token sign --jwks own.json").stdin("{}").run();
    assert_eq!(invalid(&which), "the set has several keys; choose one with --kid");
    let none = folder.with("token sign --jwks own.json --kid c").stdin("{}").run();
    assert_eq!(invalid(&none), "no key of the set has the name \"c\"");
    for (kid, alg) in [("a", "ES256"), ("b", "EdDSA")] {
        let token = signed(&folder, &format!("--jwks own.json --kid {kid} --exp-in 60"), "{}");
        assert_eq!(strict_jose::inspect(&token).unwrap().header, json!({ "alg": alg, "kid": kid }));
        verify(&folder, &token, "--jwks jwks.json").is(0);
        let private = verify(&folder, &token, "--jwks own.json");
        assert!(invalid(&private).contains("private member `d`"), "{private:?}");
    }

    folder.write("own.json", format!(r#"{{"keys":[{secret}]}}"#));
    let token = signed(&folder, "--jwks own.json --exp-in 60", "{}");
    verify(&folder, &token, "--jwks own.json").is(0);
    let unstated = secret.replace(r#""alg":"HS256","#, "");
    folder.write("own.json", format!(r#"{{"keys":[{unstated}]}}"#));
    let hint = "own.json cannot be used: key 0 of the set: the JWK has no `alg`; say which algorithm it is for with --alg";
    assert_eq!(invalid(&verify(&folder, &token, "--jwks own.json")), hint);
    verify(&folder, &token, "--jwks own.json --alg HS256").is(0);
    let token = signed(&folder, "--jwks own.json --alg HS256 --exp-in 60", "{}");
    verify(&folder, &token, "--jwks own.json --alg HS256").is(0);

    folder.write("mixed.json", format!(r#"{{"keys":[{secret},{a}]}}"#));
    let mixed = verify(&folder, &token, "--jwks mixed.json");
    assert!(invalid(&mixed).ends_with("the set has both shared secrets and asymmetric keys"), "{mixed:?}");
}

#[test]
fn wrong_key_file_is_exit_code_2_with_the_remedy() {
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
            "key.json cannot be used: the JWK set has no array `keys`; if this is one JWK, give it by --jwk",
        ),
        (
            "--pem key.json --alg RS256",
            "key.json cannot be used: this is not a PEM text: \"-----BEGIN ... KEY-----\", base64, \"-----END ... KEY-----\"",
        ),
    ] {
        assert_eq!(invalid(&verify(&folder, JOE, options)), want, "{options}");
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
