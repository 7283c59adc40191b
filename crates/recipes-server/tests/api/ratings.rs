//! Ratings: `/api/v1/recipes/{id}/rating`, and the averages of recipes.

use std::time::Duration;

use http::{Method, header};
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, recipe};

async fn rates(client: &Client, url: &str, stars: u8) {
    client.put(&format!("{url}/rating"), &json!({ "rating": stars })).await.is(204);
}

/// The rating that the recipe shows to all users.
async fn rating(app: &TestApp, url: &str) -> Value {
    app.anonymous().get(url).await.is(200).json()["data"]["rating"].clone()
}

async fn read_with(client: &Client, url: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
    let mut request = client.request(Method::GET, url);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    client.send(request.body("".into()).unwrap()).await
}

/// A page of a list. On a busy machine the index of the search may need a moment.
async fn found(client: &Client, query: &str) -> Vec<Value> {
    for _ in 0..100 {
        let answer = client.get(&format!("/api/v1/recipes?{query}")).await;
        if answer.status == 503 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        let page = answer.is(200).json();
        if page["stale"] != true {
            return page["data"].as_array().unwrap().clone();
        }
    }
    panic!("{query} is stale for 25 s")
}

#[tokio::test]
async fn average_and_count_are_on_the_recipe_wherever_it_is_answered() {
    let app = TestApp::new();
    let (alice, bob, eve) =
        (app.alice().await, app.bob().await, app.member("eve", accounts::Role::User).await);
    let url = alice.posts_recipe("Soup").await;
    let unrated = app.anonymous().get(&url).await.is(200).json()["data"].clone();
    assert_eq!(unrated.get("rating"), None);
    for (client, stars, average, count) in [
        (&alice, 5, json!(5), 1),
        (&bob, 4, json!(4.5), 2),
        (&eve, 4, json!(4.33), 3),
        (&bob, 1, json!(3.33), 3),
    ] {
        rates(client, &url, stars).await;
        assert_eq!(rating(&app, &url).await, json!({ "average": average, "count": count }));
        let own = client.get(&format!("{url}/rating")).await.is(200);
        assert_eq!(own.json(), json!({ "data": { "rating": stars } }));
    }
    let want = json!({ "average": 3.33, "count": 3 });
    for query in ["", "limit=1", "view=summary", "fields=name,rating", "q=soup", "sort=-rating", "owner=1"] {
        assert_eq!(found(&app.anonymous(), query).await[0]["rating"], want, "{query}");
    }
    assert_eq!(found(&app.anonymous(), "fields=name").await, [json!({ "id": 1, "name": "Soup" })]);
    for query in ["?scale=2", "?parsedIngredients=true"] {
        let shown = app.anonymous().get(&format!("{url}{query}")).await.is(200).json();
        assert_eq!(shown["data"]["rating"], want, "{query}");
    }
    let json_ld = app.anonymous().get(&format!("{url}.jsonld")).await.is(200).json();
    let rating = json!({ "@type": "AggregateRating", "ratingValue": 3.33, "ratingCount": 3 });
    assert_eq!(json_ld["aggregateRating"], rating);
    let lines =
        read_with(&alice, "/api/v1/recipes", &[(header::ACCEPT, "application/x-ndjson")]).await.is(200);
    assert_eq!(serde_json::from_str::<Value>(&lines.text()).unwrap()["rating"], want);

    for client in [&alice, &bob, &eve] {
        for _ in 0..2 {
            client.delete(&format!("{url}/rating")).await.is(204);
        }
        let none = client.get(&format!("{url}/rating")).await.is(404);
        assert_eq!(none.json()["code"], "rating_not_found");
    }
    assert_eq!(app.anonymous().get(&url).await.is(200).json()["data"], unrated);
}

#[tokio::test]
async fn client_with_a_copy_gets_the_new_average_and_an_edit_of_the_copy_is_no_conflict() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = alice.posts_recipe("Soup").await;
    // Until a date stands for a state.
    let settle = || app.clock.advance(Duration::from_secs(2));
    settle();
    let copy = app.anonymous().get(&url).await.is(200);
    let (tag, modified) = (copy.header("etag").to_owned(), copy.header("last-modified").to_owned());
    assert_eq!(tag, "\"1-1\"");
    let is_current = async |tag: &str, modified: &str| {
        let by_tag = read_with(&app.anonymous(), &url, &[(header::IF_NONE_MATCH, tag)]).await.status;
        let by_time =
            read_with(&app.anonymous(), &url, &[(header::IF_MODIFIED_SINCE, modified)]).await.status;
        assert_eq!(by_tag, by_time);
        by_tag == 304
    };
    assert!(is_current(&tag, &modified).await);

    app.clock.advance(Duration::from_mins(1));
    rates(&bob, &url, 4).await;
    assert!(!is_current(&tag, &modified).await);
    settle();
    assert!(!is_current(&tag, &modified).await);
    let rated = app.anonymous().get(&url).await.is(200);
    assert_eq!(
        (&rated.json()["data"]["revision"], &rated.json()["data"]["updatedAt"]),
        (&copy.json()["data"]["revision"], &copy.json()["data"]["updatedAt"])
    );
    assert_eq!(rated.header("etag"), "\"1-1-r400.1\"");
    assert!(is_current(rated.header("etag"), rated.header("last-modified")).await);
    let json_ld = app.anonymous().get(&format!("{url}.jsonld")).await.is(200);
    assert_eq!(json_ld.header("etag"), "\"1-1-r400.1-jsonld\"");
    assert_eq!(json_ld.header("last-modified"), rated.header("last-modified"));

    // Both name the revision that is replaced.
    let edit = async |tag: &str, name: &str| {
        let request = alice.request(Method::PUT, &url).header(header::IF_MATCH, tag);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        alice.send(request.body(recipe(name).to_string().into()).unwrap()).await
    };
    let edited = edit(&tag, "Stew").await.is(200);
    assert_eq!(
        (edited.header("etag"), &edited.json()["data"]["rating"]),
        ("\"1-2-r400.1\"", &json!({"average": 4, "count": 1}))
    );
    rates(&bob, &url, 5).await;
    assert_eq!(edit(edited.header("etag"), "Broth").await.is(200).header("etag"), "\"1-3-r500.1\"");
    let refused = edit(edited.header("etag"), "Stew").await.is(412);
    assert_eq!(refused.header("etag"), "\"1-3-r500.1\"");
    assert_eq!(refused.json()["current"]["rating"], json!({"average": 5, "count": 1}));

    settle();
    let before = app.anonymous().get(&url).await.is(200);
    app.clock.advance(Duration::from_mins(1));
    bob.delete(&format!("{url}/rating")).await.is(204);
    settle();
    assert!(!is_current(before.header("etag"), before.header("last-modified")).await);
    assert_eq!(app.anonymous().get(&url).await.is(200).header("etag"), "\"1-3\"");
    let history = alice.get(&format!("{url}/revisions")).await.is(200).json();
    assert_eq!(history["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn order_by_rating_is_right_after_each_rating() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let mut urls = Vec::new();
    for name in ["Soup", "Bread", "Salad", "Rice"] {
        urls.push(alice.posts_recipe(name).await);
    }
    let order = async |query: &str| -> Vec<String> {
        let recipes = found(&app.anonymous(), query).await;
        recipes.iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect()
    };
    rates(&alice, &urls[1], 4).await;
    assert_eq!(order("sort=-rating").await, ["Bread", "Soup", "Salad", "Rice"], "unrated ones are the last");
    rates(&alice, &urls[2], 5).await;
    assert_eq!(order("sort=-rating").await, ["Salad", "Bread", "Soup", "Rice"]);
    rates(&bob, &urls[2], 2).await;
    assert_eq!(order("sort=-rating").await, ["Bread", "Salad", "Soup", "Rice"]);
    assert_eq!(order("sort=rating").await, ["Salad", "Bread", "Soup", "Rice"]);
    alice.delete(&format!("{}/rating", urls[1])).await.is(204);
    assert_eq!(order("sort=-rating").await, ["Salad", "Soup", "Bread", "Rice"]);
    let first = app.anonymous().get("/api/v1/recipes?sort=-rating&limit=1").await.is(200).json();
    assert_eq!(first["data"][0]["name"], "Salad");
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = order(&format!("sort=-rating&cursor={cursor}")).await;
    assert_eq!(rest, ["Soup", "Bread", "Rice"]);
}

#[tokio::test]
async fn only_one_to_five_stars_are_a_rating() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let own = format!("{url}/rating");
    for body in [
        json!({}),
        json!({ "rating": null }),
        json!({ "rating": 0 }),
        json!({ "rating": 6 }),
        json!({ "rating": -1 }),
        json!({ "rating": 4.5 }),
        json!({ "rating": "4" }),
        json!({ "rating": [4] }),
        json!({ "rating": true }),
    ] {
        assert_eq!(alice.put(&own, &body).await.is(422).refused_fields(), ["/rating"], "{body}");
    }
    alice.get(&own).await.is(404);
    let form = async |text: &'static str| {
        let request = alice.request(Method::PUT, &own);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        alice.send(request.body(text.into()).unwrap()).await
    };
    form("rating=six").await.is(422);
    form("rating=3").await.is(204);
    assert_eq!(rating(&app, &url).await, json!({ "average": 3, "count": 1 }));
    alice.get(&format!("{own}?limit=1")).await.is(400);
}

/// It is read-only: a client may send back what it was answered.
#[tokio::test]
async fn rating_in_a_body_is_ignored() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    rates(&alice, &url, 2).await;
    let mut answered = alice.get(&url).await.is(200).json()["data"].clone();
    answered["rating"]["average"] = json!(5);
    let strict = |method| {
        let request = alice.request(method, &url).header("prefer", "handling=strict");
        request.header(header::CONTENT_TYPE, "application/json")
    };
    for method in [Method::PUT, Method::PATCH] {
        let request = strict(method.clone()).body(answered.to_string().into()).unwrap();
        let changed = alice.send(request).await.is(200).json();
        assert_eq!(changed["data"]["rating"], json!({ "average": 2, "count": 1 }), "{method}");
    }
    let other = strict(Method::PATCH).body(json!({ "rating": 5 }).to_string().into()).unwrap();
    alice.send(other).await.is(400);
    let copy = alice.post("/api/v1/recipes", &answered).await.is(201);
    assert_eq!(copy.json()["data"].get("rating"), None);
    let imported = alice.post("/api/v1/recipes/import", &answered).await.is(200);
    assert!(!imported.text().contains("/rating"), "{}", imported.text());
    let current = alice.get(&format!("{url}/revisions/3")).await.is(200).json();
    assert!(!current.to_string().contains("rating"), "{current}");
}

#[tokio::test]
async fn recipe_that_the_caller_may_not_read_cannot_be_rated() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = bob.posts_recipe("Soup").await;
    let own = format!("{url}/rating");
    rates(&alice, &url, 4).await;
    let mut private = recipe("Soup");
    private["visibility"] = json!("private");
    bob.put(&url, &private).await.is(200);
    for path in [own.as_str(), "/api/v1/recipes/99/rating", "/api/v1/recipes/abc/rating"] {
        assert_eq!(alice.put(path, &json!({ "rating": 1 })).await.is(404).json()["code"], "recipe_not_found");
        assert_eq!(alice.get(path).await.is(404).json()["code"], "recipe_not_found");
    }
    assert_eq!(bob.get(&url).await.is(200).json()["data"]["rating"]["count"], 1);
    alice.delete(&own).await.is(204);
    alice.delete(&own).await.is(404);
    app.anonymous().put(&own, &json!({ "rating": 1 })).await.is(401);
}

#[tokio::test]
async fn ratings_are_in_the_export_of_their_user_and_come_back_from_the_bin() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = bob.posts_recipe("Soup").await;
    rates(&alice, &url, 4).await;
    bob.delete(&url).await.is(204);
    let export = alice.get("/api/v1/users/me/export").await.is(200).json();
    let at = app.clock.now().to_string();
    assert_eq!(export["ratings"], json!([{ "recipeId": 1, "rating": 4, "ratedAt": at }]));
    assert_eq!(bob.get("/api/v1/users/me/export").await.is(200).json()["ratings"], json!([]));
    let restored = bob.post("/api/v1/recipes/bin/1/restore", &json!({})).await.is(200);
    assert_eq!(restored.json()["data"]["rating"], json!({ "average": 4, "count": 1 }));
    assert_eq!(restored.header("etag"), "\"1-1-r400.1\"");
    assert_eq!(found(&app.anonymous(), "sort=-rating").await[0]["rating"]["count"], 1);
}
