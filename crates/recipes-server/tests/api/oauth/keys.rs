//! The signing keys over time.

use std::time::Duration;

use recipes_server::provider::{replace_signing_keys, signing_key_records};
use strict_oidc::{ClientKind, KeyState};

use super::registered::{Registered, text};

impl Registered {
    async fn kids(&self) -> Vec<String> {
        let jwks = self.get("/oauth/jwks.json", "").await.is(200).json();
        jwks["keys"].as_array().unwrap().iter().map(|key| text(key, "kid")).collect()
    }
}

#[tokio::test]
async fn next_keys_are_published_before_they_sign_and_old_ones_stay_while_their_tokens_live() {
    let test = Registered::new(ClientKind::Web).await;
    let before = test.kids().await;
    let code = test.code(&[]).await;
    let tokens = test.redeem(&code).await.is(200).json();
    let kid = |tokens: &serde_json::Value| {
        text(&strict_jose::inspect(&text(tokens, "access_token")).unwrap().header, "kid")
    };
    test.app.clock.advance(Duration::from_hours(24 * 30));
    test.kids().await;
    let (cookie, _) = test.logs_in(&[]).await;
    assert!(!cookie.is_empty());
    let code = test.code(&[("prompt", "consent")]).await;
    let later = test.redeem(&code).await.is(200).json();
    assert_ne!(kid(&later), kid(&tokens), "another key signs");
    assert!(before.contains(&kid(&later)), "it was published a month before");
    assert!(test.kids().await.contains(&kid(&tokens)), "the old one is still published");
}

#[tokio::test]
async fn replaced_keys_are_gone_within_a_minute_and_refresh_goes_on() {
    let test = Registered::new(ClientKind::Web).await;
    let code = test.code(&[]).await;
    let tokens = test.redeem(&code).await.is(200).json();
    let before = test.kids().await;
    assert!(replace_signing_keys(&test.app.store, test.app.clock.now()).await.unwrap());
    test.app.clock.advance(Duration::from_mins(1));
    let after = test.kids().await;
    assert!(after.len() == before.len() && after.iter().all(|kid| !before.contains(kid)), "{after:?}");
    test.app.bearing(text(&tokens, "access_token")).get("/oauth/userinfo").await.is(401);
    let refreshed = test.refresh(&text(&tokens, "refresh_token")).await.is(200).json();
    test.app.bearing(text(&refreshed, "access_token")).get("/oauth/userinfo").await.is(200);
    let records = signing_key_records(&test.app.store).await.unwrap();
    let current = records.iter().filter(|key| key.state == KeyState::Current).count();
    assert_eq!((current, records.len()), (2, 4));
}
