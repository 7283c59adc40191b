//! Whole collections that filters select: NDJSON, JSON-LD and zip.

use http::Method;
use serde_json::{Value, json};

use super::{found, pantry};
use crate::app::{Answer, Client, TestApp};

async fn accepting(client: &Client, query: &str, accept: &str) -> Answer {
    for _ in 0..100 {
        let request = client.request(Method::GET, &format!("/api/v1/recipes?{query}"));
        let answer = client.send(request.header("accept", accept).body("".into()).unwrap()).await;
        // On a busy machine the index may need more than a quarter of a second.
        if answer.status.as_u16() != 503 {
            return answer;
        }
    }
    panic!("{query} is behind for 25 s")
}

async fn lines(client: &Client, query: &str) -> Vec<Value> {
    let answer = accepting(client, query, "application/x-ndjson").await.is(200);
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn lines_are_the_recipes_of_all_pages_in_the_order_of_their_ids() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    alice.put("/api/v1/recipes/2/favourite", &json!({})).await.is(204);
    let (bob, anyone) = (app.bob().await, app.anonymous());
    for query in [
        "q=tomato",
        "q=garlic+-truffle",
        "label=gluten-free",
        "excludeLabel=gluten-free",
        "ingredient=garlic",
        "excludeIngredient=garlic",
        "cuisine=italian,chinese",
        "keyword=quick",
        "category=dessert",
        "author=lovelace",
        "language=en",
        "maxTotalMinutes=25",
        "maxPrepMinutes=10",
        "maxCookMinutes=60",
        "difficulty=3",
        "owner=1",
        "visibility=private",
        "visibility=public&q=tomato",
        "createdSince=2026-01-01T12:03:00Z",
        "updatedSince=2026-01-01T12:04:00Z",
        "label=vegan&label=gluten-free",
        "q=xyzzy",
    ] {
        for client in [&alice, &bob, &anyone] {
            let name = |recipe: &Value| recipe["name"].as_str().unwrap().to_owned();
            let all: Vec<_> = lines(client, &format!("{query}&sort=id")).await.iter().map(name).collect();
            assert_eq!(all, found(client, &format!("{query}&sort=id")).await, "{query}");
        }
    }
    for query in ["favourite=true", "owner=me&difficulty=3"] {
        let all = lines(&alice, query).await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0], alice.get("/api/v1/recipes/2").await.is(200).json()["data"], "{query}");
    }
}

#[tokio::test]
async fn lines_have_the_members_of_the_view() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    assert_eq!(lines(&alice, "difficulty=3&fields=name").await, [json!({"id": 2, "name": "Apple pie"})]);
    let all = lines(&alice, "view=summary").await;
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|recipe| recipe.get("instructions").is_none()));
}

#[tokio::test]
async fn other_documents_are_selected_too() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    let graph = accepting(&alice, "ingredient=garlic", "application/ld+json").await.is(200).json();
    assert_eq!(graph["@graph"].as_array().unwrap().len(), 2);
    let archive = accepting(&alice, "ingredient=garlic", "application/zip").await.is(200);
    let archive = zip::ZipArchive::new(std::io::Cursor::new(archive.body.to_vec())).unwrap();
    assert_eq!(archive.len(), 2);
}

#[tokio::test]
async fn parameters_that_a_whole_collection_does_not_have_are_refused() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    for (query, accept, word) in [
        ("sort=-name", "application/x-ndjson", "sort"),
        ("limit=5", "application/x-ndjson", "limit"),
        ("cursor=x", "application/x-ndjson", "cursor"),
        ("labl=vegan", "application/x-ndjson", "label"),
        ("maxTotalMinutes=soon", "application/x-ndjson", "minutes"),
        ("fields=name", "application/zip", "fields"),
        ("view=summary", "application/ld+json", "view"),
    ] {
        let refused = accepting(&alice, query, accept).await.is(400).json();
        assert!(refused["message"].as_str().unwrap().contains(word), "{refused}");
    }
    let anyone = accepting(&app.anonymous(), "owner=me", "application/x-ndjson").await.is(400).json();
    assert!(anyone["message"].as_str().unwrap().contains("log-in"), "{anyone}");
}
