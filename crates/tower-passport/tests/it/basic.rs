//! `Authorization: Basic`.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::HeaderValue;
use secrecy::ExposeSecret;
use tower_passport::{Basic, LocalCredentials};

use crate::answer::{answer, app, get};
use crate::says::no_credentials;

const CHALLENGE: &str = r#"Basic realm="cave", charset="UTF-8""#;

/// Returns the credentials as the user; the store fails for `down`, and `x` is a wrong password.
async fn find(credentials: LocalCredentials) -> Result<Option<String>, io::Error> {
    match credentials.password.expose_secret() {
        "down" => Err(io::Error::other("the store is down")),
        "x" => Ok(None),
        password => Ok(Some(format!("{}|{password}", credentials.username))),
    }
}

async fn ask(value: &str) -> String {
    let mut request = get(&[]);
    request.headers_mut().insert("authorization", HeaderValue::from_str(value).unwrap());
    answer(app(Basic::new("cave", find).unwrap()), request).await
}

async fn ask_as(name_and_password: impl AsRef<[u8]>) -> String {
    ask(&format!("Basic {}", STANDARD.encode(name_and_password))).await
}

#[tokio::test]
async fn name_and_password_are_unchanged() {
    for (sent, want) in [
        ("ali:open sesame", "200 ali|open sesame"),
        ("ali:a:b:", "200 ali|a:b:"),
        ("ali baba@cave.example: ", "200 ali baba@cave.example| "),
        ("al\u{e9}:\u{1f512}", "200 al\u{e9}|\u{1f512}"),
        ("ale\u{301}:x\u{301}", "200 ale\u{301}|x\u{301}"),
    ] {
        assert_eq!(ask_as(sent).await, want);
    }
    assert_eq!(ask("bAsIc  YTpi").await, "200 a|b");
}

#[tokio::test]
async fn a_wrong_password_is_401_and_a_failed_store_503() {
    let wrong =
        r#"{"error":"wrong_credentials","error_description":"The user name or the password is wrong."}"#;
    assert_eq!(ask_as("ali:x").await, format!("401 [{CHALLENGE}] {wrong}"));
    assert!(ask_as("ali:down").await.starts_with("503 {"));
}

#[tokio::test]
async fn other_schemes_pass() {
    let app = app(Basic::new("cave", find).unwrap());
    assert_eq!(answer(app, get(&[])).await, no_credentials(CHALLENGE));
    assert_eq!(ask("Bearer YTpi").await, no_credentials(CHALLENGE));
}

#[tokio::test]
async fn unreadable_credentials_are_400() {
    let want = format!(
        r#"400 [{CHALLENGE}] {{"error":"invalid_request","error_description":"Send Basic, a space, and the Base64 of name:password in UTF-8."}}"#
    );
    for junk in [&b"ali"[..], b":", b"ali:", b":sesame", b"ali:a\nb", b"a\0:b", b"al\xe9:b", b"ali:\xff"] {
        assert_eq!(ask_as(junk).await, want, "{junk:?}");
    }
    assert_eq!(ask(&format!("Basic {}", STANDARD_NO_PAD.encode("ali:abc"))).await, want, "without padding");
    assert_eq!(ask("Basic YTpj=").await, want, "too much padding");
    assert_eq!(ask("Basic YTpjZB==").await, want, "loose bits");
    assert_eq!(ask("Basic YT-_").await, want, "the other alphabet");
    for words in ["Basic", "Basic YTpi YTpi", "Basic realm=\"a\""] {
        let answer = ask(words).await;
        assert!(
            answer.starts_with(&format!("400 [{CHALLENGE}] ")) && answer.contains("no more."),
            "{answer}"
        );
    }
}

#[test]
fn a_realm_must_be_printable_ascii() {
    assert!(Basic::new("the \"cave\"", find).is_ok());
    assert!(Basic::new("a\nb", find).is_err());
    assert!(format!("{:?}", Basic::new("cave", find).unwrap()).starts_with("Basic {"));
}
