//! The whole permission matrix: every documented operation as nobody, somebody else, the owner and an admin.

use http::Method;
use recipes_server::openapi_json;
use serde_json::Value;

use crate::app::{Client, TestApp, recipe};

/// What each may do: nobody, another user, the owner, an admin.
const MATRIX: &[(&str, &str, [u16; 4])] = &[
    ("get", "/api/v1/recipes", [200, 200, 200, 200]),
    ("post", "/api/v1/recipes", [401, 201, 201, 201]),
    ("get", "/api/v1/recipes/{id}", [200, 200, 200, 200]),
    ("put", "/api/v1/recipes/{id}", [401, 403, 200, 200]),
    ("delete", "/api/v1/recipes/{id}", [401, 403, 204, 204]),
    ("get", "/api/v1/users/me", [401, 200, 200, 200]),
    // 422: everybody gets as far as the body, and this one is a recipe.
    ("post", "/api/v1/users/signup", [422, 422, 422, 422]),
    ("post", "/api/v1/users/login", [422, 422, 422, 422]),
    ("get", "/healthz", [200, 200, 200, 200]),
    ("get", "/readyz", [200, 200, 200, 200]),
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
        let callers = [app.anonymous(), app.bob().await, app.alice().await, app.admin().await];
        for (caller, expected) in callers.iter().zip(expected) {
            // Each gets a recipe of Alice's to try, as the one before may have deleted it.
            let url = app.alice().await.posts_recipe("Soup").await;
            let id = url.rsplit('/').next().unwrap();
            let status = call(caller, method, &path.replace("{id}", id)).await;
            assert_eq!(status, *expected, "{method} {path}");
        }
    }
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
            app.user("alice", recipes::Role::User).await,
            recipes::audit::Actor::OPERATOR,
            app.clock.now(),
        )
        .await
        .unwrap();
    app.anonymous().put(&url, &recipe("Stew")).await.is(401);
    let changed = app.bob().await.put(&url, &recipe("Stew")).await.is(200).json();
    assert_eq!(changed["data"].get("ownerId"), None);
    app.bob().await.delete(&url).await.is(204);
}
