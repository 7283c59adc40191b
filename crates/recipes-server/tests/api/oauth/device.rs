//! The device grant (RFC 8628) and its page.

use std::time::Duration;

use serde_json::Value;
use strict_oidc::{ClientKind, GrantType};

use super::registered::{ISSUER, Registered, encoded, hidden, register, text};
use crate::app::{PASSWORD, TestApp};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn television() -> Registered {
    television_at(TestApp::at_public_url(ISSUER)).await
}

async fn television_at(app: TestApp) -> Registered {
    app.signed_up("ada@example.org").await;
    let secret = register(&app, "c_kitchen", ClientKind::Native, |record| {
        record.redirect_uris.clear();
        record.grants = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    })
    .await;
    Registered { app, secret }
}

impl Registered {
    async fn begins(&self) -> Value {
        let fields = [("client_id", "c_kitchen"), ("scope", "openid email recipes:read")];
        self.post("/oauth/device", "", &fields).await.is(200).json()
    }

    async fn polls(&self, codes: &Value, want: u16) -> Value {
        let device = text(codes, "device_code");
        let fields = [("client_id", "c_kitchen"), ("grant_type", GRANT), ("device_code", &*device)];
        self.post("/oauth/token", "", &fields).await.is(want).json()
    }

    /// Opens the page without a session and logs in. Answers with the cookie.
    async fn opens_device_page(&self, user_code: &str) -> String {
        let asked = self.get(&format!("/device?{}", encoded(&[("user_code", user_code)])), "").await.is(303);
        let page = self.get(asked.header("location"), "").await.is(200).text();
        let (next, return_to) = (hidden(&page, "next"), hidden(&page, "return_to"));
        let fields = [
            ("next", &*next),
            ("return_to", &*return_to),
            ("email", "ada@example.org"),
            ("password", PASSWORD),
        ];
        let done = self.post("/oauth/log-in", "", &fields).await.is(303);
        assert_eq!(done.header("location"), format!("/device?{}", encoded(&[("user_code", user_code)])));
        done.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    async fn decides(&self, cookie: &str, user_code: &str, decision: &str) -> String {
        let page = self.post("/device", cookie, &[("user_code", user_code)]).await.is(200).text();
        let (code, ticket) = (hidden(&page, "user_code"), hidden(&page, "ticket"));
        assert!(page.contains("Kitchen &#60;Timer&#62; wants to:") && page.contains(&code), "{page}");
        let fields = [("user_code", &*code), ("ticket", &*ticket), ("decision", decision)];
        self.post("/device/decide", cookie, &fields).await.is(200).text()
    }
}

#[tokio::test]
async fn device_gets_tokens_after_its_user_has_typed_the_code_and_allowed_it() {
    let test = television().await;
    let codes = test.begins().await;
    assert_eq!(codes["verification_uri"], format!("{ISSUER}/device"));
    assert_eq!((&codes["expires_in"], &codes["interval"]), (&600.into(), &5.into()));
    assert_eq!(test.polls(&codes, 400).await["error"], "authorization_pending");
    assert_eq!(test.polls(&codes, 400).await["error"], "slow_down");

    let user_code = text(&codes, "user_code");
    let cookie = test.opens_device_page(&user_code).await;
    let page = test.get(&format!("/device?user_code={user_code}"), &cookie).await.is(200).text();
    assert!(page.contains(&user_code) && !page.contains("wants to:"), "a link alone shows no question");
    let done = test.decides(&cookie, &user_code.to_lowercase().replace('-', " "), "allow").await;
    assert!(done.contains("The device is connected"), "{done}");
    test.post("/device", &cookie, &[("user_code", &user_code)]).await.is(400);

    let tokens = test.polls(&codes, 200).await;
    let access = test.app.bearing(text(&tokens, "access_token"));
    assert_eq!(access.get("/oauth/userinfo").await.is(200).json()["email"], "ada@example.org");
    access.get("/api/v1/recipes").await.is(200);
    assert_eq!(test.polls(&codes, 400).await["error"], "invalid_grant", "a code is good once");
    let refresh = text(&tokens, "refresh_token");
    let fields = [("client_id", "c_kitchen"), ("grant_type", "refresh_token"), ("refresh_token", &*refresh)];
    test.post("/oauth/token", "", &fields).await.is(200);
}

#[tokio::test]
async fn refused_and_expired_devices_get_nothing() {
    let test = television().await;
    let codes = test.begins().await;
    let user_code = text(&codes, "user_code");
    let cookie = test.opens_device_page(&user_code).await;
    assert!(test.decides(&cookie, &user_code, "deny").await.contains("The device was refused"));
    assert_eq!(test.polls(&codes, 403).await["error"], "access_denied");

    let codes = test.begins().await;
    test.app.clock.advance(Duration::from_mins(10));
    assert_eq!(test.polls(&codes, 400).await["error"], "expired_token");
    let expired = [("user_code", &*text(&codes, "user_code"))];
    test.post("/device", &cookie, &expired).await.is(400);
}

#[tokio::test]
async fn code_is_not_guessed() {
    let test = television_at(TestApp::limited_at_public_url(ISSUER, "device=5/10m")).await;
    let codes = test.begins().await;
    let cookie = test.opens_device_page(&text(&codes, "user_code")).await;
    for _ in 0..5 {
        let page = test.post("/device", &cookie, &[("user_code", "BBBB-BBBB")]).await.is(422).text();
        assert!(page.contains("No device waits with this code"), "{page}");
    }
    let user_code = text(&codes, "user_code");
    let limited = test.post("/device", &cookie, &[("user_code", &user_code)]).await.is(429);
    assert!(limited.header("ratelimit-policy").starts_with("\"device\""));
}

#[tokio::test]
async fn page_of_another_session_and_form_of_another_site_allow_nothing() {
    let test = television().await;
    let codes = test.begins().await;
    let user_code = text(&codes, "user_code");
    let cookie = test.opens_device_page(&user_code).await;
    let page = test.post("/device", &cookie, &[("user_code", &user_code)]).await.is(200).text();
    let ticket = hidden(&page, "ticket");
    let other = test.opens_device_page(&user_code).await;
    let fields = [("user_code", &*user_code), ("ticket", &*ticket), ("decision", "allow")];
    test.post("/device/decide", &other, &fields).await.is(403);
    test.post("/device/decide", "", &fields).await.is(403);
    for path in ["/device", "/device/decide"] {
        let client = test.app.anonymous();
        let request = client.request(http::Method::POST, path).header("sec-fetch-site", "cross-site");
        client.send(request.body(axum::body::Body::empty()).unwrap()).await.is(403);
    }
    assert_eq!(test.polls(&codes, 400).await["error"], "authorization_pending");
}

#[tokio::test]
async fn device_of_another_client_and_client_without_the_grant_are_refused() {
    let test = television().await;
    register(&test.app, "c_other", ClientKind::Native, |record| {
        record.grants.push(GrantType::DeviceCode);
    })
    .await;
    register(&test.app, "c_plain", ClientKind::Native, |_| ()).await;
    let codes = test.begins().await;
    let device = text(&codes, "device_code");
    let fields = [("client_id", "c_other"), ("grant_type", GRANT), ("device_code", &*device)];
    assert_eq!(test.post("/oauth/token", "", &fields).await.is(400).json()["error"], "invalid_grant");
    let fields = [("client_id", "c_plain"), ("scope", "openid")];
    let refused = test.post("/oauth/device", "", &fields).await.is(400).json();
    assert_eq!(refused["error"], "unauthorized_client");
}
