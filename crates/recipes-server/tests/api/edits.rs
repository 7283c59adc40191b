//! Safe edits: merge patches, and preconditions of changes.

use std::time::Duration;

use http::{Method, header};
use recipes_server::openapi_json;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{Answer, Client, TestApp, recipe};

async fn send(client: &Client, method: Method, headers: &[(&str, &str)], body: &Value) -> Answer {
    let mut request = client.request(method, "/api/v1/recipes/1");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(body.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn merge_patch_changes_the_fields_that_it_names() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    for (revision, media_type) in
        [(2, "application/merge-patch+json"), (3, "application/json; charset=utf-8")]
    {
        let change = json!({"name": format!("Soup {revision}"), "nutrition": {"calories": revision}});
        let answer = send(&alice, Method::PATCH, &[("content-type", media_type)], &change).await.is(200);
        assert_eq!(answer.header("etag"), format!("\"1-{revision}\""));
        let read = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
        assert_eq!(read, answer.json());
        assert_eq!(read["data"]["name"], format!("Soup {revision}"));
        assert_eq!(read["data"]["ingredients"], recipe("")["ingredients"]);
    }
    let removed = alice.patch("/api/v1/recipes/1", &json!({"nutrition": null})).await.is(200).json();
    assert_eq!(removed["data"].get("nutrition"), None);
}

#[tokio::test]
async fn patch_that_does_not_fit_changes_nothing() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    let fields = json!({"name": null, "ingredients": null, "difficulty": 9});
    let answer = alice.patch("/api/v1/recipes/1", &fields).await.is(422);
    assert_eq!(answer.refused_fields(), ["/name", "/ingredients"]);
    let answer = alice.patch("/api/v1/recipes/1", &json!({"name": "x", "difficulty": 9})).await.is(422);
    assert_eq!(answer.refused_fields(), ["/difficulty"]);
    for (media_type, status) in [("text/plain", 415), ("application/json-patch+json", 415)] {
        let headers = [("content-type", media_type)];
        let answer = send(&alice, Method::PATCH, &headers, &json!({})).await.is(status);
        assert_eq!(answer.header("accept-patch"), "application/merge-patch+json");
    }
    send(&alice, Method::PATCH, &[("prefer", "handling=strict")], &json!({"nam": "x"})).await.is(400);
    alice.patch("/api/v1/recipes/99", &json!({})).await.is(404);
    let read = app.anonymous().get("/api/v1/recipes/1").await.json();
    assert_eq!((&read["data"]["name"], &read["data"]["revision"]), (&json!("Soup"), &json!(1)));
}

#[tokio::test]
async fn options_names_the_patch_format_where_there_is_patch() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let app = TestApp::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let request = app.anonymous().request(Method::OPTIONS, &path.replace("{id}", "1"));
        let answer = app.anonymous().send(request.body(String::new().into()).unwrap()).await.is(204);
        let has_patch = operations.get("patch").is_some();
        assert_eq!(answer.headers.contains_key("accept-patch"), has_patch, "{path}");
    }
}

#[tokio::test]
async fn one_of_100_edits_wins_and_the_others_get_the_current_recipe() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    let mut edits = JoinSet::new();
    for n in 0..100 {
        let client = alice.bearing(alice.token());
        edits.spawn(async move {
            let change = json!({"name": format!("Soup {n}")});
            send(&client, Method::PATCH, &[("if-match", "\"1-1\"")], &change).await
        });
    }
    let (won, lost): (Vec<_>, Vec<_>) =
        edits.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 99));
    let current = won[0].json()["data"].clone();
    for answer in lost {
        let answer = answer.is(412);
        assert_eq!((answer.header("etag"), &answer.json()["current"]), ("\"1-2\"", &current));
    }
}

#[tokio::test]
async fn current_recipe_is_shown_to_callers_that_may_read_it_only() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    alice.post("/api/v1/recipes", &secret).await.is(201);
    let stale = [("if-match", "\"1-7\"")];
    let answer = send(&alice, Method::PUT, &stale, &recipe("x")).await.is(412).json();
    assert_eq!(answer["current"]["name"], "Secret");
    let headers = [stale[0], ("accept", "application/problem+json")];
    let problem = send(&alice, Method::DELETE, &headers, &json!({})).await.is(412).json();
    assert_eq!((&problem["status"], &problem["current"]["name"]), (&json!(412), &json!("Secret")));
    let writes_only = app.program(&["recipes:write"]).await;
    let answer = send(&writes_only, Method::PUT, &stale, &recipe("x")).await.is(412);
    assert_eq!((answer.header("etag"), answer.json().get("current")), ("\"1-1\"", None));
    send(&writes_only, Method::PATCH, &[], &json!({})).await.is(403);
    send(&app.bob().await, Method::PUT, &stale, &recipe("x")).await.is(404);
}

#[tokio::test]
async fn if_none_match_of_a_change() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    for tags in ["*", "\"1-1\"", "\"1-0\", W/\"1-1\""] {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            send(&alice, method, &[("if-none-match", tags)], &recipe("x")).await.is(412);
        }
    }
    send(&alice, Method::PUT, &[("if-none-match", "1-1")], &recipe("x")).await.is(400);
    send(&alice, Method::PUT, &[("if-none-match", "\"1-9\"")], &recipe("x")).await.is(200);
}

#[tokio::test]
async fn operator_may_demand_if_match() {
    let app = TestApp::with_settings(|settings| settings.require_if_match = true);
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = send(&alice, method.clone(), &[], &recipe("x")).await.is(428);
        assert_eq!(answer.json()["code"], "precondition_required");
        send(&app.anonymous(), method, &[], &recipe("x")).await.is(401);
    }
    send(&alice, Method::PUT, &[("if-match", "\"1-1\"")], &recipe("x")).await.is(200);
    send(&alice, Method::PATCH, &[("if-match", "*")], &json!({})).await.is(200);
    app.clock.advance(Duration::from_secs(2));
    let date = alice.get("/api/v1/recipes/1").await.is(200).header("last-modified").to_owned();
    send(&alice, Method::PATCH, &[("if-unmodified-since", "yesterday")], &json!({})).await.is(428);
    send(&alice, Method::PATCH, &[("if-unmodified-since", date.as_str())], &json!({})).await.is(200);
    send(&alice, Method::DELETE, &[("if-match", "\"1-4\"")], &json!({})).await.is(204);
}

#[tokio::test]
async fn change_of_what_was_changed_since_a_date_is_412() {
    let app = TestApp::new();
    let alice = app.alice().await;
    app.clock.advance(Duration::from_millis(300));
    alice.posts_recipe("Soup").await;
    let this_second = "Thu, 01 Jan 2026 12:00:00 GMT";
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let refused =
            send(&alice, method, &[("if-unmodified-since", this_second)], &recipe("x")).await.is(412);
        assert_eq!((refused.header("etag"), &refused.json()["current"]["name"]), ("\"1-1\"", &json!("Soup")));
    }
    let settled = async || {
        app.clock.advance(Duration::from_secs(2));
        alice.get("/api/v1/recipes/1").await.is(200).header("last-modified").to_owned()
    };
    let date = settled().await;
    assert_eq!(date, "Thu, 01 Jan 2026 12:00:01 GMT");
    let headers = [("if-match", "\"1-0\""), ("if-unmodified-since", date.as_str())];
    send(&alice, Method::PUT, &headers, &recipe("x")).await.is(412);
    let headers = [("if-none-match", "\"1-1\""), ("if-unmodified-since", date.as_str())];
    send(&alice, Method::PUT, &headers, &recipe("x")).await.is(412);
    let headers = [("if-match", "\"1-1\""), ("if-unmodified-since", this_second)];
    send(&alice, Method::PUT, &headers, &recipe("Stew")).await.is(200);
    let post = async |path: &str, method: Method, date: &str| {
        let request = alice.request(method, &format!("/api/v1/recipes/1{path}"));
        alice.send(request.header("if-unmodified-since", date).body("x".into()).unwrap()).await
    };
    for _ in 0..2 {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            send(&alice, method, &[("if-unmodified-since", date.as_str())], &recipe("x")).await.is(412);
        }
        for (path, method) in
            [("/image", Method::PUT), ("/image", Method::DELETE), ("/revisions/1/restore", Method::POST)]
        {
            post(path, method, &date).await.is(412);
        }
        app.clock.advance(Duration::from_secs(2));
    }
    let date = settled().await;
    post("/revisions/1/restore", Method::POST, &date).await.is(200);
    send(&alice, Method::PUT, &[("if-unmodified-since", "yesterday")], &recipe("Broth")).await.is(200);
    let date = settled().await;
    send(&alice, Method::PATCH, &[("if-unmodified-since", date.as_str())], &json!({"name": "Rice"}))
        .await
        .is(200);
    let date = settled().await;
    send(&alice, Method::DELETE, &[("if-unmodified-since", date.as_str())], &json!({})).await.is(204);
}

#[tokio::test]
async fn one_of_20_edits_of_a_date_wins() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    app.clock.advance(Duration::from_secs(2));
    let date = alice.get(&url).await.is(200).header("last-modified").to_owned();
    let mut edits = JoinSet::new();
    for n in 0..20 {
        let (client, date) = (alice.bearing(alice.token()), date.clone());
        edits.spawn(async move {
            let change = json!({"name": format!("Soup {n}")});
            send(&client, Method::PATCH, &[("if-unmodified-since", date.as_str())], &change).await.status
        });
    }
    let statuses = edits.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 19);
}
