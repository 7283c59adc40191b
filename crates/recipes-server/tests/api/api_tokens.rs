//! API tokens: what programs can do with them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, TestApp, recipe};

const TOKENS: &str = "/api/v1/users/me/api-tokens";
const ME: &str = "/api/v1/users/me";

#[tokio::test]
async fn token_secret_is_shown_once() {
    let app = TestApp::new();
    let ada = app.signed_up("ada@example.org").await.client;
    let wanted = json!({"name": " Backup ", "scopes": ["recipes:write", "recipes:read"], "expiresAt": "2026-02-01T00:00:00Z"});
    let made = ada.post(TOKENS, &wanted).await.is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let mut about = made.json()["data"].clone();
    let token = about.as_object_mut().unwrap().remove("token").unwrap();
    let token = token.as_str().unwrap();
    assert!(token.starts_with("rcp_") && token.len() == 53, "{token}");
    assert_eq!(made.header("location"), format!("{TOKENS}/{}", about["id"].as_str().unwrap()));
    assert_eq!(
        about,
        json!({
            "id": about["id"], "name": "Backup", "scopes": ["recipes:read", "recipes:write"],
            "createdAt": "2026-01-01T12:00:00Z", "expiresAt": "2026-02-01T00:00:00Z",
        })
    );
    assert_eq!(ada.get(TOKENS).await.is(200).json(), json!({"data": [about]}));
}

#[tokio::test]
async fn token_writes_recipes_of_its_owner_until_deleted() {
    let app = TestApp::new();
    let program = app.program(&["recipes:read", "recipes:write"]).await;
    let soup = program.posts_recipe("Soup").await;
    let alice = app.alice().await;
    assert_eq!(
        program.get(&soup).await.is(200).json()["data"]["ownerId"],
        alice.get(ME).await.json()["data"]["id"]
    );
    let id = alice.get(TOKENS).await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    app.bob().await.delete(&format!("{TOKENS}/{id}")).await.is(404);
    alice.delete(&format!("{TOKENS}/{id}")).await.is(204);
    program.get(&soup).await.is(401);
    program.put(&soup, &recipe("Stew")).await.is(401);
    assert_eq!(alice.delete(&format!("{TOKENS}/{id}")).await.is(404).json()["code"], "api_token_not_found");
    alice.delete(&format!("{TOKENS}/x")).await.is(404);
}

#[tokio::test]
async fn missing_scope_is_403_and_named() {
    let app = TestApp::new();
    let program = app.program(&["recipes:read"]).await;
    let refused = program.post("/api/v1/recipes", &recipe("Soup")).await.is(403);
    assert_eq!(refused.json()["code"], "insufficient_scope");
    assert_eq!(
        refused.header("www-authenticate"),
        r#"Bearer error="insufficient_scope", scope="recipes:write""#
    );
}

#[tokio::test]
async fn expired_token_is_rejected() {
    let app = TestApp::new();
    let ada = app.signed_up("ada@example.org").await.client;
    let wanted = json!({"name": "Short", "scopes": ["recipes:read"], "expiresAt": "2026-01-01T13:00:00Z"});
    let made = ada.post(TOKENS, &wanted).await.is(201).json();
    let program = app.bearing(made["data"]["token"].as_str().unwrap());
    app.clock.advance(Duration::from_secs(3_599));
    program.get("/api/v1/recipes").await.is(200);
    app.clock.advance(Duration::from_secs(1));
    program.get("/api/v1/recipes").await.is(401);
}

#[tokio::test]
async fn last_use_is_listed() {
    let app = TestApp::new();
    let program = app.program(&["recipes:read"]).await;
    let alice = app.alice().await;
    assert_eq!(alice.get(TOKENS).await.json()["data"][0].get("lastUsedAt"), None);
    program.get("/api/v1/recipes").await.is(200);
    // The request does not wait for the note of its use. The writer handles this write after the note.
    app.bob().await;
    assert_eq!(alice.get(TOKENS).await.json()["data"][0]["lastUsedAt"], "2026-01-01T12:00:00Z");
}

#[tokio::test]
async fn token_survives_log_out_and_password_change_but_not_log_out_all() {
    let app = TestApp::new();
    let ada = app.signed_up("ada@example.org").await;
    let make = async |client: &Client| {
        let made =
            client.post(TOKENS, &json!({"name": "Long", "scopes": ["recipes:read"]})).await.is(201).json();
        app.bearing(made["data"]["token"].as_str().unwrap())
    };
    let password = |from: &str, to: &str, rest: Value| {
        let mut change = json!({"currentPassword": from, "newPassword": to});
        change.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        change
    };
    let program = make(&ada.client).await;
    let other = "ten little onions";
    let change = password(PASSWORD, other, json!({}));
    ada.client.put("/api/v1/users/me/password", &change).await.is(204);
    ada.client.post("/api/v1/users/logout/others", &json!({})).await.is(204);
    program.get("/api/v1/recipes").await.is(200);
    let change = password(other, PASSWORD, json!({"endApiTokens": true}));
    ada.client.put("/api/v1/users/me/password", &change).await.is(204);
    program.get("/api/v1/recipes").await.is(401);

    let program = make(&ada.client).await;
    ada.client.post("/api/v1/users/logout/all", &json!({})).await.is(204);
    program.get("/api/v1/recipes").await.is(401);

    let program = make(&app.logged_in("ada@example.org").await.client).await;
    let email = accounts::Email::parse("ada@example.org").unwrap();
    for access in [store::Access::Disabled, store::Access::Enabled] {
        app.store.set_access(&email, access, store::Context::operator(app.clock.now())).await.unwrap();
        program.get("/api/v1/recipes").await.is(401);
    }
    let wrong = password(PASSWORD, other, json!({"endApiTokens": 7}));
    let ada = app.logged_in("ada@example.org").await.client;
    assert_eq!(
        ada.put("/api/v1/users/me/password", &wrong).await.is(422).refused_fields(),
        ["/endApiTokens"]
    );
}

#[tokio::test]
async fn token_cannot_create_a_token() {
    let app = TestApp::new();
    let program = app.program(&["account", "recipes:read"]).await;
    let refused =
        program.post(TOKENS, &json!({"name": "Same", "scopes": ["recipes:read"]})).await.is(403).json();
    assert_eq!(refused["code"], "session_required");
}

#[tokio::test]
async fn token_needs_the_password_like_its_owner() {
    let app = TestApp::new();
    let ada = app.signed_up("ada@example.org").await;
    let made =
        ada.client.post(TOKENS, &json!({"name": "Account", "scopes": ["account"]})).await.is(201).json();
    let program = app.bearing(made["data"]["token"].as_str().unwrap());
    let change = json!({"currentPassword": "not this one", "newPassword": "ten little onions"});
    program.put("/api/v1/users/me/password", &change).await.is(403);
    program.delete_with(ME, &json!({"password": "not this one"})).await.is(403);
    program.patch(ME, &json!({"email": "eve@example.org"})).await.is(422);
    let change = json!({"currentPassword": PASSWORD, "newPassword": "ten little onions"});
    program.put("/api/v1/users/me/password", &change).await.is(204);
    ada.client.get(ME).await.is(401);
}

#[tokio::test]
async fn invalid_token_description_is_422() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for (body, fields) in [
        (json!({}), vec!["/name", "/scopes"]),
        (json!({"name": "", "scopes": ["account"]}), vec!["/name"]),
        (json!({"name": "x", "scopes": []}), vec!["/scopes"]),
        (json!({"name": "x", "scopes": ["admin"]}), vec!["/scopes"]),
        (json!({"name": "x", "scopes": "account"}), vec!["/scopes"]),
        (json!({"name": "x", "scopes": [7]}), vec!["/scopes"]),
        (json!({"name": "x", "scopes": ["account"], "expiresAt": "tomorrow"}), vec!["/expiresAt"]),
        (
            json!({"name": "x", "scopes": ["account"], "expiresAt": "2026-01-01T12:00:00Z"}),
            vec!["/expiresAt"],
        ),
        (json!({"name": "x", "scopes": ["account"], "expiresAt": 7}), vec!["/expiresAt"]),
        (
            json!({"name": "x", "scopes": ["account"], "expiresAt": "2027-01-01T00:00:00Z[Europe/Paris]"}),
            vec!["/expiresAt"],
        ),
    ] {
        assert_eq!(alice.post(TOKENS, &body).await.is(422).refused_fields(), fields, "{body}");
    }
    for scopes in [json!(["account"]), json!(["account", "", " ", null])] {
        let body = json!({"name": "x", "scopes": scopes, "expiresAt": null});
        let made = alice.post(TOKENS, &body).await.is(201).json();
        assert_eq!(made["data"]["scopes"], json!(["account"]));
    }
}

#[tokio::test]
async fn number_of_tokens_is_limited() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let wanted = json!({"name": "One of many", "scopes": ["recipes:read"]});
    for _ in 0..100 {
        alice.post(TOKENS, &wanted).await.is(201);
    }
    assert_eq!(alice.post(TOKENS, &wanted).await.is(409).json()["code"], "too_many_api_tokens");
}

#[tokio::test]
async fn mistyped_token_is_rejected() {
    let app = TestApp::new();
    let program = app.program(&["recipes:read"]).await;
    let token = program.token();
    for bad in [
        "rcp_",
        &token[..52],
        &format!("{token}0"),
        &token.replacen("rcp_", "rcp_0", 1),
        &token.replacen("rcp", "RCP", 1),
    ] {
        let refused = app.bearing(bad).get("/api/v1/recipes").await.is(401);
        assert!(refused.header("www-authenticate").contains("invalid_token"), "{bad}");
    }
}
