//! `Jwt`, `Bearer` and `ApiKey`.

use http::HeaderName;
use http::header::AUTHORIZATION;
use tower_passport::{Bearer, BearerToken, BodyField, BoxStrategy, BufferBody, NamedHeader, Strategy};

use super::passwords::body_rows;
use super::{
    NOW, Row, api_key, api_key_of, authorization, head, jwt, known, optional, required, table, token,
};

fn jwt_rows() -> Vec<Row> {
    let good = token("alice", NOW + 60);
    vec![
        head("nothing", &[]),
        authorization("good", &format!("Bearer {good}")),
        authorization("another scheme", "Digest username=\"a\""),
        authorization("expired", &format!("Bearer {}", token("alice", NOW - 1))),
        authorization("forged", &format!("Bearer {good}x")),
        authorization("of a stranger", &format!("Bearer {}", token("stranger", NOW + 60))),
        authorization("store down", &format!("Bearer {}", token("down", NOW + 60))),
        authorization("two words", "Bearer a b"),
        head("two fields", &[(AUTHORIZATION, &format!("Bearer {good}")), (AUTHORIZATION, "Basic YTpi")]),
        authorization("no scheme", "\"\""),
    ]
}

#[tokio::test]
async fn jwt_rejections() {
    insta::assert_snapshot!("jwt", table(required(jwt().boxed()), jwt_rows).await);
    insta::assert_snapshot!("jwt_optional", table(optional(jwt().boxed()), jwt_rows).await);
}

fn bearer() -> BoxStrategy<String> {
    let verify = |token: BearerToken| known(token.expose_secret().to_owned());
    Bearer::new(verify).realm("recipes").unwrap().boxed()
}

#[tokio::test]
async fn bearer_rejections() {
    let rows = || {
        vec![
            head("nothing", &[]),
            authorization("good", "Bearer alice"),
            authorization("of a stranger", "Bearer stranger"),
            authorization("store down", "Bearer down"),
            authorization("nothing after the scheme", "Bearer"),
        ]
    };
    insta::assert_snapshot!("bearer", table(required(bearer()), rows).await);
    insta::assert_snapshot!("bearer_optional", table(optional(bearer()), rows).await);
}

#[tokio::test]
async fn api_key_rejections() {
    let rows = || {
        vec![
            head("nothing", &[]),
            authorization("good", &format!("Bearer {}", api_key_of(1))),
            authorization("unknown", &format!("Bearer {}", api_key_of(3))),
            authorization("store down", &format!("Bearer {}", api_key_of(2))),
            authorization("mistyped", &format!("Bearer {}x", &api_key_of(1)[..56])),
            authorization("another prefix", "Bearer other_key"),
            authorization("two words", "Bearer a b"),
        ]
    };
    insta::assert_snapshot!("api_key", table(required(api_key().boxed()), rows).await);
    insta::assert_snapshot!("api_key_optional", table(optional(api_key().boxed()), rows).await);
}

#[tokio::test]
async fn api_key_in_a_header_rejections() {
    const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
    let named = || api_key().tokens_from(NamedHeader::new(X_API_KEY)).boxed();
    let rows = || {
        vec![
            head("nothing", &[]),
            head("good", &[(X_API_KEY, &api_key_of(1))]),
            head("junk", &[(X_API_KEY, "junk")]),
            head("two words", &[(X_API_KEY, "a b")]),
            authorization("in the other header", &format!("Bearer {}", api_key_of(1))),
        ]
    };
    insta::assert_snapshot!("api_key_in_a_header", table(required(named()), rows).await);
    insta::assert_snapshot!("api_key_in_a_header_optional", table(optional(named()), rows).await);
}

#[tokio::test]
async fn token_in_the_body_rejections() {
    let verify = |token: BearerToken| {
        known(if token.expose_secret() == "x" { "stranger" } else { "alice" }.to_owned())
    };
    let in_body = || Bearer::new(verify).tokens_from(BodyField::new("token")).boxed();
    let rows = || body_rows(["token=abc", r#"{"token":"abc"}"#]);
    let buffered = |doors: super::Doors| doors.map(|door| door.layer(BufferBody::new(64)));
    insta::assert_snapshot!("token_in_body", table(buffered(required(in_body())), rows).await);
    insta::assert_snapshot!("token_in_body_optional", table(buffered(optional(in_body())), rows).await);
    insta::assert_snapshot!("token_in_body_without_the_layer", table(required(in_body()), rows).await);
}
