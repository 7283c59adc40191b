//! `Idempotency-Key`: a repeated POST creates nothing twice.

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{Answer, Client, TestApp, recipe};

async fn create(client: &Client, key: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, "/api/v1/recipes").header("content-type", "application/json");
    client.send(request.header("idempotency-key", key).body(body.to_string().into()).unwrap()).await
}

async fn count(app: &TestApp) -> usize {
    app.admin().await.get("/api/v1/recipes").await.json()["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn repeated_request_gets_the_first_answer() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let first = create(&alice, "\"k-1\"", &recipe("Soup")).await.is(201);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    alice.put("/api/v1/recipes/1", &recipe("Stew")).await.is(200);
    for key in ["\"k-1\"", "k-1"] {
        let again = create(&alice, key, &recipe("Soup")).await.is(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.json(), first.json(), "as it was");
        for header in ["location", "etag", "content-type"] {
            assert_eq!(again.header(header), first.header(header));
        }
    }
    alice.delete("/api/v1/recipes/1").await.is(204);
    create(&alice, "k-1", &recipe("Soup")).await.is(201);
    assert_eq!(count(&app).await, 0);
    create(&alice, "k-2", &recipe("Soup")).await.is(201);
    create(&app.bob().await, "k-1", &recipe("Soup")).await.is(201);
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn key_of_another_recipe_is_422() {
    let app = TestApp::new();
    let alice = app.alice().await;
    create(&alice, "k", &recipe("Soup")).await.is(201);
    let refused = create(&alice, "k", &recipe("Stew")).await.is(422);
    assert_eq!(refused.json()["code"], "idempotency_key_reused");
    let mut same: Value = recipe("Soup");
    same["description"] = json!("");
    create(&alice, "k", &same).await.is(201);
    assert_eq!(count(&app).await, 1, "a field without meaning makes no other recipe");
}

#[tokio::test]
async fn refused_request_does_not_use_its_key() {
    let app = TestApp::new();
    let alice = app.alice().await;
    create(&alice, "k", &json!({"name": "Soup"})).await.is(422);
    create(&app.anonymous(), "k", &recipe("Soup")).await.is(401);
    for key in ["", "\"", "a b", &"x".repeat(256), "é"] {
        create(&alice, key, &recipe("Soup")).await.is(400);
    }
    let created = create(&alice, "k", &recipe("Soup")).await.is(201);
    assert!(!created.headers.contains_key("idempotency-replayed"));
}

#[tokio::test]
async fn one_of_100_concurrent_requests_creates() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut posts = JoinSet::new();
    for _ in 0..100 {
        let client = alice.bearing(alice.token());
        posts.spawn(async move { create(&client, "k", &recipe("Soup")).await.is(201) });
    }
    let answers = posts.join_all().await;
    let replayed = |answer: &&Answer| answer.headers.contains_key("idempotency-replayed");
    assert_eq!(answers.iter().filter(replayed).count(), 99);
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn web_page_may_send_the_key_and_read_the_answer() {
    let app = TestApp::new();
    let preflight = app
        .anonymous()
        .request(Method::OPTIONS, "/api/v1/recipes")
        .header("origin", "https://pages.example")
        .header("access-control-request-method", "POST");
    let answer = app.anonymous().send(preflight.body(String::new().into()).unwrap()).await.is(204);
    assert!(answer.header("access-control-allow-headers").contains("idempotency-key"));
    let read =
        app.anonymous().request(Method::GET, "/api/v1/recipes").header("origin", "https://pages.example");
    let answer = app.anonymous().send(read.body(String::new().into()).unwrap()).await.is(200);
    assert!(answer.header("access-control-expose-headers").contains("idempotency-replayed"));
}
