//! The household: `/api/v1/household`.

use std::time::Duration;

use accounts::Role;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

const HOUSEHOLD: &str = "/api/v1/household";

async fn members(client: &Client) -> Vec<Value> {
    let household = client.get(HOUSEHOLD).await.is(200).json();
    household["data"]["members"].as_array().unwrap().iter().map(|member| member["name"].clone()).collect()
}

async fn code_of(client: &Client) -> Value {
    client.post(&format!("{HOUSEHOLD}/invitation"), &json!({})).await.is(201).json()["data"]["code"].clone()
}

#[tokio::test]
async fn members_share_the_list_and_tick_it_at_the_same_time() {
    let app = TestApp::new();
    let (alice, bob, eve) = (app.alice().await, app.bob().await, app.member("eve", Role::User).await);
    let list = "/api/v1/shopping-list";
    assert_eq!(members(&alice).await, [json!(null); 0]);
    alice.delete(HOUSEHOLD).await.is(404);
    bob.post(list, &json!({ "items": ["Tea"] })).await.is(204);
    alice.post(list, &json!({ "items": ["Milk", "Bread"] })).await.is(204);
    let code = code_of(&alice).await;
    bob.post(&format!("{HOUSEHOLD}/join"), &json!({ "code": code })).await.is(204);
    let refused = eve.post(&format!("{HOUSEHOLD}/join"), &json!({ "code": code })).await.is(404);
    assert_eq!(refused.json()["code"], "household_invitation_not_found");
    assert_eq!(members(&bob).await, ["alice", "bob"]);
    let items = bob.get(list).await.is(200).json()["data"].as_array().unwrap().clone();
    let mut texts: Vec<_> = items.iter().map(|item| item["text"].as_str().unwrap()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["Bread", "Milk", "Tea"], "what bob had comes along");
    let tick = async |client: &Client, item: &Value| {
        let address = format!("{list}/{}", item["id"].as_str().unwrap());
        client.patch(&address, &json!({ "ticked": true, "version": item["version"] })).await.is(204)
    };
    tokio::join!(tick(&alice, &items[0]), tick(&bob, &items[1]), tick(&alice, &items[2]));
    let ticked = alice.get(list).await.is(200).json();
    assert!(ticked["data"].as_array().unwrap().iter().all(|item| item["ticked"] == true), "{ticked}");
    bob.delete(HOUSEHOLD).await.is(204);
    assert_eq!(bob.get(list).await.is(200).json()["data"], json!([]));
    assert_eq!(members(&alice).await, ["alice"]);
}

#[tokio::test]
async fn invitation_expires_after_seven_days() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let code = code_of(&alice).await;
    app.clock.advance(Duration::from_hours(7 * 24));
    let join = format!("{HOUSEHOLD}/join");
    app.bob().await.post(&join, &json!({ "code": code })).await.is(404);
    let alice = app.alice().await;
    assert_eq!(alice.get(HOUSEHOLD).await.is(200).json()["data"].get("invitationExpiresAt"), None);
    code_of(&alice).await;
    assert!(alice.get(HOUSEHOLD).await.is(200).json()["data"]["invitationExpiresAt"].is_string());
}
