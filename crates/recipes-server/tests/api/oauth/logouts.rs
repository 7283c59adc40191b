//! Clients are told that a session has ended (OpenID Connect Back-Channel Logout).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::audit::{Event, Filter};
use axum::{Router, body::Bytes, routing::post};
use http::StatusCode;
use recipes_server::provider::deliver_logouts;
use serde_json::Value;
use store::Page;
use strict_oidc::ClientKind;
use tokio::net::TcpListener;
use tower_passport::{HttpClient, Network};

use super::registered::{ISSUER, Registered, change, parameter, text};

/// A client's own server: what it was sent, and what it answers.
#[derive(Clone, Default)]
struct Receiver {
    bodies: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<StatusCode>>,
}

impl Receiver {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/out", listener.local_addr().unwrap());
        let receiver = self.clone();
        let receive = move |body: Bytes| {
            receiver.bodies.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
            let status = *receiver.status.lock().unwrap();
            async move { status }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/out", post(receive))).await });
        url
    }

    fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    fn count(&self) -> usize {
        self.bodies.lock().unwrap().len()
    }

    /// The header and the claims of the last logout token.
    fn last(&self) -> (Value, Value) {
        let bodies = self.bodies.lock().unwrap();
        let body = bodies.last().unwrap();
        assert!(body.starts_with("logout_token=") && !body.contains('&'), "{body}");
        let token = parameter(&format!("?{body}"), "logout_token");
        let seen = strict_jose::inspect(&token).unwrap();
        (seen.header, seen.claims)
    }
}

impl Registered {
    async fn delivers(&self) {
        let server = self.app.app.authorization_server().unwrap();
        let http = HttpClient::new(Network::Private).unwrap();
        deliver_logouts(&server, &http).await.unwrap();
    }

    async fn logs_out(&self, cookie: &str) {
        let page = self.get("/oauth/logout", cookie).await.is(200).text();
        let ticket = super::registered::hidden(&page, "ticket");
        self.post("/oauth/logout/confirm", cookie, &[("ticket", &ticket)]).await.is(200);
    }

    /// Logs in and gets tokens. Answers with the cookie of the session.
    async fn session_with_tokens(&self) -> (String, Value) {
        let (cookie, next) = self.logs_in(&[]).await;
        let shown = self.get(&next, &cookie).await;
        let location = if shown.status == 303 {
            shown.header("location").to_owned()
        } else {
            let page = shown.is(200).text();
            let field = |name| super::registered::hidden(&page, name);
            let (request, ticket) = (field("request"), field("ticket"));
            let fields = [("request", &*request), ("ticket", &*ticket), ("decision", "allow")];
            self.post("/oauth/consent", &cookie, &fields).await.is(303).header("location").to_owned()
        };
        let tokens = self.redeem(&parameter(&location, "code")).await.is(200).json();
        (cookie, tokens)
    }
}

async fn started() -> (Registered, Receiver) {
    let (test, receiver) = (Registered::new(ClientKind::Web).await, Receiver::default());
    let url = receiver.start().await;
    change(&test.app, "c_kitchen", |record| record.backchannel_logout_uri = Some(url)).await;
    (test, receiver)
}

#[tokio::test]
async fn end_of_a_session_reaches_its_client_once() {
    let (test, receiver) = started().await;
    let (cookie, tokens) = test.session_with_tokens().await;
    test.delivers().await;
    assert_eq!(receiver.count(), 0);
    // Long after the access token: the client may have a session of its own.
    test.app.clock.advance(Duration::from_hours(3));
    test.logs_out(&cookie).await;
    test.delivers().await;
    test.delivers().await;
    assert_eq!(receiver.count(), 1);
    let (header, claims) = receiver.last();
    let id_token = strict_jose::inspect(&text(&tokens, "id_token")).unwrap().claims;
    assert_eq!((&header["typ"], &header["alg"]), (&"logout+jwt".into(), &"RS256".into()));
    assert_eq!((&claims["iss"], &claims["aud"]), (&ISSUER.into(), &"c_kitchen".into()));
    assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert!(claims["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
    assert!(claims.get("nonce").is_none() && claims["jti"].is_string() && claims["exp"].is_i64());
}

#[tokio::test]
async fn failed_delivery_is_tried_again_and_given_up_after_five_tries() {
    let (test, receiver) = started().await;
    receiver.answers(503);
    let (cookie, _) = test.session_with_tokens().await;
    test.logs_out(&cookie).await;
    let mut tries = Vec::new();
    for second in 0..900 {
        test.delivers().await;
        if receiver.count() > tries.len() {
            tries.push(second);
        }
        test.app.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(tries, [0, 5, 35, 155, 575]);
    let filter = Filter { event: Some(Event::LogoutNotDelivered), ..Filter::default() };
    let log = test.app.store.audit_log(filter, Page::longest(None)).await.unwrap().rows;
    assert_eq!(log.len(), 1);
}

#[tokio::test]
async fn client_that_refuses_is_not_asked_again_and_one_that_recovers_is_told() {
    let (test, receiver) = started().await;
    receiver.answers(400);
    let (cookie, _) = test.session_with_tokens().await;
    test.logs_out(&cookie).await;
    test.delivers().await;
    test.app.clock.advance(Duration::from_hours(1));
    test.delivers().await;
    assert_eq!(receiver.count(), 1);

    receiver.answers(503);
    let (cookie, _) = test.session_with_tokens().await;
    test.logs_out(&cookie).await;
    test.delivers().await;
    receiver.answers(204);
    test.app.clock.advance(Duration::from_secs(5));
    test.delivers().await;
    assert_eq!(receiver.count(), 3);
    test.app.clock.advance(Duration::from_hours(1));
    test.delivers().await;
    assert_eq!(receiver.count(), 3);
}
