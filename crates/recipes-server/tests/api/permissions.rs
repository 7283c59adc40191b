//! The whole permission matrix: every documented operation as nobody, somebody else, the owner and an admin.

use http::Method;
use recipes_server::openapi_json;
use serde_json::{Map, Value};

use crate::app::{Client, TestApp, recipe};

/// What each may do: nobody, another user, the owner, an admin; and programs with an API token of the owner, which has
/// the scope `recipes:read`, `recipes:write`, `account`.
const MATRIX: &[(&str, &str, [u16; 7])] = &[
    ("get", "/api/v1/recipes", [200, 200, 200, 200, 200, 403, 403]),
    ("post", "/api/v1/recipes", [401, 201, 201, 201, 403, 201, 403]),
    ("get", "/api/v1/recipes/{id}", [200, 200, 200, 200, 200, 403, 403]),
    ("put", "/api/v1/recipes/{id}", [401, 403, 200, 200, 403, 200, 403]),
    ("delete", "/api/v1/recipes/{id}", [401, 403, 204, 204, 403, 204, 403]),
    // 422: everybody gets as far as the body, and this one is a recipe.
    ("post", "/api/v1/users/signup", [422; 7]),
    ("post", "/api/v1/users/login", [422; 7]),
    ("post", "/api/v1/users/refresh", [422; 7]),
    ("post", "/api/v1/users/verification", [401, 202, 202, 202, 403, 403, 202]),
    ("post", "/api/v1/users/verification/confirm", [422; 7]),
    ("post", "/api/v1/users/password-reset", [422; 7]),
    ("post", "/api/v1/users/password-reset/confirm", [422; 7]),
    // Who has no session cannot log out of it.
    ("post", "/api/v1/users/logout", [401, 204, 204, 204, 403, 403, 403]),
    ("post", "/api/v1/users/logout/others", [401, 204, 204, 204, 403, 403, 403]),
    ("post", "/api/v1/users/logout/all", [401, 204, 204, 204, 403, 403, 204]),
    ("get", "/api/v1/users/me", [401, 200, 200, 200, 403, 403, 200]),
    ("patch", "/api/v1/users/me", [401, 200, 200, 200, 403, 403, 200]),
    ("delete", "/api/v1/users/me", [401, 422, 422, 422, 403, 403, 422]),
    ("put", "/api/v1/users/me/password", [401, 422, 422, 422, 403, 403, 422]),
    ("get", "/api/v1/users/me/export", [401, 200, 200, 200, 403, 403, 200]),
    ("get", "/api/v1/users/me/sessions", [401, 200, 200, 200, 403, 403, 200]),
    ("delete", "/api/v1/users/me/sessions/{id}", [401, 404, 204, 404, 403, 403, 204]),
    ("get", "/api/v1/users/me/api-tokens", [401, 200, 200, 200, 403, 403, 200]),
    ("post", "/api/v1/users/me/api-tokens", [401, 422, 422, 422, 403, 403, 422]),
    ("delete", "/api/v1/users/me/api-tokens/{id}", [401, 404, 204, 404, 403, 403, 204]),
    ("get", "/api/v1/admin/users", [401, 403, 403, 200, 403, 403, 403]),
    ("get", "/api/v1/admin/users/{id}", [401, 403, 403, 200, 403, 403, 403]),
    ("patch", "/api/v1/admin/users/{id}", [401, 403, 403, 200, 403, 403, 403]),
    ("delete", "/api/v1/admin/users/{id}/sessions", [401, 403, 403, 204, 403, 403, 403]),
    ("post", "/api/v1/admin/users/{id}/password-reset", [401, 403, 403, 202, 403, 403, 403]),
    ("get", "/api/v1/admin/audit", [401, 403, 403, 200, 403, 403, 403]),
    ("get", "/api/v1/admin/invitations", [401, 403, 403, 200, 403, 403, 403]),
    ("post", "/api/v1/admin/invitations", [401, 403, 403, 201, 403, 403, 403]),
    ("delete", "/api/v1/admin/invitations/{id}", [401, 403, 403, 204, 403, 403, 403]),
    ("get", "/healthz", [200; 7]),
    ("get", "/readyz", [200; 7]),
];

#[tokio::test]
async fn every_operation_is_open_to_whom_it_should_be_and_nobody_else() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        operations.extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }
    for (method, path) in &operations {
        assert!(
            MATRIX.iter().any(|row| row.0 == method && row.1 == path),
            "{method} {path} is not in the matrix"
        );
    }
    assert_eq!(operations.len(), MATRIX.len(), "the matrix speaks of operations that are not documented");

    for (method, path, expected) in MATRIX {
        let app = TestApp::new();
        for (n, expected) in expected.iter().enumerate() {
            // Made when its turn comes: who came before may have ended everything that Alice had.
            let caller = &match n {
                0 => app.anonymous(),
                1 => app.bob().await,
                2 => app.alice().await,
                3 => app.admin().await,
                4 => app.program(&["recipes:read"]).await,
                5 => app.program(&["recipes:write"]).await,
                _ => app.program(&["account"]).await,
            };
            let status = call(caller, method, &of_alice(&app, path).await).await;
            assert_eq!(status, *expected, "{method} {path}, column {n}");
        }
    }
}

/// The path with the id of something of Alice's, a new one each time: who came before may have deleted the last.
async fn of_alice(app: &TestApp, path: &str) -> String {
    if let Some(collection) = path.strip_suffix("/invitations/{id}") {
        let admin = app.admin().await;
        let made = admin.post(&format!("{collection}/invitations"), &Value::Object(Map::new())).await.is(201);
        return made.header("location").to_owned();
    }
    if path.starts_with("/api/v1/admin/users/") {
        let alice = app.user("alice", accounts::Role::User).await;
        return path.replace("{id}", &alice.id.to_string());
    }
    let Some(collection) = path.strip_suffix("/{id}") else { return path.to_owned() };
    let alice = app.alice().await;
    if collection.ends_with("/recipes") {
        return alice.posts_recipe("Soup").await;
    }
    if collection.ends_with("/api-tokens") {
        app.program(&["recipes:read"]).await;
    }
    let list = alice.get(collection).await.is(200).json();
    // The newest of the sessions is the one that asks, the newest of the tokens comes last.
    let newest = list["data"].as_array().unwrap().iter().find(|it| it["current"] == true);
    let newest = newest.or(list["data"].as_array().unwrap().last()).unwrap();
    format!("{collection}/{}", newest["id"].as_str().unwrap())
}

async fn call(client: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let request = client.request(method, path).header("content-type", "application/json");
    client.send(request.body(recipe("Stew").to_string().into()).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn a_communal_recipe_may_be_changed_by_whoever_is_signed_in() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    app.store
        .delete_user(
            app.user("alice", accounts::Role::User).await.id,
            None,
            store::Context::operator(app.clock.now()),
        )
        .await
        .unwrap();
    app.anonymous().put(&url, &recipe("Stew")).await.is(401);
    let changed = app.bob().await.put(&url, &recipe("Stew")).await.is(200).json();
    assert_eq!(changed["data"].get("ownerId"), None);
    app.bob().await.delete(&url).await.is(204);
}
