use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use strict_jose::Key;

use crate::program::{Folder, Run};

const SECRET: &str = "a secret for tests, of more than 32 bytes";
const PUBLIC_URL: &str = "https://recipes.example";

/// An access token of the server with this public URL.
fn token(secret: &str, typ: &str, expires_in: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the tested program uses the system's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let sid = "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d";
    let claims = json!({ "id": 7, "sid": sid, "iat": now - 60, "exp": now + expires_in, "iss": PUBLIC_URL, "aud": PUBLIC_URL });
    Key::hs256(secret.as_bytes()).unwrap().sign(typ, &claims).unwrap()
}

/// `recipes token decode` with the key and the name of the server.
fn decode<'a>(folder: &'a Folder, token: &str) -> Run<'a> {
    folder.with(&format!("token decode {token}")).env("JWT_SECRET", SECRET).env("PUBLIC_URL", PUBLIC_URL)
}

#[test]
fn new_secret_is_random_and_long_enough() {
    let folder = Folder::new();
    let one = folder.run("secret").is(0).stdout.trim_end().to_owned();
    assert_eq!(one.len(), 64);
    assert_ne!(one, folder.run("secret").stdout.trim_end());
    let token = token(&one, "at+jwt", 60);
    decode(&folder, &token).env("JWT_SECRET", &one).run().is(0);
}

#[test]
fn token_is_shown_with_relative_times_and_verified() {
    let folder = Folder::new();
    let token = token(SECRET, "at+jwt", 23 * 3_600 + 1_800);
    let good = decode(&folder, &token).run();
    good.is(0).complains(&[]);
    for part in
        [r#""alg": "HS256""#, r#""typ": "at+jwt""#, r#""id": 7"#, "Issued 6", "Expires in 23 h, at 20"]
    {
        assert!(good.stdout.contains(part), "{part}: {good:?}");
    }
    assert!(good.stdout.ends_with("This server accepts the token.\n"), "{good:?}");

    let piped = |text: String| decode(&folder, "-").stdin(&text).run();
    // A second may have passed.
    let without_age =
        |stdout: &str| stdout.replace("Issued 61 s", "Issued 60 s").replace("Issued 62 s", "Issued 60 s");
    assert_eq!(without_age(&piped(format!("{token}\n")).is(0).stdout), without_age(&good.stdout));
    // The server accepts no other white space either.
    piped(format!(" {token}\n")).is(1);
    piped(format!("{token}\n\n")).is(1);
}

#[test]
fn refused_token_is_shown_with_the_reason() {
    let folder = Folder::new();
    for (token, reason) in [
        (token(&SECRET.replace('a', "b"), "at+jwt", 60), "the signature does not match the key"),
        (token(SECRET, "at+jwt", -30), "the token expired at "),
        (token(SECRET, "JWT", 60), "the `typ` of the token is \"JWT\", not \"at+jwt\""),
        (format!("{}.x", token(SECRET, "at+jwt", 60)), "malformed token"),
        ("soup".to_owned(), "malformed token"),
    ] {
        let refused = decode(&folder, &token).run();
        refused.is(1);
        assert!(refused.stdout.contains(&format!("This server refuses the token: {reason}")), "{refused:?}");
    }
}

#[test]
fn token_is_shown_without_a_key() {
    let folder = Folder::new();
    let token = token(SECRET, "at+jwt", 60);
    let shown = folder.run(&format!("token decode {token}"));
    shown.is(1);
    assert!(shown.stdout.contains(r#""id": 7"#), "{shown:?}");
    let verdict = "Cannot be verified: JWT_SECRET is not set and there is no data/jwt-secret.\n";
    assert!(shown.stdout.ends_with(verdict), "{shown:?}");
    assert!(!folder.has("data"), "decoding creates no secret");

    folder.write("jwt-secret", format!("{SECRET}\n"));
    folder.run(&format!("token decode {token} --data-dir . --public-url {PUBLIC_URL}")).is(0);
    let shown = folder.run(&format!("token decode {token} --data-dir ."));
    let why = "PUBLIC_URL is not set and the name of this server is not in the database sqlite:./recipes.db";
    assert!(shown.is(1).stdout.ends_with(&format!("Cannot be verified: {why}.\n")), "{shown:?}");
    assert!(!folder.has("recipes.db"), "decoding creates no database");
}

#[test]
fn short_secret_is_refused() {
    let refused = Folder::new().with("token decode x").env("JWT_SECRET", "secret").run();
    refused
        .is(2)
        .says("")
        .complains(&["recipes: JWT_SECRET is 6 bytes long and must be at least 32, or it can be guessed; \
         \"recipes secret\" prints a good one"]);
}

#[test]
fn token_of_another_server_is_refused() {
    let folder = Folder::new();
    let token = token(SECRET, "at+jwt", 60);
    let refused = decode(&folder, &token).env("PUBLIC_URL", "https://other.example").run();
    let why = r#"refuses the token: the `iss` of the token is "https://recipes.example", not "https://other.example"."#;
    assert!(refused.is(1).stdout.trim_end().ends_with(why), "{refused:?}");
}
