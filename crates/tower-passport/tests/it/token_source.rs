//! The token sources.

use http::{HeaderName, Request};
use tower_passport::{
    Bearer, BearerHeader, BearerToken, BodyField, BufferBody, CookieValue, NamedHeader, QueryParameter,
    SchemeHeader, Strategy, TokenSource,
};

use crate::answer::{answer, app, get, post};
use crate::says::no_credentials;

const FORM: &str = "application/x-www-form-urlencoded";

/// The user is the text of the token.
fn guard(tokens: impl TokenSource) -> impl Strategy<User = String> {
    let echo = |token: BearerToken| async move { Ok::<_, String>(Some(token.expose_secret().to_owned())) };
    Bearer::new(echo).tokens_from(tokens)
}

async fn ask(tokens: impl TokenSource, headers: &[(&str, &str)]) -> String {
    answer(app(guard(tokens)), get(headers)).await
}

async fn ask_at(uri: &str) -> String {
    let request = Request::get(uri).body(axum::body::Body::empty()).unwrap();
    answer(app(guard(QueryParameter::new("access_token"))), request).await
}

async fn ask_with(content_type: &str, body: &'static str) -> String {
    let app = app(guard(BodyField::new("user[token]"))).layer(BufferBody::new(64));
    answer(app, post(content_type, body)).await
}

fn bad(scheme: &str, description: &str) -> String {
    format!(
        r#"400 [{scheme} error="invalid_request"] {{"error":"invalid_request","error_description":"{description}"}}"#
    )
}

fn twice() -> String {
    bad("Bearer", "Send the token once, not in several places.")
}

fn no_token() -> String {
    bad("Bearer", "The token must be letters, digits and -._~+/= only.")
}

#[tokio::test]
async fn a_token_in_authorization_with_another_scheme() {
    let ask = async |value: &str| ask(SchemeHeader::new("JWT"), &[("authorization", value)]).await;
    assert_eq!(ask("JWT abc").await, "200 abc");
    assert_eq!(ask("jwt abc").await, "200 abc");
    assert_eq!(ask("Bearer abc").await, no_credentials("JWT"));
    let words = "The Authorization header must be the scheme, a space, the token, and no more.";
    assert_eq!(ask("JWT a b").await, bad("JWT", words));
}

#[tokio::test]
async fn a_token_in_a_named_header() {
    let token = || NamedHeader::new(HeaderName::from_static("x-token"));
    assert_eq!(ask(token(), &[("x-token", " abc=")]).await, "200 abc=");
    assert_eq!(ask(token(), &[]).await, no_credentials("Bearer"));
    assert_eq!(ask(token(), &[("authorization", "Bearer abc")]).await, no_credentials("Bearer"));
    assert_eq!(ask(token(), &[("x-token", "abc"), ("x-token", "abc")]).await, twice());
    for junk in ["", "a b", "a,b", "é"] {
        assert_eq!(ask(token(), &[("x-token", junk)]).await, no_token(), "{junk}");
    }
}

#[tokio::test]
async fn a_token_in_a_cookie() {
    let ask = async |lines: &[&str]| {
        let headers: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        ask(CookieValue::new("token"), &headers).await
    };
    assert_eq!(ask(&["token=abc="]).await, "200 abc=");
    assert_eq!(ask(&["a=b; token=abc;c=d"]).await, "200 abc");
    assert_eq!(ask(&["a=b", "token=abc"]).await, "200 abc");
    assert_eq!(ask(&["token="]).await, no_credentials("Bearer"));
    assert_eq!(ask(&["token=; token=abc"]).await, "200 abc");
    for other in ["Token=abc", "xtoken=abc", "token2=abc", "token", "a=token=abc", ""] {
        assert_eq!(ask(&[other]).await, no_credentials("Bearer"), "{other}");
    }
    assert_eq!(ask(&["token=abc; token=abd"]).await, twice());
    assert_eq!(ask(&["token=abc", "token=abc"]).await, twice());
    assert_eq!(ask(&["token=\"abc\""]).await, no_token());
}

#[tokio::test]
async fn a_token_in_the_query() {
    assert_eq!(ask_at("/?a=b&access_token=abc%2B").await, "200 abc+");
    assert_eq!(ask_at("/?acc%65ss_token=abc").await, "200 abc");
    for other in ["/", "/?", "/?token=abc", "/?ACCESS_TOKEN=abc"] {
        assert_eq!(ask_at(other).await, no_credentials("Bearer"), "{other}");
    }
    assert_eq!(ask_at("/?access_token=abc&access_token=abc").await, twice());
    assert_eq!(ask_at("/?access_token=a%20b").await, no_token());
    assert_eq!(ask_at("/?access_token=").await, no_token());
}

#[tokio::test]
async fn a_token_in_the_body() {
    assert_eq!(ask_with(FORM, "user[token]=abc&x=y").await, "200 abc");
    assert_eq!(ask_with("application/json", r#"{"user":{"token":"abc"}}"#).await, "200 abc");
    for (content_type, body) in [
        (FORM, ""),
        (FORM, "token=abc"),
        ("application/json", r#"{"token":"abc"}"#),
        ("application/json", r#"{"user":{"token":7}}"#),
        ("text/plain", "user[token]=abc"),
        ("", "user[token]=abc"),
    ] {
        assert_eq!(ask_with(content_type, body).await, no_credentials("Bearer"), "{content_type} {body}");
    }
    assert_eq!(ask_with(FORM, "user[token]=abc&user.token=abc").await, twice());
    assert_eq!(ask_with("application/json", r#"{"user":{"token":"a","token":"b"}}"#).await, twice());
    assert_eq!(ask_with("application/json", r#"{"user":{"token":"a b"}}"#).await, no_token());
    assert_eq!(ask_with("application/json", r#"{"user":"#).await, bad("Bearer", "The body cannot be read."));
    let without = answer(app(guard(BodyField::new("token"))), post(FORM, "token=abc")).await;
    assert_eq!(
        without,
        r#"500 {"error":"server_error","error_description":"The server is not set up completely."}"#
    );
}

#[tokio::test]
async fn a_token_in_one_of_several_places_but_not_in_two() {
    let written = || (BearerHeader, CookieValue::new("token"), QueryParameter::new("token"));
    let from_configuration = || -> Vec<Box<dyn TokenSource>> {
        vec![
            Box::new(BearerHeader),
            Box::new(CookieValue::new("token")),
            Box::new(QueryParameter::new("token")),
        ]
    };
    let (bearer, cookie) = (("authorization", "Bearer abc"), ("cookie", "token=abc"));
    for (headers, want) in [
        (&[][..], no_credentials("Bearer")),
        (&[bearer], "200 abc".into()),
        (&[cookie], "200 abc".into()),
        (&[bearer, cookie], twice()),
        (&[("authorization", "Basic YTpi"), cookie], "200 abc".into()),
    ] {
        assert_eq!(ask(written(), headers).await, want, "{headers:?}");
        assert_eq!(ask(from_configuration(), headers).await, want, "{headers:?}");
    }
    let schemes = (NamedHeader::new(HeaderName::from_static("x-token")), SchemeHeader::new("JWT"));
    assert_eq!(ask(schemes, &[]).await, no_credentials("JWT"));
}
