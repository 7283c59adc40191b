//! Introspection, revocation and log-out.

use std::time::Duration;

use http::{Method, header};
use store::Context;
use strict_oidc::{ClientKind, RedirectUri, Scopes};

use super::registered::{ISSUER, Registered, hidden, register, text};
use crate::app::TestApp;

const GOODBYE: &str = "https://kitchen.example/goodbye";

impl Registered {
    /// The answer to an introspection by the client with this id.
    async fn introspected(&self, client: &str, token: &str) -> serde_json::Value {
        let fields = [("client_id", client), ("client_secret", &*self.secret), ("token", token)];
        self.post("/oauth/introspect", "", &fields).await.is(200).json()
    }

    async fn revokes(&self, client: &str, token: &str) {
        let fields = [("client_id", client), ("client_secret", &*self.secret), ("token", token)];
        self.post("/oauth/revoke", "", &fields).await.is(200);
    }

    /// Whether this authorization request does not lead to the log-in page.
    async fn is_logged_in(&self, request: &str, cookie: &str) -> bool {
        let answer = self.get(request, cookie).await;
        answer.status == 200 || !answer.header("location").starts_with("/oauth/log-in")
    }

    async fn tokens(&self) -> serde_json::Value {
        let code = self.code(&[]).await;
        self.redeem(&code).await.is(200).json()
    }
}

async fn with_log_out() -> Registered {
    let app = TestApp::at_public_url(ISSUER);
    app.signed_up("ada@example.org").await;
    let secret = register(&app, "c_kitchen", ClientKind::Web, |record| {
        record.post_logout_redirect_uris = vec![RedirectUri::parse(GOODBYE, ClientKind::Web).unwrap()];
    })
    .await;
    Registered { app, secret }
}

#[tokio::test]
async fn client_introspects_its_own_tokens_and_another_client_learns_nothing() {
    let test = Registered::new(ClientKind::Web).await;
    register(&test.app, "c_other", ClientKind::Web, |_| ()).await;
    let tokens = test.tokens().await;
    for name in ["access_token", "refresh_token"] {
        let token = text(&tokens, name);
        let own = test.introspected("c_kitchen", &token).await;
        assert_eq!((&own["active"], &own["client_id"]), (&true.into(), &"c_kitchen".into()), "{own}");
        assert_eq!(test.introspected("c_other", &token).await, serde_json::json!({"active": false}));
    }
    for not_ours in ["x", &text(&tokens, "id_token")] {
        assert_eq!(test.introspected("c_kitchen", not_ours).await["active"], false);
    }
}

#[tokio::test]
async fn server_of_an_api_introspects_the_tokens_for_it() {
    let test = Registered::new(ClientKind::Web).await;
    register(&test.app, "c_api", ClientKind::Service, |record| {
        record.redirect_uris.clear();
        record.scopes = Scopes::parse("recipes:read").unwrap();
        record.serves = vec![format!("{ISSUER}/api/v1")];
    })
    .await;
    let token = text(&test.tokens().await, "access_token");
    assert_eq!(test.introspected("c_api", &token).await["scope"], "openid email recipes:read");
    let context = Context::operator(test.app.clock.now());
    assert!(test.app.store.delete_client("c_kitchen", context).await.unwrap());
    assert_eq!(test.introspected("c_api", &token).await["active"], false, "its client is deleted");
}

#[tokio::test]
async fn stranger_and_public_client_introspect_nothing() {
    let test = Registered::new(ClientKind::Web).await;
    register(&test.app, "c_native", ClientKind::Native, |record| record.redirect_uris.clear()).await;
    let token = text(&test.tokens().await, "access_token");
    test.post("/oauth/introspect", "", &[("token", &token)]).await.is(400);
    for fields in [
        vec![("token", &*token), ("client_id", "c_native")],
        vec![("token", &*token), ("client_id", "c_kitchen"), ("client_secret", "wrong")],
    ] {
        test.post("/oauth/introspect", "", &fields).await.is(401);
    }
}

#[tokio::test]
async fn revoked_token_ends_its_grant_and_a_stranger_ends_nothing() {
    let test = Registered::new(ClientKind::Web).await;
    register(&test.app, "c_other", ClientKind::Web, |_| ()).await;
    for name in ["access_token", "refresh_token"] {
        let code = test.code(&[("prompt", "consent")]).await;
        let tokens = test.redeem(&code).await.is(200).json();
        let (token, access) = (text(&tokens, name), test.app.bearing(text(&tokens, "access_token")));
        test.revokes("c_other", &token).await;
        access.get("/oauth/userinfo").await.is(200);
        test.revokes("c_kitchen", &token).await;
        access.get("/oauth/userinfo").await.is(401);
        test.refresh(&text(&tokens, "refresh_token")).await.is(400);
        test.revokes("c_kitchen", &token).await;
    }
}

#[tokio::test]
async fn client_logs_its_user_out_and_the_browser_returns() {
    let test = with_log_out().await;
    let (cookie, next) = test.logs_in(&[]).await;
    let tokens = test.tokens().await;
    let hint = text(&tokens, "id_token");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("id_token_hint", &hint)
        .append_pair("post_logout_redirect_uri", GOODBYE)
        .append_pair("state", "a b")
        .finish();
    let answer = test.get(&format!("/oauth/logout?{query}"), &cookie).await.is(303);
    assert_eq!(answer.header("location"), format!("{GOODBYE}?state=a+b"));
    assert!(!test.is_logged_in(&next, &cookie).await);
}

#[tokio::test]
async fn log_out_without_a_good_hint_asks_and_never_redirects() {
    let test = with_log_out().await;
    let (cookie, next) = test.logs_in(&[]).await;
    let hint = text(&test.tokens().await, "id_token");
    let unsigned = format!("{}.", hint.rsplit_once('.').unwrap().0);
    let evil = format!("id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fevil.example");
    let forged = format!("id_token_hint={unsigned}&post_logout_redirect_uri={GOODBYE}");
    let without = format!("client_id=c_kitchen&post_logout_redirect_uri={GOODBYE}");
    let access = text(&test.tokens().await, "access_token");
    let other_token = format!("id_token_hint={access}&post_logout_redirect_uri={GOODBYE}");
    for query in ["", &evil, &forged, &without, &other_token] {
        let page = test.get(&format!("/oauth/logout?{query}"), &cookie).await.is(200);
        assert!(page.text().contains("Log out?"), "{query}");
    }
    assert!(test.is_logged_in(&next, &cookie).await);

    let page = test.get("/oauth/logout", &cookie).await.text();
    let ticket = hidden(&page, "ticket");
    let (other, other_next) = test.logs_in(&[]).await;
    test.post("/oauth/logout/confirm", &other, &[("ticket", &ticket)]).await.is(403);
    assert!(test.is_logged_in(&other_next, &other).await);
    let done = test.post("/oauth/logout/confirm", &cookie, &[("ticket", &ticket)]).await.is(200);
    assert!(done.text().contains("You are logged out"));
    assert!(!test.is_logged_in(&next, &cookie).await);
}

#[tokio::test]
async fn good_hint_of_another_user_logs_no_user_out() {
    let test = with_log_out().await;
    let hint = text(&test.tokens().await, "id_token");
    test.app.signed_up("eve@example.org").await;
    let (eve, next) = test.logs_in_as("eve@example.org").await;
    let query = format!("id_token_hint={hint}&post_logout_redirect_uri={GOODBYE}");
    let page = test.get(&format!("/oauth/logout?{query}"), &eve).await.is(200);
    assert!(page.text().contains("Log out?"), "the hint is of Ada, the browser is of Eve");
    assert!(test.is_logged_in(&next, &eve).await);
}

#[tokio::test]
async fn token_that_was_verified_before_is_refused_when_it_has_expired() {
    let test = Registered::new(ClientKind::Web).await;
    let token = text(&test.tokens().await, "access_token");
    let access = test.app.bearing(token.clone());
    // The keys are loaded anew each minute, and the verified tokens with them.
    test.app.clock.advance(Duration::from_secs(570));
    for _ in 0..2 {
        access.get("/oauth/userinfo").await.is(200);
        access.get("/api/v1/recipes").await.is(200);
        assert_eq!(test.introspected("c_kitchen", &token).await["active"], true);
    }
    test.app.clock.advance(Duration::from_secs(30));
    access.get("/oauth/userinfo").await.is(401);
    access.get("/api/v1/recipes").await.is(401);
    assert_eq!(test.introspected("c_kitchen", &token).await["active"], false);
}

#[tokio::test]
async fn token_that_was_verified_before_is_refused_when_its_grant_has_ended() {
    let test = Registered::new(ClientKind::Web).await;
    let token = text(&test.tokens().await, "access_token");
    let access = test.app.bearing(token.clone());
    access.get("/oauth/userinfo").await.is(200);
    access.get("/api/v1/recipes").await.is(200);
    assert_eq!(test.introspected("c_kitchen", &token).await["active"], true);
    test.revokes("c_kitchen", &token).await;
    access.get("/oauth/userinfo").await.is(401);
    access.get("/api/v1/recipes").await.is(401);
    assert_eq!(test.introspected("c_kitchen", &token).await["active"], false);
}

#[tokio::test]
async fn form_of_another_site_logs_no_user_out() {
    let test = with_log_out().await;
    let client = test.app.anonymous();
    let request = |path: &str| {
        let kind = "application/x-www-form-urlencoded";
        let request = client.request(Method::POST, path).header("sec-fetch-site", "cross-site");
        request.header(header::CONTENT_TYPE, kind).body("state=a".into()).unwrap()
    };
    client.send(request("/oauth/logout/confirm")).await.is(403);
    let asked = client.send(request("/oauth/logout")).await.is(303);
    assert_eq!(asked.header("location"), "/oauth/logout?state=a");
}
