//! Opaque tokens.

use std::io;

use http::HeaderName;
use tower::ServiceExt;
use tower_passport::{Bearer, BearerToken, NamedHeader, Rejection, TokenDigest};

use crate::answer::{answer, app, get};
use crate::says::no_credentials;

/// A store of token digests.
async fn find(token: BearerToken) -> Result<Option<String>, io::Error> {
    if token.expose_secret() == "down" {
        return Err(io::Error::other("the store is down"));
    }
    Ok((token.digest() == TokenDigest::of("open-sesame")).then(|| "Ali Baba".into()))
}

fn bearer(token: &str) -> [(&str, String); 1] {
    [("authorization", format!("Bearer {token}"))]
}

async fn ask(headers: &[(&str, String)]) -> String {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    answer(app(Bearer::new(find).realm("cave").unwrap()), get(&headers)).await
}

#[tokio::test]
async fn the_store_finds_the_user_of_a_token() {
    assert_eq!(ask(&bearer("open-sesame")).await, "200 Ali Baba");
    assert_eq!(
        ask(&bearer("open-barley")).await,
        r#"401 [Bearer realm="cave", error="invalid_token"] {"error":"invalid_token","error_description":"The token is not valid."}"#
    );
    assert!(ask(&bearer("down")).await.starts_with("503 {"));
    assert_eq!(ask(&[]).await, no_credentials(r#"Bearer realm="cave""#));
    assert_eq!(
        ask(&[("authorization", "Basic YTpi".into())]).await,
        no_credentials(r#"Bearer realm="cave""#)
    );
    assert!(
        ask(&bearer("open sesame"))
            .await
            .starts_with(r#"400 [Bearer realm="cave", error="invalid_request"]"#)
    );
    assert!(Bearer::new(find).realm("a\nb").is_err());
}

#[tokio::test]
async fn an_unknown_token_has_its_own_cause() {
    let request = get(&[("authorization", "Bearer open-barley")]);
    let response = app(Bearer::new(find)).oneshot(request).await.unwrap();
    assert_eq!(response.extensions().get::<Rejection>().unwrap().cause(), "unknown_token");
}

#[tokio::test]
async fn a_token_can_be_in_another_place() {
    let guard = || Bearer::new(find).tokens_from(NamedHeader::new(HeaderName::from_static("x-token")));
    assert_eq!(answer(app(guard()), get(&[("x-token", "open-sesame")])).await, "200 Ali Baba");
    assert_eq!(
        answer(app(guard()), get(&[("authorization", "Bearer open-sesame")])).await,
        no_credentials("Bearer")
    );
}

#[tokio::test]
async fn debug_shows_neither_token_nor_digest() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let guard = Bearer::new(move |token: BearerToken| {
        sender.send(format!("{token:?} {:?}", token.digest())).unwrap();
        async { Ok::<_, io::Error>(None::<String>) }
    });
    assert!(format!("{guard:?}").starts_with("Bearer {"));
    let _ = answer(app(guard), get(&[("authorization", "Bearer open-sesame")])).await;
    assert_eq!(receiver.recv().unwrap(), "BearerToken(..) TokenDigest(..)");
}
