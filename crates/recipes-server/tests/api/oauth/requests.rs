//! What a client can ask for: a new log-in, an answer by form, one of several APIs.

use std::time::Duration;

use strict_oidc::{ClientFlag, ClientKind};

use super::registered::{CALLBACK, ISSUER, Registered, hidden, register, text};
use crate::app::{PASSWORD, TestApp};

const OTHER_API: &str = "https://kitchen.example/api";

impl Registered {
    /// Logs in at the page that this answer leads to. Answers with the cookie and the next address.
    async fn logs_in_at(&self, page: &str) -> (String, String) {
        let page = self.get(page, "").await.is(200).text();
        let return_to = hidden(&page, "return_to");
        let fields = [("return_to", &*return_to), ("email", "ada@example.org"), ("password", PASSWORD)];
        let done = self.post("/oauth/log-in", "", &fields).await.is(303);
        let cookie = done.header("set-cookie").split(';').next().unwrap().to_owned();
        (cookie, done.header("location").to_owned())
    }
}

#[tokio::test]
async fn prompt_login_and_max_age_show_the_log_in_once_more_and_then_go_on() {
    let test = Registered::new(ClientKind::Web).await;
    for more in [("prompt", "login"), ("max_age", "60")] {
        let (cookie, _) = test.logs_in(&[]).await;
        test.app.clock.advance(Duration::from_mins(2));
        let path = format!("/oauth/authorize?{}", Registered::query(&[more]));
        let asked = test.get(&path, &cookie).await.is(303);
        let page = asked.header("location");
        assert!(page.starts_with("/oauth/log-in"), "{more:?}: {page}");
        let (cookie, next) = test.logs_in_at(page).await;
        let consent = test.get(&next, &cookie).await.is(200).text();
        assert!(consent.contains("wants to:"), "{more:?}");
    }
}

#[tokio::test]
async fn form_post_brings_the_code_in_a_form_without_scripts() {
    let test = Registered::new(ClientKind::Web).await;
    let (cookie, next) = test.logs_in(&[("response_mode", "form_post")]).await;
    let page = test.get(&next, &cookie).await.is(200).text();
    let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
    let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
    let answer = test.post("/oauth/consent", &cookie, &fields).await.is(200);
    assert!(answer.header("content-security-policy").contains("form-action 'self' https://kitchen.example"));
    let form = answer.text();
    assert!(form.contains(&format!("action=\"{CALLBACK}\"")) && !form.contains("<script"), "{form}");
    assert_eq!((&*hidden(&form, "state"), &*hidden(&form, "iss")), ("a state", ISSUER));
    test.redeem(&hidden(&form, "code")).await.is(200);
}

#[tokio::test]
async fn token_is_for_the_resource_that_the_client_names() {
    let app = TestApp::accounts_only(ISSUER, &[OTHER_API]);
    app.signed_up("ada@example.org").await;
    let secret = register(&app, "c_kitchen", ClientKind::Web, |record| {
        record.audiences = vec![format!("{ISSUER}/api/v1"), OTHER_API.into()];
    })
    .await;
    let test = Registered { app, secret };
    let code = test.code(&[]).await;
    let tokens = test.redeem(&code).await.is(200).json();
    let audience = |tokens: &serde_json::Value| {
        strict_jose::inspect(&text(tokens, "access_token")).unwrap().claims["aud"].clone()
    };
    assert_eq!(audience(&tokens), serde_json::json!([format!("{ISSUER}/api/v1"), ISSUER]));
    let refresh = text(&tokens, "refresh_token");
    let fields =
        [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("resource", "https://evil.example")];
    assert_eq!(test.token(&fields).await.is(400).json()["error"], "invalid_target");
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &*refresh), ("resource", OTHER_API)];
    let other = test.token(&fields).await.is(200).json();
    assert_eq!(audience(&other), OTHER_API);

    // Each token works where it belongs only: 403 is an answer to a user, 401 is not.
    let access = test.app.bearing(text(&tokens, "access_token"));
    access.get("/oauth/userinfo").await.is(200);
    access.get("/api/v1/users/me").await.is(403);
    let elsewhere = test.app.bearing(text(&other, "access_token"));
    elsewhere.get("/oauth/userinfo").await.is(401);
    elsewhere.get("/api/v1/users/me").await.is(401);
}

#[tokio::test]
async fn consent_is_asked_once_and_never_for_a_client_of_the_operator() {
    let test = Registered::new(ClientKind::Web).await;
    test.code(&[]).await;
    let (cookie, next) = test.logs_in(&[]).await;
    let again = test.get(&next, &cookie).await.is(303);
    assert!(again.header("location").starts_with(CALLBACK), "the consent is remembered");

    register(&test.app, "c_own", ClientKind::Web, |record| record.flags = vec![ClientFlag::FirstParty]).await;
    let own = Registered::query(&[]).replace("c_kitchen", "c_own");
    let answer = test.get(&format!("/oauth/authorize?{own}"), &cookie).await.is(303);
    assert!(answer.header("location").starts_with(CALLBACK));
}
