//! Recipes: every field, pages, conditional requests, private recipes.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, recipe};

fn full() -> Value {
    json!({
        "name": "Sunday roast", "healthLabels": [], "cookTimeMinutes": 90, "prepTimeMinutes": null,
        "ingredients": ["2 kg  of beef", "½ tsp\u{a0}salt"], "totalTimeMinutes": 120, "restTimeMinutes": 15,
        "description": "For a long table.\nTwice.", "servings": 4.5, "yield": "one roast",
        "instructions": [{"section": "Day before", "text": "Salt it.", "minutes": 5}, {"text": "Roast it."}],
        "category": ["Main"], "cuisine": ["British"], "keywords": ["beef", "烤"], "tools": ["oven"],
        "nutrition": {"calories": 815, "fatContent": "30 g"},
        "author": {"name": "Ada", "url": "https://example.org/ada"}, "source": {"url": "https://example.org/a/烤.md"},
        "license": "CC0-1.0", "language": "zh-Hant-TW", "difficulty": 3, "extra": {"slug": "roast", "n": [1, {"a": null}]},
    })
}

#[tokio::test]
async fn every_field_is_stored_and_returned() {
    let app = TestApp::new();
    let created = app.alice().await.post("/api/v1/recipes", &full()).await.is(201).json();
    let read = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
    assert_eq!(created, read);
    for (field, sent) in full().as_object().unwrap() {
        assert_eq!(&read["data"][field], sent, "{field}");
    }
    let data = &read["data"];
    assert_eq!((&data["ownerId"], &data["revision"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&data["createdAt"], &data["updatedAt"]),
        (&json!("2026-01-01T12:00:00Z"), &json!("2026-01-01T12:00:00Z"))
    );
    assert_eq!(data["uid"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn unset_fields_are_omitted() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Soup").await;
    let read = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
    let mut names: Vec<_> = read["data"].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "cookTimeMinutes",
            "createdAt",
            "healthLabels",
            "id",
            "ingredients",
            "name",
            "ownerId",
            "prepTimeMinutes",
            "revision",
            "uid",
            "updatedAt",
        ]
    );
}

#[tokio::test]
async fn plain_text_instructions_become_steps() {
    let app = TestApp::new();
    let mut soup = recipe("Soup");
    soup["instructions"] = json!(["Boil.", "Serve."]);
    let created = app.alice().await.post("/api/v1/recipes", &soup).await.is(201).json();
    assert_eq!(created["data"]["instructions"], json!([{"text": "Boil."}, {"text": "Serve."}]));
}

#[tokio::test]
async fn put_replaces_all_fields_except_those_of_the_server() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let before = alice.post("/api/v1/recipes", &full()).await.is(201).json();
    app.clock.advance(Duration::from_mins(1));
    let after = alice.put("/api/v1/recipes/1", &recipe("Soup")).await.is(200).json();
    assert_eq!(after["data"]["description"], Value::Null);
    assert_eq!(after["data"]["revision"], 2);
    assert_eq!(after["data"]["updatedAt"], "2026-01-01T12:01:00Z");
    for kept in ["id", "uid", "ownerId", "createdAt"] {
        assert_eq!(after["data"][kept], before["data"][kept], "{kept}");
    }
    assert_eq!(app.anonymous().get("/api/v1/recipes/1").await.json(), after);
}

#[tokio::test]
async fn fields_of_the_server_cannot_be_set_by_clients() {
    let app = TestApp::new();
    let mut soup = recipe("Soup");
    let uid = "00000000-0000-7000-8000-000000000000";
    for (field, value) in [
        ("id", json!(99)),
        ("ownerId", json!(99)),
        ("uid", json!(uid)),
        ("revision", json!(9)),
        ("createdAt", json!("2000-01-01T00:00:00Z")),
    ] {
        soup[field] = value;
    }
    let created = app.alice().await.post("/api/v1/recipes", &soup).await.is(201).json();
    assert_eq!((&created["data"]["id"], &created["data"]["ownerId"]), (&json!(1), &json!(1)));
    assert_eq!(
        (&created["data"]["revision"], &created["data"]["createdAt"]),
        (&json!(1), &json!("2026-01-01T12:00:00Z"))
    );
    assert_ne!(created["data"]["uid"], uid);
}

#[tokio::test]
async fn values_over_a_limit_are_422_and_named() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let long = |n| "x".repeat(n);
    for (field, at_most, too_much, pointer) in [
        ("name", json!(long(200)), json!(long(201)), "/name"),
        ("name", json!("x"), json!(""), "/name"),
        ("ingredients", json!(vec!["x"; 200]), json!(vec!["x"; 201]), "/ingredients"),
        ("ingredients", json!([long(500)]), json!(["x", long(501)]), "/ingredients/1"),
        ("healthLabels", json!(vec!["x"; 64]), json!(vec!["x"; 65]), "/healthLabels"),
        ("healthLabels", json!([long(64)]), json!([long(65)]), "/healthLabels/0"),
        ("instructions", json!(vec!["x"; 200]), json!(vec!["x"; 201]), "/instructions"),
        ("instructions", json!([long(4_000)]), json!([long(4_001)]), "/instructions/0"),
        ("cookTimeMinutes", json!(525_600), json!(525_601), "/cookTimeMinutes"),
        ("prepTimeMinutes", json!(0), json!(-1), "/prepTimeMinutes"),
        ("difficulty", json!(5), json!(6), "/difficulty"),
        ("difficulty", json!(1), json!(0), "/difficulty"),
        ("visibility", json!("public"), json!("secret"), "/visibility"),
        ("extra", json!({"a": long(16_000)}), json!({"a": long(16_385)}), "/extra"),
    ] {
        let mut soup = recipe("Soup");
        soup[field] = at_most;
        alice.post("/api/v1/recipes", &soup).await.is(201);
        soup[field] = too_much;
        let refused = alice.post("/api/v1/recipes", &soup).await.is(422);
        assert_eq!(refused.refused_fields(), [pointer], "{field}");
    }
}

#[tokio::test]
async fn unknown_fields_are_400_only_with_strict_handling() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut soup = recipe("Soup");
    soup["ingredient"] = json!(["salt"]);
    alice.post("/api/v1/recipes", &soup).await.is(201);
    let request = alice.request(Method::POST, "/api/v1/recipes").header("content-type", "application/json");
    let request = request.header("prefer", "handling=strict").body(soup.to_string().into()).unwrap();
    let answer = alice.send(request).await.is(400).json();
    assert_eq!(answer["errors"][0]["pointer"], "/ingredient");
}

async fn walk(client: &Client, first: &str) -> Vec<i64> {
    let (mut ids, mut next) = (Vec::new(), Some(first.to_owned()));
    while let Some(url) = next.take() {
        let page = client.get(&url).await.is(200);
        let body = page.json();
        ids.extend(body["data"].as_array().unwrap().iter().map(|recipe| recipe["id"].as_i64().unwrap()));
        if let Some(cursor) = body["nextCursor"].as_str() {
            let link = page.header("link");
            assert!(link.contains(cursor) && link.ends_with("; rel=\"next\""), "{link}");
            next = Some(link.split(['<', '>']).nth(1).unwrap().to_owned());
        }
    }
    ids
}

#[tokio::test]
async fn pages_contain_each_recipe_once() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for n in 0..7 {
        alice.posts_recipe(&format!("Soup {n}")).await;
    }
    assert_eq!(walk(&app.anonymous(), "/api/v1/recipes?limit=3").await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(walk(&app.anonymous(), "/api/v1/recipes?limit=7").await, [1, 2, 3, 4, 5, 6, 7]);
    let last = app.anonymous().get("/api/v1/recipes?limit=7").await.json();
    assert_eq!(last.get("nextCursor"), None);
}

#[tokio::test]
async fn cursor_survives_inserts_and_deletes() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for n in 0..4 {
        alice.posts_recipe(&format!("Soup {n}")).await;
    }
    let first = app.anonymous().get("/api/v1/recipes?limit=2").await.json();
    alice.delete("/api/v1/recipes/1").await.is(204);
    alice.delete("/api/v1/recipes/2").await.is(204);
    alice.posts_recipe("Late soup").await;
    let next = format!("/api/v1/recipes?limit=2&cursor={}", first["nextCursor"].as_str().unwrap());
    assert_eq!(walk(&app.anonymous(), &next).await, [3, 4, 5]);
}

#[tokio::test]
async fn invalid_parameters_are_400_with_a_hint() {
    let app = TestApp::new();
    let message = async |query: &str| {
        let answer = app.anonymous().get(&format!("/api/v1/recipes?{query}")).await.is(400);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert!(message("limt=3").await.contains("did you mean \"limit\"?"));
    assert!(message("limit=0").await.contains("1 to 1000"));
    assert!(message("limit=1001").await.contains("1 to 1000"));
    assert!(message("limit=ten").await.contains("1 to 1000"));
    assert!(message("limit=1&limit=2").await.contains("more than once"));
    message("cursor=").await;
    message("cursor=nonsense").await;
    message("cursor=%FF%00").await;
}

#[tokio::test]
async fn total_count_is_sent_on_request() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    alice.posts_recipe("Stew").await;
    let request = alice.request(Method::GET, "/api/v1/recipes?limit=1").header("prefer", "count=exact");
    let answer = alice.send(request.body("".into()).unwrap()).await.is(200);
    assert_eq!(answer.json()["totalCount"], 2);
    assert_eq!(answer.header("preference-applied"), "count=exact");
    assert_eq!(alice.get("/api/v1/recipes").await.json().get("totalCount"), None);
}

async fn with_header(
    client: &Client,
    method: Method,
    url: &str,
    header: (&str, &str),
    body: Option<&Value>,
) -> Answer {
    let request =
        client.request(method, url).header(header.0, header.1).header("content-type", "application/json");
    client.send(request.body(body.map(Value::to_string).unwrap_or_default().into()).unwrap()).await
}

#[tokio::test]
async fn current_etag_is_304_without_body() {
    let app = TestApp::new();
    let url = app.alice().await.posts_recipe("Soup").await;
    app.clock.advance(Duration::from_secs(2));
    let first = app.anonymous().get(&url).await.is(200);
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.header("last-modified"), "Thu, 01 Jan 2026 12:00:01 GMT");
    for header in
        [("if-none-match", first.header("etag")), ("if-modified-since", first.header("last-modified"))]
    {
        let again = with_header(&app.anonymous(), Method::GET, &url, header, None).await.is(304);
        assert!(again.body.is_empty());
        assert_eq!(again.header("etag"), first.header("etag"));
    }
    app.alice().await.put(&url, &recipe("Stew")).await.is(200);
    with_header(&app.anonymous(), Method::GET, &url, ("if-none-match", first.header("etag")), None)
        .await
        .is(200);
}

#[tokio::test]
async fn date_names_no_state_while_its_second_may_have_another_change() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let read = async |url: &str, since: &str| {
        with_header(&app.anonymous(), Method::GET, url, ("if-modified-since", since), None).await
    };
    let (this_second, next_second) = ("Thu, 01 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 2026 12:00:01 GMT");
    app.clock.advance(Duration::from_millis(300));
    let created = alice.post("/api/v1/recipes", &recipe("Soup")).await.is(201);
    let url = created.header("location");
    let young = app.anonymous().get(url).await.is(200);
    for answer in [&created, &young, &alice.put(url, &recipe("Stew")).await.is(200)] {
        assert!(!answer.headers.contains_key("last-modified"));
    }
    app.clock.advance(Duration::from_millis(500));
    let tag = alice.put(url, &recipe("Broth")).await.is(200).header("etag").to_owned();
    for since in [this_second, next_second] {
        assert_eq!(read(url, since).await.is(200).json()["data"]["name"], "Broth");
    }

    app.clock.advance(Duration::from_secs(2));
    // A client without a date may take that of its first response.
    assert_eq!(read(url, this_second).await.is(200).header("last-modified"), next_second);
    assert_eq!(read(url, next_second).await.is(304).header("etag"), tag);
    let json_ld = format!("{url}.jsonld");
    assert_eq!(read(&json_ld, this_second).await.is(200).header("last-modified"), next_second);
    read(&json_ld, next_second).await.is(304);
    alice.put(url, &recipe("Soup")).await.is(200);
    for _ in 0..2 {
        read(url, next_second).await.is(200);
        app.clock.advance(Duration::from_secs(2));
    }
}

#[tokio::test]
async fn recipe_from_before_1970_has_no_date_of_http() {
    let app = TestApp::new();
    let mut old = recipe("Soup");
    old["uid"] = json!("9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11");
    old["createdAt"] = json!("1950-01-01T00:00:00Z");
    old["updatedAt"] = json!("1960-01-01T00:00:00Z");
    app.alice().await.post("/api/v1/recipes/import", &json!([old])).await.is(200);
    let read = app.anonymous().get("/api/v1/recipes/1").await.is(200);
    assert_eq!(read.json()["data"]["updatedAt"], "1960-01-01T00:00:00Z");
    assert!(!read.headers.contains_key("last-modified"));
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let app = TestApp::new();
    let url = app.alice().await.posts_recipe("Soup").await;
    for url in [url.as_str(), "/api/v1/recipes", "/api/v1/recipes/99"] {
        let got = app.anonymous().get(url).await;
        let head = app.anonymous().request(Method::HEAD, url).body("".into()).unwrap();
        let head = app.anonymous().send(head).await;
        assert_eq!(head.status, got.status);
        assert!(head.body.is_empty());
        assert_eq!(head.header("content-length"), got.body.len().to_string());
    }
}

#[tokio::test]
async fn stale_if_match_is_412() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let old = alice.get(&url).await.header("etag").to_owned();
    let new = with_header(&alice, Method::PUT, &url, ("if-match", &old), Some(&recipe("Stew"))).await.is(200);
    for (method, body) in [(Method::PUT, Some(recipe("Lost"))), (Method::DELETE, None)] {
        let stale = with_header(&alice, method, &url, ("if-match", &old), body.as_ref()).await.is(412);
        assert_eq!(stale.header("etag"), new.header("etag"));
    }
    assert_eq!(alice.get(&url).await.json()["data"]["name"], "Stew");
    with_header(&alice, Method::DELETE, &url, ("if-match", new.header("etag")), None).await.is(204);
}

#[tokio::test]
async fn other_users_private_recipe_is_404() {
    let app = TestApp::new();
    let (alice, bob, admin) = (app.alice().await, app.bob().await, app.admin().await);
    let mut secret = recipe("Secret sauce");
    secret["visibility"] = json!("private");
    let url = alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned();
    assert_eq!(alice.get(&url).await.is(200).json()["data"]["visibility"], "private");
    admin.get(&url).await.is(200);
    for other in [&bob, &app.anonymous()] {
        assert_eq!(other.get(&url).await.is(404).json()["message"], "Recipe not found");
        assert_eq!(other.get("/api/v1/recipes").await.json()["data"], json!([]));
    }
    bob.put(&url, &recipe("Mine")).await.is(404);
    bob.delete(&url).await.is(404);
    assert_eq!(alice.get("/api/v1/recipes").await.json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(admin.get("/api/v1/recipes").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn invalid_token_is_401_on_public_routes() {
    let app = TestApp::new();
    let url = app.alice().await.posts_recipe("Soup").await;
    app.bearing("nonsense").get(&url).await.is(401);
    app.bearing("nonsense").get("/api/v1/recipes").await.is(401);
}

#[tokio::test]
async fn page_that_is_too_large_for_memory_is_streamed_as_a_whole() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut large = recipe("Stew");
    large["instructions"] = json!(vec!["x".repeat(4_000); 12]);
    for number in 1..=12 {
        large["name"] = json!(format!("Stew {number}"));
        alice.post("/api/v1/recipes", &large).await.is(201);
    }
    large["visibility"] = json!("private");
    app.bob().await.post("/api/v1/recipes", &large).await.is(201);
    for (limit, ids, more) in
        [(12, 1..=12, false), (11, 1..=11, true), (3, 1..=3, true), (100, 1..=12, false)]
    {
        let answer = alice.get(&format!("/api/v1/recipes?limit={limit}")).await.is(200);
        let page = answer.json();
        let recipes = page["data"].as_array().unwrap();
        let names: Vec<_> =
            recipes.iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(names, ids.map(|id| format!("Stew {id}")).collect::<Vec<_>>(), "limit {limit}");
        assert_eq!(page["nextCursor"].is_string(), more, "limit {limit}");
        assert_eq!(answer.headers.contains_key("link"), more, "limit {limit}");
        if let Some(cursor) = page["nextCursor"].as_str() {
            let rest = alice.get(&format!("/api/v1/recipes?limit=100&cursor={cursor}")).await.is(200).json();
            assert_eq!(rest["data"].as_array().unwrap().len(), 12 - recipes.len());
        }
    }
}
