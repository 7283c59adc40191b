use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use strict_jose::Key;

use crate::program::Folder;

const SECRET: &str = "a secret for tests, of more than 32 bytes";

fn token(secret: &str, typ: &str, expires_in: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "the program that is tested looks at the system's clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let sid = "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d";
    let claims = json!({ "id": 7, "sid": sid, "iat": now - 60, "exp": now + expires_in });
    Key::hs256(secret.as_bytes()).unwrap().sign(typ, &claims).unwrap()
}

#[test]
fn a_secret_is_random_and_long_enough_for_jwt_secret() {
    let folder = Folder::new();
    let one = folder.run("secret").is(0).stdout.trim_end().to_owned();
    assert_eq!(one.len(), 64);
    assert_ne!(one, folder.run("secret").stdout.trim_end());
    let token = token(&one, "at+jwt", 60);
    folder.with(&format!("token decode {token}")).env("JWT_SECRET", &one).run().is(0);
}

#[test]
fn a_token_is_shown_in_words_and_verified() {
    let folder = Folder::new();
    let token = token(SECRET, "at+jwt", 23 * 3_600 + 1_800);
    let good = folder.with(&format!("token decode {token}")).env("JWT_SECRET", SECRET).run();
    good.is(0).complains(&[]);
    for part in
        [r#""alg": "HS256""#, r#""typ": "at+jwt""#, r#""id": 7"#, "Issued 6", "Expires in 23 h, at 20"]
    {
        assert!(good.stdout.contains(part), "{part}: {good:?}");
    }
    assert!(good.stdout.ends_with("Verifies with the configured key.\n"), "{good:?}");

    let piped = |text: String| folder.with("token decode -").env("JWT_SECRET", SECRET).stdin(&text).run();
    assert_eq!(piped(format!("{token}\n")).is(0).stdout, good.stdout);
    // The server takes no other white space either.
    piped(format!(" {token}\n")).is(1);
    piped(format!("{token}\n\n")).is(1);
}

#[test]
fn what_this_server_would_refuse_is_shown_with_the_reason() {
    let folder = Folder::new();
    for (token, reason) in [
        (token(&SECRET.replace('a', "b"), "at+jwt", 60), "the signature does not match the key"),
        (token(SECRET, "at+jwt", -30), "the token expired at "),
        (token(SECRET, "JWT", 60), "the token has another type (`typ`)"),
        (format!("{}.x", token(SECRET, "at+jwt", 60)), "malformed token"),
        ("soup".to_owned(), "malformed token"),
    ] {
        let refused = folder.with(&format!("token decode {token}")).env("JWT_SECRET", SECRET).run();
        refused.is(1);
        assert!(
            refused.stdout.contains(&format!("Does not verify with the configured key: {reason}")),
            "{refused:?}"
        );
    }
}

#[test]
fn without_a_key_a_token_is_only_shown() {
    let folder = Folder::new();
    let token = token(SECRET, "at+jwt", 60);
    let shown = folder.run(&format!("token decode {token}"));
    shown.is(1);
    assert!(shown.stdout.contains(r#""id": 7"#), "{shown:?}");
    let verdict = "Cannot be verified: JWT_SECRET is not set and there is no data/jwt-secret.\n";
    assert!(shown.stdout.ends_with(verdict), "{shown:?}");
    assert!(!folder.has("data"), "looking makes no secret");

    folder.write("jwt-secret", format!("{SECRET}\n"));
    folder.run(&format!("token decode {token} --database-url sqlite:recipes.db")).is(0);
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    let refused = Folder::new().with("token decode x").env("JWT_SECRET", "secret").run();
    refused
        .is(2)
        .says("")
        .complains(&["recipes: JWT_SECRET is 6 bytes long and must be at least 32, or it can be guessed; \
         \"recipes secret\" makes a good one"]);
}
