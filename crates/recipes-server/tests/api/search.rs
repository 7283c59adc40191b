//! Search, filters, facets and suggestions over HTTP.

mod collections;
mod favourites;
mod freshness;
mod health_labels;
mod pages;
mod visibility;

use axum::body::Body;
use http::Method;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, recipe};

/// The names of the recipes that a search finds, in their order.
async fn found(client: &Client, query: &str) -> Vec<String> {
    names(&fresh(client, &format!("/api/v1/recipes?{query}")).await.is(200).json())
}

/// A response that is not stale: on a busy machine the index may need more than a quarter of a second.
async fn fresh(client: &Client, path: &str) -> Answer {
    fresh_with(client, path, "").await
}

async fn fresh_with(client: &Client, path: &str, prefer: &str) -> Answer {
    for _ in 0..100 {
        let request = client.request(Method::GET, path).header("prefer", prefer);
        let answer = client.send(request.body(Body::empty()).unwrap()).await;
        if !answer.text().contains("\"stale\":true") {
            return answer;
        }
    }
    panic!("{path} is stale for 25 s")
}

fn names(page: &Value) -> Vec<String> {
    let recipes = page["data"].as_array().unwrap_or_else(|| panic!("no data in {page}"));
    recipes.iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect()
}

fn with(name: &str, members: Value) -> Value {
    let mut recipe = recipe(name);
    let Value::Object(members) = members else { panic!("{members} is no object") };
    recipe.as_object_mut().unwrap().extend(members);
    recipe
}

/// Five recipes of Alice, the fourth of them private.
async fn pantry(app: &TestApp) -> Client {
    let alice = app.alice().await;
    for body in [
        with(
            "Tomato soup",
            json!({
                "healthLabels": ["Vegan", "Gluten-Free"], "cuisine": ["Italian"], "category": ["Soup"], "keywords": ["quick"],
                "ingredients": ["6 tomatoes", "1 clove of garlic"], "totalTimeMinutes": 25, "cookTimeMinutes": 15,
                "prepTimeMinutes": 10, "author": {"name": "Ada Lovelace"}, "difficulty": 1, "language": "en",
            }),
        ),
        with(
            "Apple pie",
            json!({
                "healthLabels": ["Vegetarian"], "cuisine": ["American"], "category": ["Dessert"], "language": "en-GB",
                "ingredients": ["4 apples", "200 g flour"], "totalTimeMinutes": 90, "cookTimeMinutes": 60,
                "prepTimeMinutes": 30, "instructions": ["Bake it."], "difficulty": 3,
            }),
        ),
        with(
            "番茄炒蛋",
            json!({
                "healthLabels": ["Gluten-Free"], "cuisine": ["Chinese"], "language": "zh", "cookTimeMinutes": null,
                "prepTimeMinutes": null, "ingredients": ["番茄", "蛋"],
            }),
        ),
        with(
            "Secret tomato sauce",
            json!({"visibility": "private", "ingredients": ["9 tomatoes", "truffle"]}),
        ),
        with("Garlic bread", json!({"ingredients": ["3 cloves of garlic", "bread"], "healthLabels": []})),
    ] {
        alice.post("/api/v1/recipes", &body).await.is(201);
        app.clock.advance(std::time::Duration::from_mins(1));
    }
    alice
}

#[tokio::test]
async fn each_filter_selects() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    let (soup, pie, eggs, sauce, bread) =
        ("Tomato soup", "Apple pie", "番茄炒蛋", "Secret tomato sauce", "Garlic bread");
    for (query, want) in [
        ("q=tomato", vec![sauce, soup]),
        ("q=%E7%95%AA%E8%8C%84", vec![eggs]),
        ("q=%22apple+pie%22", vec![pie]),
        ("q=tomato+-truffle", vec![soup]),
        ("q=bak", vec![pie]),
        ("label=vegan", vec![soup, sauce]),
        ("label=Gluten_Free", vec![soup, eggs]),
        ("label=vegan&label=gluten-free", vec![soup]),
        ("label=vegetarian,gluten-free", vec![soup, pie, eggs]),
        ("excludeLabel=gluten-free", vec![pie, sauce, bread]),
        ("ingredient=garlic", vec![soup, bread]),
        ("ingredient=garlic&ingredient=tomato", vec![soup]),
        ("excludeIngredient=garlic", vec![pie, eggs, sauce]),
        ("cuisine=italian,chinese", vec![soup, eggs]),
        ("category=dessert", vec![pie]),
        ("keyword=quick", vec![soup]),
        ("author=lovelace", vec![soup]),
        ("language=en", vec![soup, pie]),
        ("maxTotalMinutes=25", vec![soup]),
        ("maxPrepMinutes=10", vec![soup, sauce, bread]),
        ("maxCookMinutes=60", vec![soup, pie, sauce, bread]),
        ("difficulty=3", vec![pie]),
        ("visibility=private", vec![sauce]),
        ("owner=me", vec![soup, pie, eggs, sauce, bread]),
        ("owner=1&visibility=public", vec![soup, pie, eggs, bread]),
        ("owner=2", vec![]),
        ("createdSince=2026-01-01T12:03:00Z", vec![sauce, bread]),
        ("createdSince=2026-01-01T13:03:00%2B01:00", vec![sauce, bread]),
        ("createdSince=2026-01-01", vec![soup, pie, eggs, sauce, bread]),
        ("createdSince=2026-01-02", vec![]),
        ("updatedSince=2026-01-01T12:04:00Z&sort=-id", vec![bread]),
        ("q=garlic&label=vegan&maxTotalMinutes=30&cuisine=italian", vec![soup]),
    ] {
        assert_eq!(found(&alice, query).await, want, "{query}");
    }
}

#[tokio::test]
async fn orders_are_those_that_the_client_names() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    app.clock.advance(std::time::Duration::from_mins(1));
    let url = "/api/v1/recipes/2";
    let pie = alice.get(url).await.json()["data"].clone();
    alice.put(url, &pie).await.is(200);
    let (soup, pie, eggs, sauce, bread) =
        ("Tomato soup", "Apple pie", "番茄炒蛋", "Secret tomato sauce", "Garlic bread");
    for (sort, want) in [
        ("id", [soup, pie, eggs, sauce, bread]),
        ("-id", [bread, sauce, eggs, pie, soup]),
        ("name", [pie, bread, sauce, soup, eggs]),
        ("-name", [eggs, soup, sauce, bread, pie]),
        ("createdAt", [soup, pie, eggs, sauce, bread]),
        ("-createdAt", [bread, sauce, eggs, pie, soup]),
        ("updatedAt", [soup, eggs, sauce, bread, pie]),
        ("-updatedAt", [pie, bread, sauce, eggs, soup]),
        ("relevance", [pie, bread, sauce, eggs, soup]),
        ("totalTimeMinutes", [soup, sauce, bread, pie, eggs]),
        ("-totalTimeMinutes", [pie, sauce, bread, soup, eggs]),
    ] {
        assert_eq!(found(&alice, &format!("sort={sort}")).await, want, "{sort}");
    }
}

#[tokio::test]
async fn facets_count_what_the_filters_select() {
    let app = TestApp::new();
    pantry(&app).await;
    let facets = fresh(&app.anonymous(), "/api/v1/recipes/facets?excludeLabel=vegetarian").await.is(200);
    assert_eq!(facets.header("cache-control"), "private, no-cache");
    let data = &facets.json()["data"];
    assert_eq!((&data["total"], &data["withoutTime"]), (&json!(3), &json!(1)));
    assert_eq!(
        data["labels"],
        json!([
            {"value": "gluten-free", "text": "Gluten-Free", "count": 2},
            {"value": "vegan", "text": "Vegan", "count": 1},
        ])
    );
    assert_eq!(
        data["cuisine"],
        json!([
            {"value": "chinese", "text": "Chinese", "count": 1},
            {"value": "italian", "text": "Italian", "count": 1},
        ])
    );
    assert_eq!(data["keywords"], json!([{"value": "quick", "text": "quick", "count": 1}]));
    assert_eq!(
        data["totalTimeMinutes"],
        json!([
            {"fromMinutes": 0, "toMinutes": 15, "count": 0},
            {"fromMinutes": 16, "toMinutes": 30, "count": 1},
            {"fromMinutes": 31, "toMinutes": 60, "count": 0},
            {"fromMinutes": 61, "toMinutes": 120, "count": 1},
            {"fromMinutes": 121, "toMinutes": null, "count": 0},
        ])
    );
}

#[tokio::test]
async fn suggestions_complete_names_and_ingredients() {
    let app = TestApp::new();
    pantry(&app).await;
    found(&app.anonymous(), "q=tomato").await;
    let suggested = app.anonymous().get("/api/v1/recipes/suggest?q=tom").await.is(200).json();
    assert_eq!(
        suggested,
        json!({"data": {"recipes": [{"id": 1, "name": "Tomato soup"}], "ingredients": ["tomato"]}})
    );
    for nothing in ["", "?q=", "?q=%22%22", "?q=zzzz"] {
        let path = format!("/api/v1/recipes/suggest{nothing}");
        let suggested = app.anonymous().get(&path).await.is(200).json();
        assert_eq!(suggested, json!({"data": {"recipes": [], "ingredients": []}}), "{nothing}");
    }
}

#[tokio::test]
async fn misspelt_words_that_find_nothing_are_corrected() {
    let app = TestApp::new();
    pantry(&app).await;
    let page = fresh(&app.anonymous(), "/api/v1/recipes?q=tomatto+soup").await.is(200).json();
    assert_eq!((names(&page), &page["didYouMean"]), (vec![], &json!("tomato soup")));
    let page = app.anonymous().get("/api/v1/recipes?q=tomato+soup").await.is(200).json();
    assert_eq!(page.get("didYouMean"), None);
}

#[tokio::test]
async fn summary_and_fields_hold_for_searches_and_for_the_list() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    for path in ["/api/v1/recipes?limit=2", "/api/v1/recipes?q=pie"] {
        let whole = fresh(&alice, path).await.is(200).json();
        let pie = whole["data"].as_array().unwrap().last().unwrap().clone();
        assert!(pie["instructions"].is_array());
        let summary = alice.get(&format!("{path}&view=summary")).await.is(200).json();
        let mut want = pie.clone();
        want.as_object_mut().unwrap().remove("instructions");
        assert_eq!(summary["data"].as_array().unwrap().last(), Some(&want));
        let named = alice.get(&format!("{path}&fields=name,difficulty")).await.is(200).json();
        let want = json!({"id": 2, "name": "Apple pie", "difficulty": 3});
        assert_eq!(named["data"].as_array().unwrap().last(), Some(&want));
    }
    // Page by page, with the parameters in the link.
    let (mut path, mut ids) = ("/api/v1/recipes?fields=id&limit=2".to_owned(), Vec::new());
    loop {
        let answer = alice.get(&path).await.is(200);
        ids.extend(answer.json()["data"].as_array().unwrap().clone());
        let Some(link) = answer.headers.get("link") else { break };
        path = link.to_str().unwrap().split(['<', '>']).nth(1).unwrap().to_owned();
    }
    assert_eq!(Value::from(ids), json!([{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}, {"id": 5}]));
}

#[tokio::test]
async fn wrong_parameters_are_400_and_the_message_says_what_is_expected() {
    let app = TestApp::new();
    let client = app.anonymous();
    for (query, want) in [
        ("labels=vegan", "did you mean \"label\"?"),
        ("exludeLabel=vegan", "did you mean \"excludeLabel\"?"),
        ("maxTotalMinute=5", "did you mean \"maxTotalMinutes\"?"),
        ("vew=summary", "did you mean \"view\"?"),
        ("maxTotalMinutes=-1", "maxTotalMinutes must be a whole number of minutes"),
        ("maxCookMinutes=525601", "maxCookMinutes must be a whole number of minutes from 0 to 525600"),
        ("sort=", "sort must be relevance, id, name"),
        ("maxPrepMinutes=", "maxPrepMinutes must be a whole number of minutes"),
        ("difficulty=6", "difficulty must be a whole number from 1 to 5"),
        (
            "updatedSince=yesterday",
            "updatedSince must be a date or an RFC 3339 time with its offset from UTC",
        ),
        (
            "createdSince=2026-01-01T00:00:00Z[Europe/Paris]",
            "createdSince must be a date or an RFC 3339 time",
        ),
        ("createdSince=2026-W01-1", "createdSince must be a date or an RFC 3339 time"),
        ("createdSince=2026-01-01T00:00:00", "createdSince must be a date or an RFC 3339 time"),
        ("createdSince=2026-01-01%20", "createdSince must be a date or an RFC 3339 time"),
        ("owner=me", "owner=me needs a log-in"),
        ("owner=alice", "owner must be \"me\" or the id of a user"),
        ("visibility=secret", "visibility must be"),
        ("sort=stars", "sort must be relevance, id, name"),
        ("sort=-relevance", "sort must be relevance, id, name"),
        ("q=a&q=b", "\"q\" is given more than once"),
        ("q=a&limit=0", "limit must be a whole number from 1 to 1000"),
        ("q=a&cursor=abc", "cursor is not one of this server"),
        ("view=short", "view must be"),
        ("fields=nmae", "did you mean \"name\"?"),
    ] {
        let answer = client.get(&format!("/api/v1/recipes?{query}")).await.is(400);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(want), "{query}: {message}");
    }
    for path in ["facets?limit=3", "facets?sort=xyz", "facets?lable=vegan", "suggest?query=a"] {
        client.get(&format!("/api/v1/recipes/{path}")).await.is(400);
    }
}

#[test]
fn query_of_any_bytes_is_no_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(async {
        let app = TestApp::new();
        pantry(&app).await;
        app
    });
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..40),
        "[a-z\"\\- *:()~^+|&\\\\]{0,40}".prop_map(String::into_bytes),
        ".{0,40}".prop_map(String::into_bytes),
    ];
    let route = proptest::sample::select(vec!["?", "/facets?", "/suggest?"]);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() });
    let outcome = runner.run(&(bytes, route), |(bytes, route)| {
        let q = bytes.iter().fold(String::new(), |q, byte| q + &format!("%{byte:02x}"));
        let path = format!("/api/v1/recipes{route}q={q}");
        let answer = runtime.block_on(async { app.anonymous().get(&path).await });
        prop_assert_eq!(answer.status.as_u16(), 200, "{} {:?}", path, answer.body);
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn head_of_a_search_has_the_headers_of_get() {
    let app = TestApp::new();
    let alice = pantry(&app).await;
    found(&alice, "q=tomato").await;
    let request = alice.request(Method::HEAD, "/api/v1/recipes?q=tomato&limit=1");
    let answer: Answer = alice.send(request.body(Body::empty()).unwrap()).await.is(200);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert!(answer.header("link").contains("rel=\"next\"") && answer.body.is_empty());
}
