//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use serde_json::Value;
use strict_oidc::{ClientFlag, ClientKind};

use super::registered::{Registered, change, encoded, hidden, parameter, text};
use crate::app::Answer;

impl Registered {
    async fn pushes(&self, query: &str) -> Answer {
        let mut fields: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        fields.push(("client_secret".into(), self.secret.clone()));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.post("/oauth/par", "", &fields).await
    }

    async fn pushed(&self) -> String {
        let answer = self.pushes(&Registered::query(&[])).await.is(201);
        assert_eq!(answer.header("cache-control"), "no-store");
        let uri = text(&answer.json(), "request_uri");
        encoded(&[("client_id", "c_kitchen"), ("request_uri", &uri)])
    }
}

#[tokio::test]
async fn pushed_request_gives_one_code() {
    let test = Registered::new(ClientKind::Web).await;
    let query = test.pushed().await;
    let (cookie, next) = test.logs_in_for(&query).await;
    let page = test.get(&next, &cookie).await.is(200);
    assert!(page.header("content-security-policy").contains("form-action 'self' https://kitchen.example"));
    let page = page.text();
    let (request, ticket) = (hidden(&page, "request"), hidden(&page, "ticket"));
    assert!(!request.contains("redirect_uri"), "the request is not in the browser");
    let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
    let done = test.post("/oauth/consent", &cookie, &fields).await.is(303);
    test.redeem(&parameter(done.header("location"), "code")).await.is(200);

    let again = test.get(&format!("/oauth/authorize?{query}"), &cookie).await.is(400).text();
    assert!(again.contains("unknown, used or expired"), "{again}");
}

#[tokio::test]
async fn pushed_request_expires_and_is_for_its_client_only() {
    let test = Registered::new(ClientKind::Web).await;
    super::registered::register(&test.app, "c_other", ClientKind::Web, |_| ()).await;
    let query = test.pushed().await;
    let stolen = query.replace("c_kitchen", "c_other");
    test.get(&format!("/oauth/authorize?{stolen}"), "").await.is(400);
    test.app.clock.advance(Duration::from_mins(11));
    test.get(&format!("/oauth/authorize?{query}"), "").await.is(400);
}

#[tokio::test]
async fn invalid_requests_are_refused_when_they_are_pushed() {
    let test = Registered::new(ClientKind::Web).await;
    let good = Registered::query(&[]);
    let error = async |query: &str| text(&test.pushes(query).await.is(400).json(), "error");
    assert_eq!(error(&good.replace("callback", "elsewhere")).await, "invalid_request");
    assert_eq!(error(&good.replace("code&", "token&")).await, "unsupported_response_type");
    assert_eq!(error(&good.replace("S256", "plain")).await, "invalid_request");
    assert_eq!(error(&format!("{good}&request_uri=urn%3Aa")).await, "invalid_request");
    let unknown: Vec<(&str, &str)> = vec![("client_id", "c_kitchen"), ("client_secret", "wrong")];
    let refused: Value = test.post("/oauth/par", "", &unknown).await.is(401).json();
    assert_eq!(refused["error"], "invalid_client");
}

#[tokio::test]
async fn client_that_must_push_gets_nothing_by_the_url() {
    let test = Registered::new(ClientKind::Web).await;
    change(&test.app, "c_kitchen", |record| record.flags = vec![ClientFlag::RequirePar]).await;
    let path = format!("/oauth/authorize?{}", Registered::query(&[]));
    let refused = test.get(&path, "").await.is(303);
    assert_eq!(parameter(refused.header("location"), "error"), "invalid_request");
    let query = test.pushed().await;
    assert!(!test.allowed(&query).await.is_empty());
}
