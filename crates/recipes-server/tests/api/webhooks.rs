//! Webhooks: messages to a receiver on this machine.

mod administration;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::{Router, body::Bytes, response::IntoResponse as _, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, StatusCode, header};
use recipes_server::Entropy;
use recipes_server::jobs::webhooks::{PAUSES, WebhookWorker, WebhookWorkerConfig};
use recipes_server::provider::SecretSealer;
use recipes_server::webhook_sender::WebhookSender;
use serde_json::{Value, json};
use store::{Context, NewWebhookSecret, WebhookChange};
use tokio::net::TcpListener;
use tower_passport::Network;

use crate::app::{TestApp, recipe};

const WEBHOOKS: &str = "/api/v1/admin/webhooks";

/// The program that is told: what it got, and what it answers.
#[derive(Clone, Default)]
struct Receiver {
    messages: Arc<Mutex<Vec<Message>>>,
    status: Arc<Mutex<StatusCode>>,
}

#[derive(Clone)]
struct Message {
    headers: HeaderMap,
    body: String,
}

impl Receiver {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (receiver, elsewhere) = (self.clone(), url.clone());
        let receive = move |headers: HeaderMap, body: Bytes| {
            let body = String::from_utf8(body.to_vec()).unwrap();
            receiver.messages.lock().unwrap().push(Message { headers, body });
            let status = *receiver.status.lock().unwrap();
            let location = [(header::LOCATION, elsewhere.clone())];
            async move { (status, location).into_response() }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(receive))).await });
        url
    }

    fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = StatusCode::from_u16(status).unwrap();
    }

    /// What came since the last call.
    fn messages(&self) -> Vec<Message> {
        std::mem::take(&mut self.messages.lock().unwrap())
    }

    /// The types of the messages, with the names of the recipes.
    fn told(&self) -> Vec<String> {
        self.messages().iter().map(Message::text).collect()
    }
}

impl Message {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn text(&self) -> String {
        let body = self.json();
        let data = &body["data"];
        let about = data["name"].as_str().map_or_else(|| data["id"].to_string(), str::to_owned);
        format!("{} {about}", body["type"].as_str().unwrap())
    }

    /// Whether one of the signatures is made with this secret.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed =
            format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        self.header("webhook-signature").split(' ').any(|signature| {
            let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            hmac::verify(&key, signed.as_bytes(), &signature).is_ok()
        })
    }
}

/// A webhook at the receiver.
struct Hook {
    path: String,
    secret: String,
}

impl TestApp {
    async fn hook(&self, url: &str, events: &[&str]) -> Hook {
        let new = json!({ "url": url, "events": events });
        let created = self.admin().await.post(WEBHOOKS, &new).await.is(201);
        let secret = created.json()["data"]["secret"].as_str().unwrap().to_owned();
        Hook { path: created.header("location").to_owned(), secret }
    }

    fn webhook_worker(&self) -> WebhookWorker {
        let keys = crate::access_tokens::issuer(&self.clock).keys().clone();
        WebhookWorker::new(WebhookWorkerConfig {
            store: self.store.clone(),
            sealer: SecretSealer::new(self.store.clone(), keys, Entropy::system()),
            sender: WebhookSender::new(Network::Loopback).unwrap(),
            clock: self.clock.clone(),
        })
    }

    async fn sends(&self) {
        self.webhook_worker().send_due().await.unwrap();
    }
}

async fn started() -> (TestApp, Receiver, Hook) {
    let (app, receiver) = (TestApp::new(), Receiver::default());
    let hook = app.hook(&receiver.start().await, &[]).await;
    (app, receiver, hook)
}

fn private(name: &str) -> Value {
    let mut recipe = recipe(name);
    recipe["visibility"] = "private".into();
    recipe
}

#[tokio::test]
async fn each_change_is_a_signed_message_in_order() {
    let (app, receiver, hook) = started().await;
    let alice = app.alice().await;
    let soup = alice.posts_recipe("Soup").await;
    app.sends().await;
    alice.put(&soup, &recipe("Stew")).await.is(200);
    app.sends().await;
    alice.delete(&soup).await.is(204);
    alice.post("/api/v1/recipes/bin/1/restore", &json!({})).await.is(200);
    alice.posts_recipe("Bread").await;
    app.sends().await;
    app.sends().await;
    let messages = receiver.messages();
    let told: Vec<_> = messages.iter().map(Message::text).collect();
    assert_eq!(
        told,
        [
            "recipe.created Soup",
            "recipe.updated Stew",
            "recipe.deleted 1",
            "recipe.created Stew",
            "recipe.created Bread"
        ]
    );
    let now = app.clock.now();
    for message in &messages {
        assert!(message.is_signed_with(&hook.secret));
        assert!(!message.is_signed_with("whsec_AAAA"));
        assert_eq!(message.header("webhook-timestamp"), now.as_second().to_string());
        assert_eq!(message.header("content-type"), "application/json");
        assert!(message.header("user-agent").starts_with("Recipes/"));
        assert_eq!(message.json()["timestamp"], json!(now));
    }
    let ids: HashSet<_> = messages.iter().map(|message| message.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 5);
    assert!(ids.iter().all(|id| id.starts_with("msg_")));
    assert_eq!(messages[2].json()["data"], json!({ "id": 1, "deleted": true }));
    assert_eq!(messages[4].json()["data"], alice.get("/api/v1/recipes/2").await.is(200).json()["data"]);
}

#[tokio::test]
async fn private_recipes_are_never_sent() {
    let (app, receiver, _) = started().await;
    let alice = app.alice().await;
    let secret =
        alice.post("/api/v1/recipes", &private("Secret")).await.is(201).header("location").to_owned();
    alice.put(&secret, &private("Still secret")).await.is(200);
    let soup = alice.posts_recipe("Soup").await;
    app.sends().await;
    assert_eq!(receiver.told(), ["recipe.created Soup"]);
    alice.put(&soup, &recipe("Stew")).await.is(200);
    // Before the message about the stew is sent.
    alice.put(&soup, &private("My stew")).await.is(200);
    alice.delete(&secret).await.is(204);
    app.sends().await;
    assert_eq!(receiver.told(), ["recipe.deleted 2"]);
    alice.put(&soup, &recipe("Our stew")).await.is(200);
    app.sends().await;
    assert_eq!(receiver.told(), ["recipe.created Our stew"]);
}

#[tokio::test]
async fn failed_messages_are_sent_again_until_the_webhook_is_disabled() {
    let (app, receiver, hook) = started().await;
    receiver.answers(500);
    app.alice().await.posts_recipe("Soup").await;
    app.sends().await;
    let id = receiver.messages()[0].header("webhook-id").to_owned();
    let deliveries = format!("{}/deliveries", hook.path);
    for (tries, pause) in (1_u64..).zip(PAUSES) {
        // Tokens expire meanwhile.
        let delivery = app.admin().await.get(&deliveries).await.is(200).json()["data"][0].clone();
        let next = app.clock.now() + pause;
        assert_eq!(
            delivery,
            json!({
                "webhookId": id, "type": "recipe.created", "recipeId": 1, "state": "waiting", "tries": tries,
                "triedAt": app.clock.now(), "nextTryAt": next, "status": 500, "problem": "the receiver answered 500",
            })
        );
        app.clock.advance(pause.checked_sub(Duration::from_secs(1)).unwrap());
        app.sends().await;
        assert!(receiver.messages().is_empty(), "not before its time");
        app.clock.advance(Duration::from_secs(1));
        app.sends().await;
        let again = receiver.messages();
        assert_eq!((again.len(), again[0].header("webhook-id")), (1, &*id));
        assert!(again[0].is_signed_with(&hook.secret));
        assert_eq!(again[0].header("webhook-timestamp"), app.clock.now().as_second().to_string());
    }
    // Days have passed.
    let (alice, admin) = (app.alice().await, app.admin().await);
    let state = admin.get(&hook.path).await.is(200).json()["data"].clone();
    assert_eq!(state["disabled"], true);
    assert_eq!(state["disabledBecause"], "after 10 tries: the receiver answered 500");
    assert_eq!(admin.get(&deliveries).await.is(200).json()["data"][0]["state"], "failed");
    receiver.answers(200);
    alice.posts_recipe("Missed").await;
    admin.patch(&hook.path, &json!({ "disabled": false })).await.is(200);
    alice.posts_recipe("Bread").await;
    app.sends().await;
    assert_eq!(receiver.told(), ["recipe.created Bread"]);
}

#[tokio::test]
async fn receiver_that_recovers_gets_the_message() {
    let (app, receiver, hook) = started().await;
    receiver.answers(503);
    app.alice().await.posts_recipe("Soup").await;
    app.sends().await;
    receiver.answers(204);
    app.clock.advance(PAUSES[0]);
    app.sends().await;
    assert_eq!(receiver.told(), ["recipe.created Soup", "recipe.created Soup"]);
    let list = app.admin().await.get(&format!("{}/deliveries", hook.path)).await.is(200).json();
    let delivery = &list["data"][0];
    assert_eq!(
        (&delivery["state"], &delivery["tries"], &delivery["status"]),
        (&json!("delivered"), &json!(2), &json!(204))
    );
    assert_eq!(delivery.get("problem"), None);
}

#[tokio::test]
async fn receiver_that_is_gone_is_told_nothing_more() {
    let (app, receiver, hook) = started().await;
    receiver.answers(410);
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    alice.posts_recipe("Bread").await;
    app.sends().await;
    assert_eq!(receiver.told().len(), 1);
    alice.posts_recipe("Cake").await;
    app.clock.advance(PAUSES[0]);
    app.sends().await;
    assert!(receiver.told().is_empty());
    let state = app.admin().await.get(&hook.path).await.is(200).json()["data"].clone();
    assert_eq!(state["disabledBecause"], "the receiver answered 410: it is gone");
    assert_eq!(state["disabledAt"], json!(app.clock.now() - PAUSES[0]));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (app, receiver, hook) = started().await;
    receiver.answers(307);
    app.alice().await.posts_recipe("Soup").await;
    app.sends().await;
    assert_eq!(receiver.told().len(), 1);
    let list = app.admin().await.get(&format!("{}/deliveries", hook.path)).await.is(200).json();
    assert_eq!((&list["data"][0]["state"], &list["data"][0]["status"]), (&json!("waiting"), &json!(307)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_deliver_each_message_once() {
    let (app, receiver, _) = started().await;
    let second = Receiver::default();
    app.hook(&second.start().await, &["recipe.created"]).await;
    let alice = app.alice().await;
    let names: Vec<_> = (0..20).map(|number| format!("recipe.created Soup {number}")).collect();
    for name in &names {
        alice.posts_recipe(name.strip_prefix("recipe.created ").unwrap()).await;
    }
    let (one, two) = (app.webhook_worker(), app.webhook_worker());
    let (one, two) = tokio::join!(one.send_due(), two.send_due());
    one.and(two).unwrap();
    // What one of them could not take because the other one was faster.
    app.sends().await;
    assert_eq!(receiver.told(), names, "in order");
    assert_eq!(second.told(), names);
}

#[tokio::test]
async fn replaced_secret_signs_for_a_day() {
    let (app, receiver, hook) = started().await;
    let (alice, admin) = (app.alice().await, app.admin().await);
    let replaced = admin.post(&format!("{}/secret", hook.path), &json!({})).await.is(201).json();
    let secret = replaced["data"]["secret"].as_str().unwrap();
    assert_ne!(secret, hook.secret);
    alice.posts_recipe("Soup").await;
    app.sends().await;
    let message = &receiver.messages()[0];
    assert!(message.is_signed_with(secret) && message.is_signed_with(&hook.secret));
    app.clock.advance(Duration::from_hours(23));
    app.admin().await.post(&format!("{}/test", hook.path), &json!({})).await.is(202);
    app.sends().await;
    assert!(receiver.messages()[0].is_signed_with(&hook.secret));
    app.clock.advance(Duration::from_hours(1));
    app.admin().await.post(&format!("{}/test", hook.path), &json!({})).await.is(202);
    app.sends().await;
    let message = &receiver.messages()[0];
    assert!(message.is_signed_with(secret) && !message.is_signed_with(&hook.secret));
    assert_eq!(message.json()["data"], json!({}));
}

#[tokio::test]
async fn new_secret_is_enough_after_the_former_one_was_lost() {
    let (app, receiver, hook) = started().await;
    let (id, now) = (app.store.webhooks().await.unwrap()[0].id, app.clock.now());
    // Encrypted with a key that is lost.
    let secret = Some(NewWebhookSecret { secret: vec![7; 60], former_until: now });
    let change = WebhookChange { secret, ..WebhookChange::default() };
    app.store.change_webhook(id, change, Context::operator(now)).await.unwrap().unwrap();
    app.alice().await.posts_recipe("Soup").await;
    app.sends().await;
    assert_eq!(receiver.told(), [""; 0]);

    let replaced = app.admin().await.post(&format!("{}/secret", hook.path), &json!({})).await.is(201).json();
    app.clock.advance(Duration::from_hours(1));
    app.sends().await;
    assert!(receiver.messages()[0].is_signed_with(replaced["data"]["secret"].as_str().unwrap()));
}
