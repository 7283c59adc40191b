//! The log of what users cooked: `/api/v1/recipes/{id}/cooked`.

use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};

async fn entries(client: &Client, url: &str) -> Vec<(String, Value)> {
    let list = client.get(&format!("{url}/cooked")).await.is(200).json();
    let list = list["data"].as_array().unwrap().iter();
    list.map(|entry| (entry["date"].as_str().unwrap().to_owned(), entry["note"].clone())).collect()
}

#[tokio::test]
async fn entries_are_listed_for_their_user_with_the_newest_day_first() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = bob.posts_recipe("Soup").await;
    let cooked = format!("{url}/cooked");
    let today = app.clock.now().to_string()[..10].to_owned();
    let created = alice.post(&cooked, &json!({"note": " With less salt\nnext time "})).await.is(201);
    let entry = created.json()["data"].clone();
    assert_eq!((&entry["date"], &entry["note"]), (&json!(today), &json!("With less salt\nnext time")));
    assert_eq!(entry["recipeId"], 1);
    alice.post(&cooked, &json!({"date": "2020-02-29", "note": ""})).await.is(201);
    assert_eq!(
        entries(&alice, &url).await,
        [(today, json!("With less salt\nnext time")), ("2020-02-29".to_owned(), Value::Null)]
    );
    assert_eq!(entries(&bob, &url).await, []);

    let export = alice.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!((export["cooked"].as_array().unwrap().len(), &export["cooked"][0]), (2, &entry));

    let address = created.header("location").to_owned();
    assert_eq!(bob.delete(&address).await.is(404).json()["code"], "entry_not_found");
    alice.delete(&address).await.is(204);
    alice.delete(&address).await.is(404);
    alice.delete(&format!("{cooked}/x")).await.is(404);
    assert_eq!(entries(&alice, &url).await.len(), 1);
}

#[tokio::test]
async fn invalid_entries_are_refused_with_every_problem() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let cooked = format!("{}/cooked", alice.posts_recipe("Soup").await);
    let long = json!({"date": "2020-02-30", "note": "x".repeat(301)});
    let errors = alice.post(&cooked, &long).await.is(422).json()["errors"].clone();
    assert_eq!((&errors[0]["pointer"], &errors[1]["pointer"]), (&json!("/date"), &json!("/note")));
    for date in
        ["2999-01-01", "1899-12-31", "-000001-01-01", "x", "2020-W01-1", "2020-02-28T12:00:00", "2020-02-28 "]
    {
        let errors = alice.post(&cooked, &json!({"date": date})).await.is(422).json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], "/date", "{date}");
    }
    alice.get(&format!("{cooked}?limit=1")).await.is(400);
}

#[tokio::test]
async fn recipe_that_the_caller_may_not_read_has_no_log() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let mut private = recipe("Soup");
    private["visibility"] = json!("private");
    let url = bob.post("/api/v1/recipes", &private).await.is(201).header("location").to_owned();
    for url in [url.as_str(), "/api/v1/recipes/99", "/api/v1/recipes/abc"] {
        let cooked = format!("{url}/cooked");
        assert_eq!(alice.get(&cooked).await.is(404).json()["code"], "recipe_not_found");
        assert_eq!(alice.post(&cooked, &json!({})).await.is(404).json()["code"], "recipe_not_found");
    }
    app.anonymous().get(&format!("{url}/cooked")).await.is(401);
}
