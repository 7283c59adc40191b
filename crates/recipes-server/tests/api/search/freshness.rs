//! A recipe is found by the next search after its 201.

use std::time::Duration;

use recipes_server::jobs::search_index::{Freshness, SearchIndex};
use search::RecipeIndex;
use serde_json::json;

use super::{found, fresh, pantry};
use crate::app::{TestApp, recipe};

#[tokio::test]
async fn created_edited_and_deleted_recipes_are_so_in_the_next_search() {
    let app = TestApp::new();
    let (alice, anyone) = (app.alice().await, app.anonymous());
    for number in 0..50 {
        let (old, new) = (format!("zebra{number}"), format!("quagga{number}"));
        let url = alice.posts_recipe(&old).await;
        assert_eq!(found(&anyone, &format!("q={old}")).await, [&*old]);
        alice.put(&url, &recipe(&new)).await.is(200);
        assert_eq!(found(&anyone, &format!("q={new}")).await, [&*new]);
        assert!(found(&anyone, &format!("q={old}")).await.is_empty());
        if number % 2 == 0 {
            alice.delete(&url).await.is(204);
            assert!(found(&anyone, &format!("q={new}")).await.is_empty());
        }
    }
    assert_eq!(found(&anyone, "sort=id").await.len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn recipes_of_concurrent_clients_are_found_by_each_at_once() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let tasks = (0..8).map(|task| {
        let (alice, anyone) = (alice.bearing(alice.token()), app.anonymous());
        tokio::spawn(async move {
            for number in 0..10 {
                let name = format!("zebra{task}x{number}");
                alice.posts_recipe(&name).await;
                assert_eq!(found(&anyone, &format!("q={name}")).await, [name]);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// The index cannot be written as long as this test has its writer.
#[tokio::test]
async fn search_is_503_until_the_index_is_built_and_everything_else_works() {
    let index = RecipeIndex::in_memory().unwrap();
    let writer = index.writer().unwrap();
    let app = TestApp::with_index(index);
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    for path in ["?q=soup", "?sort=name", "/facets", "/suggest?q=so"] {
        let answer = alice.get(&format!("/api/v1/recipes{path}")).await.is(503);
        assert_eq!(answer.json()["code"], "search_index_incomplete");
        let seconds: u32 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    let progress = app.anonymous().get("/readyz").await.is(200).json();
    assert_eq!((&progress["status"], &progress["search"]["status"]), (&json!("ok"), &json!("building")));
    assert_eq!(found(&alice, "limit=5&view=summary").await, ["Soup"]);

    drop(writer);
    let answer = loop {
        let answer = alice.get("/api/v1/recipes?q=soup").await;
        if answer.status != 503 {
            break answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(super::names(&answer.is(200).json()), ["Soup"]);
    assert_eq!(app.anonymous().get("/readyz").await.is(200).json(), json!({"status": "ok"}));
}

#[tokio::test]
async fn search_over_an_index_that_cannot_follow_is_stale() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    let page = fresh(&alice, "/api/v1/recipes?q=garlic").await.is(200).json();
    assert_eq!(page.get("stale"), None);
    app.search.as_ref().unwrap().close().await;
    alice.posts_recipe("Garlic dip").await;
    let page = alice.get("/api/v1/recipes?q=garlic").await.is(200).json();
    assert_eq!(
        (super::names(&page), &page["stale"]),
        (vec!["Garlic bread".into(), "Tomato soup".into()], &json!(true))
    );
    assert_eq!(alice.get("/api/v1/recipes/facets").await.is(200).json()["stale"], true);
    // Documents come from the database: what was deleted is not answered, nor what became private.
    alice.delete("/api/v1/recipes/5").await.is(204);
    let mut soup = alice.get("/api/v1/recipes/1").await.json()["data"].clone();
    soup["visibility"] = json!("private");
    alice.put("/api/v1/recipes/1", &soup).await.is(200);
    let garlic = "/api/v1/recipes?q=garlic";
    assert!(super::names(&app.anonymous().get(garlic).await.is(200).json()).is_empty());
    assert_eq!(super::names(&alice.get(garlic).await.is(200).json()), ["Tomato soup"]);
}

#[tokio::test]
async fn index_goes_on_where_it_ended() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    found(&alice, "q=garlic").await;
    let first = app.search.as_ref().unwrap();
    first.close().await;
    let index = first.index().clone();
    let before = index.position().unwrap();
    alice.posts_recipe("Garlic dip").await;
    let again = SearchIndex::follow(app.store.clone(), index.clone());
    while again.catch_up().await != Freshness::UpToDate {}
    assert_eq!(index.len(), 6);
    assert_ne!(index.position().unwrap(), before);
}
