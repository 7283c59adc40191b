//! Recipes without an owner, and recipes that get another one.

use accounts::Role;
use serde_json::{Value, json};

use crate::app::{TestApp, recipe};

#[tokio::test]
async fn operator_may_reserve_recipes_without_owner_for_administrators() {
    let app = TestApp::with_settings(|settings| settings.ownerless = recipes::Ownerless::Admins);
    let root = app.admin().await;
    let url = app.alice().await.posts_recipe("Soup").await;
    let (alice, to) = (app.user("alice", Role::User).await.id, Value::Null);
    let transfer = json!({"from": alice, "to": to});
    let done = root.post("/api/v1/admin/recipes/transfer", &transfer).await.is(200).json();
    assert_eq!(done, json!({"data": {"recipes": 1}}));
    for client in [app.bob().await, app.alice().await] {
        for refused in [client.put(&url, &recipe("Stew")).await, client.delete(&url).await] {
            assert_eq!(refused.is(403).json()["code"], "recipe_without_owner");
        }
    }
    root.put(&url, &recipe("Stew")).await.is(200);
    root.delete(&url).await.is(204);
    let (bob, binned) = (app.bob().await, url.replace("/recipes/", "/recipes/bin/"));
    assert_eq!(bob.get("/api/v1/recipes/bin").await.is(200).json()["data"], json!([]));
    bob.post(&format!("{binned}/restore"), &json!({})).await.is(404);
    root.post(&format!("{binned}/restore"), &json!({})).await.is(200);
}

#[tokio::test]
async fn recipes_are_handed_over_to_another_user() {
    let app = TestApp::new();
    let (root, bob) = (app.admin().await, app.bob().await);
    let url = app.alice().await.posts_recipe("Soup").await;
    let (from, to) = (app.user("alice", Role::User).await.id, app.user("bob", Role::User).await.id);
    let path = "/api/v1/admin/recipes/transfer";
    root.post(path, &json!({"from": from, "to": to})).await.is(200);
    assert_eq!(bob.get(&url).await.is(200).json()["data"]["ownerId"], json!(to));
    app.alice().await.put(&url, &recipe("Stew")).await.is(403);
    bob.put(&url, &recipe("Stew")).await.is(200);
    for (body, status, pointer) in [
        (json!({"from": from, "to": from}), 422, "/to"),
        (json!({"from": from}), 422, "/to"),
        (json!({"to": to}), 422, "/from"),
        (json!({"from": "soup", "to": to}), 422, "/from"),
    ] {
        let refused = root.post(path, &body).await.is(status).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{body}");
    }
    root.post(path, &json!({"from": 99, "to": to})).await.is(404);
}
