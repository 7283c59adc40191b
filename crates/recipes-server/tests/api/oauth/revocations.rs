//! The status list, and a server that follows it.

use std::io::Read as _;
use std::time::Duration;

use accounts::{Access, UserChange};
use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header};
use store::Context;
use strict_oidc::ClientKind;

use super::registered::{ISSUER, Registered, change, text};
use crate::app::Answer;

impl Registered {
    async fn list(&self, seen: &str) -> Answer {
        let client = self.app.anonymous();
        let request = client.request(Method::GET, "/oauth/revocations").header(header::IF_NONE_MATCH, seen);
        client.send(request.body(Body::empty()).unwrap()).await
    }

    /// Whether the bit of an access token is set.
    async fn is_revoked(&self, token: &str) -> bool {
        self.app.clock.advance(Duration::from_secs(1));
        let claims = strict_jose::inspect(token).unwrap().claims;
        let status = &claims["status"]["status_list"];
        assert_eq!(status["uri"], format!("{ISSUER}/oauth/revocations"));
        let place = status["idx"].as_u64().unwrap();
        let list = self.list("").await.is(200);
        assert_eq!(list.header("content-type"), "application/statuslist+jwt");
        let signed = strict_jose::inspect(&list.text()).unwrap();
        assert_eq!((&signed.header["typ"], &signed.claims["ttl"]), (&"statuslist+jwt".into(), &5.into()));
        let compressed = URL_SAFE_NO_PAD.decode(text(&signed.claims["status_list"], "lst")).unwrap();
        let mut bits = Vec::new();
        flate2::read::ZlibDecoder::new(&*compressed).read_to_end(&mut bits).unwrap();
        bits[usize::try_from(place / 8).unwrap()] & (1 << (place % 8)) != 0
    }

    async fn access_token(&self) -> String {
        let code = self.code(&[]).await;
        text(&self.redeem(&code).await.is(200).json(), "access_token")
    }
}

#[tokio::test]
async fn whatever_ends_a_grant_sets_its_bit_within_a_second() {
    let test = Registered::new(ClientKind::Web).await;
    let (revoked, other) = (test.access_token().await, test.access_token().await);
    assert!(!test.is_revoked(&revoked).await && !test.is_revoked(&other).await);
    let fields = [("client_id", "c_kitchen"), ("client_secret", &*test.secret), ("token", &*revoked)];
    test.post("/oauth/revoke", "", &fields).await.is(200);
    assert!(test.is_revoked(&revoked).await && !test.is_revoked(&other).await);

    change(&test.app, "c_kitchen", |record| record.disabled = true).await;
    assert!(test.is_revoked(&other).await, "its client is disabled");
    change(&test.app, "c_kitchen", |record| record.disabled = false).await;
    assert!(!test.is_revoked(&other).await);
    let context = Context::operator(test.app.clock.now());
    let ada = accounts::Email::parse("ada@example.org").unwrap();
    let user = test.app.store.user_by_email(&ada).await.unwrap().unwrap().0;
    let disable = UserChange { access: Some(Access::Disabled), role: None };
    test.app.store.administer(user.id, disable, context).await.unwrap();
    assert!(test.is_revoked(&other).await, "its user is disabled");
}

#[tokio::test]
async fn refreshed_tokens_name_the_same_bit() {
    let test = Registered::new(ClientKind::Web).await;
    let tokens = test.redeem(&test.code(&[]).await).await.is(200).json();
    let refreshed = test.refresh(&text(&tokens, "refresh_token")).await.is(200).json();
    let place = |tokens: &serde_json::Value| {
        strict_jose::inspect(&text(tokens, "access_token")).unwrap().claims["status"].clone()
    };
    assert_eq!(place(&tokens), place(&refreshed));
    assert!(place(&tokens)["status_list"]["idx"].is_u64());
}

#[tokio::test]
async fn unchanged_list_is_not_sent_again_and_is_signed_again_before_it_expires() {
    let test = Registered::new(ClientKind::Web).await;
    let token = test.access_token().await;
    let first = test.list("").await.is(200);
    let etag = first.header("etag").to_owned();
    test.app.clock.advance(Duration::from_secs(20));
    assert_eq!(test.list(&etag).await.is(304).header("etag"), etag);
    assert_eq!(test.list(&format!("\"x\", {etag}")).await.is(304).text(), "");
    test.app.clock.advance(Duration::from_secs(6));
    let again = test.list(&etag).await.is(200);
    let exp = |answer: &Answer| strict_jose::inspect(&answer.text()).unwrap().claims["exp"].as_i64().unwrap();
    assert!(exp(&again) > exp(&first) && exp(&again) > test.app.clock.now().as_second() + 40);
    assert!(exp(&first) > test.app.clock.now().as_second(), "the old one was still good");

    let etag = again.header("etag").to_owned();
    let fields = [("client_id", "c_kitchen"), ("client_secret", &*test.secret), ("token", &*token)];
    test.post("/oauth/revoke", "", &fields).await.is(200);
    assert_eq!(test.list(&etag).await.status, 304, "for less than a second");
    test.app.clock.advance(Duration::from_secs(1));
    test.list(&etag).await.is(200);
}
