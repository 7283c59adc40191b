//! What administrators do with webhooks.

use accounts::audit::Filter;
use serde_json::json;
use store::{MAX_WEBHOOKS, Page};

use super::{WEBHOOKS, started};
use crate::app::TestApp;

#[tokio::test]
async fn webhook_is_created_read_changed_and_deleted() {
    let app = TestApp::new();
    let admin = app.admin().await;
    let events = json!(["recipe.deleted", " recipe.created", "", null]);
    let new = json!({ "url": "https://kitchen.example/hook", "events": events });
    let created = admin.post(WEBHOOKS, &new).await.is(201);
    assert_eq!(created.header("cache-control"), "no-store");
    let path = created.header("location").to_owned();
    let created = created.json()["data"].clone();
    let secret = created["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let shown = json!({
        "id": created["id"], "url": "https://kitchen.example/hook", "events": ["recipe.created", "recipe.deleted"],
        "disabled": false, "createdAt": app.clock.now(),
    });
    assert_eq!(admin.get(&path).await.is(200).json(), json!({ "data": shown }), "without the secret");
    assert_eq!(admin.get(WEBHOOKS).await.is(200).json(), json!({ "data": [shown] }));
    let stored = &app.store.webhooks().await.unwrap()[0].secret;
    assert!(
        !String::from_utf8_lossy(stored).contains(secret) && stored.len() == 32 + 12 + 16,
        "it is encrypted"
    );

    let elsewhere = json!({ "url": "https://other.example/", "events": [], "disabled": true });
    let changed = admin.patch(&path, &elsewhere).await.is(200).json()["data"].clone();
    assert_eq!(
        (&changed["url"], &changed["disabledBecause"]),
        (&json!("https://other.example/"), &json!("by an administrator"))
    );
    assert_eq!(changed["events"], json!(["recipe.created", "recipe.updated", "recipe.deleted"]));
    let refused = admin.post(&format!("{path}/test"), &json!({})).await.is(409).json();
    assert_eq!(refused["code"], "webhook_disabled");
    let enabled = admin.patch(&path, &json!({ "disabled": false })).await.is(200).json()["data"].clone();
    assert_eq!((&enabled["disabled"], enabled.get("disabledAt")), (&json!(false), None));
    admin.post(&format!("{path}/secret"), &json!({})).await.is(201);
    // As after a start with another JWT_SECRET.
    let data_key = app.store.data_key().await.unwrap();
    assert!(app.store.replace_data_key(data_key, vec![7; 60]).await.unwrap());
    admin.post(&format!("{path}/secret"), &json!({})).await.is(201);
    admin.delete(&path).await.is(204);
    for path in [path.clone(), format!("{WEBHOOKS}/1"), format!("{path}/deliveries")] {
        assert_eq!(admin.get(&path).await.is(404).json()["code"], "webhook_not_found");
    }
    admin.delete(&path).await.is(404);
    admin.patch(&path, &json!({})).await.is(404);
    admin.post(&format!("{path}/secret"), &json!({})).await.is(404);
    let entries = app.store.audit_log(Filter::default(), Page::new(None, 6).unwrap()).await.unwrap().rows;
    let events: Vec<_> = entries.iter().rev().map(|entry| &*entry.event).collect();
    let (change, replaced) = ("webhook_changed", "webhook_secret_replaced");
    assert_eq!(events, ["webhook_created", change, change, replaced, replaced, "webhook_deleted"]);
    assert!(entries.iter().all(|entry| entry.actor.user.is_some() && entry.detail.is_some()));
}

#[tokio::test]
async fn addresses_and_events_that_cannot_work_are_422() {
    let app = TestApp::new();
    let admin = app.admin().await;
    for (body, pointer, message) in [
        (json!({}), "/url", "is required"),
        (json!({ "url": 1 }), "/url", "must be a text"),
        (json!({ "url": "kitchen" }), "/url", "cannot be used: it is not an absolute URL"),
        (json!({ "url": "http://kitchen.example/" }), "/url", "a URL that is not https"),
        (json!({ "url": "https://192.168.1.2/" }), "/url", "WEBHOOK_PRIVATE=true"),
        (json!({ "url": "https://169.254.169.254/" }), "/url", "neither public nor loopback"),
        (json!({ "url": "https://user:secret@kitchen.example/" }), "/url", "a password in it"),
        (
            json!({ "url": format!("https://kitchen.example/{}", "x".repeat(2_000)) }),
            "/url",
            "has more than 2000 characters",
        ),
        (
            json!({ "url": "https://kitchen.example/", "events": "recipe.created" }),
            "/events",
            "must be a list of texts",
        ),
        (
            json!({ "url": "https://kitchen.example/", "events": ["recipe.cooked"] }),
            "/events",
            "has an item that must be recipe.created, recipe.updated or recipe.deleted",
        ),
    ] {
        let refused = admin.post(WEBHOOKS, &body).await.is(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
        let said = refused["errors"][0]["message"].as_str().unwrap();
        assert!(said.contains(message), "{said}");
    }
    for _ in 0..MAX_WEBHOOKS {
        admin.post(WEBHOOKS, &json!({ "url": "https://kitchen.example/" })).await.is(201);
    }
    let refused = admin.post(WEBHOOKS, &json!({ "url": "https://kitchen.example/" })).await.is(409).json();
    assert_eq!(refused["code"], "too_many_webhooks");
}

#[tokio::test]
async fn test_message_is_sent_and_its_delivery_shown() {
    let (app, receiver, hook) = started().await;
    let admin = app.admin().await;
    admin.post(&format!("{}/test", hook.path), &json!({})).await.is(202);
    let waiting = admin.get(&format!("{}/deliveries", hook.path)).await.is(200).json()["data"][0].clone();
    assert_eq!((&waiting["state"], &waiting["tries"]), (&json!("waiting"), &json!(0)));
    assert_eq!((waiting.get("nextTryAt"), waiting.get("recipeId")), (None, None));
    app.sends().await;
    let message = &receiver.messages()[0];
    assert!(message.is_signed_with(&hook.secret));
    assert_eq!(message.json()["type"], "webhook.test");
    let done = admin.get(&format!("{}/deliveries", hook.path)).await.is(200).json()["data"][0].clone();
    assert_eq!(
        (&done["state"], &done["webhookId"]),
        (&json!("delivered"), &json!(message.header("webhook-id")))
    );
}
