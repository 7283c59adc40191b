//! Recipes for other servings, in other units, and in other formats than JSON.

use std::io::Read as _;

use http::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, recipe};

/// A recipe for four, and its address.
async fn soup(app: &TestApp) -> String {
    let body = json!({
        "name": "Tomato soup", "healthLabels": ["Vegan", "Dairy-Free"], "cookTimeMinutes": 60, "prepTimeMinutes": 10,
        "ingredients": ["1/2 cup olive oil", "2-3 onions, chopped", "1 (14 oz) can tomatoes", "salt", "20 g butter"],
        "servings": 4, "yield": "2 l", "instructions": ["Bake at 350°F.", "Serve."], "extra": { "a": 1 },
    });
    app.alice().await.post("/api/v1/recipes", &body).await.is(201).header("location").to_owned()
}

async fn accepting(client: &Client, url: &str, accept: &str) -> Answer {
    client.send(client.request(Method::GET, url).header("accept", accept).body("".into()).unwrap()).await
}

async fn if_none_match(client: &Client, url: &str, tag: &str) -> u16 {
    let request = client.request(Method::GET, url).header("if-none-match", tag).body("".into()).unwrap();
    client.send(request).await.status.as_u16()
}

#[tokio::test]
async fn servings_and_scale_multiply_the_amounts() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let reader = app.anonymous();
    let scaled = reader.get(&format!("{url}?servings=6")).await.is(200).json();
    assert_eq!(
        scaled["data"]["ingredients"],
        json!([
            "3/4 cup olive oil",
            "3-4 1/2 onions, chopped",
            "1 1/2 (14 oz) cans tomatoes",
            "salt",
            "30 g butter"
        ])
    );
    assert_eq!((&scaled["data"]["servings"], &scaled["data"]["yield"]), (&json!(6), &json!("3 l")));
    assert_eq!(
        scaled["amounts"],
        json!({
            "scale": { "numerator": 3, "denominator": 2 }, "unscaledLines": [3], "convertedLines": [], "convertedSteps": [],
        })
    );
    for scale in ["3/2", "1.5", "6/4"] {
        let same = reader.get(&format!("{url}?scale={scale}")).await.is(200);
        assert_eq!(same.json(), scaled, "{scale}");
    }
    let half = reader.get(&format!("{url}?scale=1/2")).await.is(200).json();
    assert_eq!(half["data"]["ingredients"][0], "1/4 cup olive oil");
    // The stored recipe has not changed, and nothing of this is in it.
    let stored = reader.get(&url).await.is(200).json();
    assert_eq!(stored["data"]["ingredients"][0], "1/2 cup olive oil");
    assert_eq!(stored.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn units_and_temperatures_are_converted_and_named() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let metric = app.anonymous().get(&format!("{url}?unit=metric")).await.is(200).json();
    assert_eq!(
        metric["data"]["ingredients"],
        json!(["120 ml olive oil", "2-3 onions, chopped", "1 (397 g) can tomatoes", "salt", "20 g butter"])
    );
    assert_eq!(metric["data"]["instructions"][0]["text"], "Bake at 175 °C.");
    assert_eq!(
        metric["amounts"],
        json!({
            "scale": { "numerator": 1, "denominator": 1 }, "unit": "metric", "unscaledLines": [3],
            "convertedLines": [0, 2], "convertedSteps": [0],
        })
    );
    let both = app.anonymous().get(&format!("{url}?unit=metric&scale=2")).await.is(200).json();
    assert_eq!(both["data"]["ingredients"][0], "240 ml olive oil");
}

#[tokio::test]
async fn parsed_ingredients_are_exact() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let parsed = app.anonymous().get(&format!("{url}?parsedIngredients=true&scale=1/3")).await.is(200).json();
    assert_eq!(
        parsed["parsedIngredients"][0],
        json!({
            "text": "1/6 cup olive oil", "food": "olive oil", "note": null,
            "amounts": [{ "quantity": { "numerator": 1, "denominator": 6 }, "unit": "cup", "scales": true }],
        })
    );
    let plain = app.anonymous().get(&format!("{url}?parsedIngredients=true")).await.is(200).json();
    assert_eq!(plain.get("amounts"), None);
    assert_eq!(
        plain["parsedIngredients"][1]["amounts"][0]["maximum"],
        json!({ "numerator": 3, "denominator": 1 })
    );
    let can = &plain["parsedIngredients"][2];
    assert_eq!(
        (&can["food"], &can["amounts"][0]["unit"], &can["amounts"][1]["scales"]),
        (&json!("tomatoes"), &json!("can"), &json!(false))
    );
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_400() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let without = app.alice().await.posts_recipe("Water").await;
    for (query, says) in [
        ("servings=6&scale=2", "not both"),
        ("servings=0", "above 0"),
        ("scale=0", "above 0"),
        ("scale=0/5", "above 0"),
        ("scale=-1", "above 0"),
        ("scale=1/0", "above 0"),
        ("scale=", "above 0"),
        ("scale=two", "above 0"),
        ("scale=1e3", "above 0"),
        ("scale=99999999999999999999", "above 0"),
        ("scale=1001", "at most 1000"),
        ("scale=1/1001", "at most 1000"),
        ("servings=900000", "at most 1000"),
        ("unit=stones", "metric or imperial"),
        ("parsedIngredients=yes", "true or false"),
        ("serving=6", "did you mean \"servings\"?"),
        ("scale=2&scale=3", "more than once"),
    ] {
        let refused = app.anonymous().get(&format!("{url}?{query}")).await.is(400).json();
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(says), "{query}: {message}");
    }
    let refused = app.anonymous().get(&format!("{without}?servings=6")).await.is(400).json();
    assert_eq!(refused["code"], "no_servings");
    assert!(refused["message"].as_str().unwrap().contains("scale=3/2"), "{refused}");
    app.anonymous().get(&format!("{without}?scale=2&_=1695")).await.is(200);
}

#[tokio::test]
async fn every_representation_has_a_tag_of_its_own() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let reader = app.anonymous();
    let mut tags = Vec::<String>::new();
    for suffix in [
        "",
        ".jsonld",
        ".md",
        ".txt",
        ".cook",
        "?scale=2",
        "?scale=3/2",
        "?servings=4",
        "?unit=metric",
        "?unit=imperial",
        "?parsedIngredients=true",
        "?unit=metric&scale=2",
        ".md?scale=2",
        ".md?unit=metric",
    ] {
        let address = format!("{url}{suffix}");
        let answer = reader.get(&address).await.is(200);
        assert_eq!(answer.header("vary"), "accept", "{suffix}");
        let tag = answer.header("etag").to_owned();
        assert_eq!(if_none_match(&reader, &address, &tag).await, 304, "{suffix} {tag}");
        let changed = format!("W/{}-gzip\"", tag.trim_end_matches('"'));
        assert_eq!(if_none_match(&reader, &address, &changed).await, 304, "{changed}");
        for other in &tags {
            assert_eq!(if_none_match(&reader, &address, other).await, 200, "{suffix} {other}");
        }
        assert!(!tags.contains(&tag), "{tag}");
        tags.push(tag);
    }
    // A copy that was changed on the way out is not what a change may replace.
    let alice = app.alice().await;
    let put = alice
        .request(Method::PUT, &url)
        .header("if-match", &tags[5])
        .header("content-type", "application/json");
    alice.send(put.body(recipe("Stew").to_string().into()).unwrap()).await.is(412);
}

#[tokio::test]
async fn formats_are_chosen_by_accept_or_by_suffix() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let reader = app.anonymous();
    for (suffix, accept, content_type, says) in [
        (".jsonld", "application/ld+json", "application/ld+json", "\"@type\": \"Recipe\""),
        (".md", "text/markdown", "text/markdown; charset=utf-8", "# Tomato soup\n"),
        (".txt", "text/plain", "text/plain; charset=utf-8", "\nIngredients\n\n1/2 cup olive oil\n"),
        (".cook", "text/x-cooklang", "text/x-cooklang; charset=utf-8", "@olive oil{1/2%cup}\n"),
    ] {
        let by_suffix = reader.get(&format!("{url}{suffix}")).await.is(200);
        let by_accept = accepting(&reader, &url, accept).await.is(200);
        for answer in [&by_suffix, &by_accept] {
            assert_eq!(answer.header("content-type"), content_type);
            assert!(answer.text().contains(says), "{}", answer.text());
        }
        assert_eq!(by_suffix.header("etag"), by_accept.header("etag"));
        assert!(by_suffix.header("etag").ends_with(&format!("-{}\"", &suffix[1..])));
        let scaled = reader.get(&format!("{url}{suffix}?scale=2")).await.is(200);
        assert!(scaled.text().contains("1 cup") || scaled.text().contains("{1%cup}"), "{}", scaled.text());
    }
    for (accept, content_type) in [
        ("application/json, text/plain, */*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/*", "text/markdown; charset=utf-8"),
    ] {
        assert_eq!(
            accepting(&reader, &url, accept).await.is(200).header("content-type"),
            content_type,
            "{accept}"
        );
    }
    let refused = accepting(&reader, &url, "image/png").await.is(406).json();
    assert!(refused["message"].as_str().unwrap().contains("text/x-cooklang"), "{refused}");
    for missing in
        ["/api/v1/recipes/99.md", "/api/v1/recipes/1.pdf", "/api/v1/recipes/.md", "/api/v1/recipes/x.md"]
    {
        reader.get(missing).await.is(404);
    }
    app.alice().await.put(&format!("{url}.md"), &recipe("Stew")).await.is(404);
    reader.get(&format!("{url}.md?parsedIngredients=true")).await.is(400);
}

#[tokio::test]
async fn private_recipe_is_404_in_every_format() {
    let app = TestApp::new();
    let mut secret = recipe("Secret");
    secret["visibility"] = json!("private");
    let alice = app.alice().await;
    let url = alice.post("/api/v1/recipes", &secret).await.is(201).header("location").to_owned();
    for address in
        [".md", ".jsonld", ".txt", ".cook", "?scale=2", "/label-hints"].map(|suffix| format!("{url}{suffix}"))
    {
        app.bob().await.get(&address).await.is(404);
        alice.get(&address).await.is(200);
    }
}

#[tokio::test]
async fn label_hints_name_lines_and_contradicted_labels() {
    let app = TestApp::new();
    let url = soup(&app).await;
    let hints = app.anonymous().get(&format!("{url}/label-hints")).await.is(200).json();
    assert_eq!(
        hints["data"],
        json!([{
            "allergen": "milk", "labels": ["Dairy-Free"], "contradicts": ["Dairy-Free"],
            "evidence": [{ "line": 4, "text": "20 g butter", "words": ["butter"] }],
        }])
    );
    assert!(hints["notice"].as_str().unwrap().contains("may still"));
    assert_eq!(
        app.anonymous().get(&url).await.json()["data"]["healthLabels"],
        json!(["Vegan", "Dairy-Free"])
    );
    app.anonymous().get("/api/v1/recipes/99/label-hints").await.is(404);
    app.anonymous().get(&format!("{url}/label-hints?x=1")).await.is(400);
}

#[tokio::test]
async fn collections_are_sent_whole_as_ndjson_json_ld_and_zip() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for number in 1..=205 {
        let mut body = recipe(&format!("Soup {number}"));
        body["visibility"] = json!(if number % 5 == 0 { "private" } else { "public" });
        alice.post("/api/v1/recipes", &body).await.is(201);
    }
    for (client, count) in
        [(app.anonymous(), 164), (alice, 205), (app.bob().await, 164), (app.admin().await, 205)]
    {
        let lines = accepting(&client, "/api/v1/recipes", "application/x-ndjson").await.is(200);
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        let recipes: Vec<Value> =
            lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(recipes.len(), count);
        let page = client.get("/api/v1/recipes?limit=1").await.json();
        assert_eq!(recipes[0], page["data"][0]);
        let graph = accepting(&client, "/api/v1/recipes", "application/ld+json").await.is(200).json();
        assert_eq!(graph["@graph"].as_array().unwrap().len(), count);
        let archive = accepting(&client, "/api/v1/recipes", "application/zip").await.is(200);
        assert_eq!(archive.header("content-disposition"), "attachment; filename=\"recipes.zip\"");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive.body.to_vec())).unwrap();
        assert_eq!(archive.len(), count);
        let mut first = String::new();
        archive.by_index(0).unwrap().read_to_string(&mut first).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&first).unwrap(), recipes[0]);
    }
    let reader = app.anonymous();
    accepting(&reader, "/api/v1/recipes?limit=5", "application/zip").await.is(400);
    accepting(&reader, "/api/v1/recipes", "text/markdown").await.is(406);
    assert_eq!(accepting(&reader, "/api/v1/recipes", "*/*").await.is(200).header("vary"), "accept");
}

#[tokio::test]
async fn collection_of_no_recipes_is_empty() {
    let app = TestApp::new();
    let reader = app.anonymous();
    assert_eq!(accepting(&reader, "/api/v1/recipes", "application/x-ndjson").await.is(200).text(), "");
    assert_eq!(
        accepting(&reader, "/api/v1/recipes", "application/ld+json").await.is(200).json()["@graph"],
        json!([])
    );
    let archive = accepting(&reader, "/api/v1/recipes", "application/zip").await.is(200);
    assert!(zip::ZipArchive::new(std::io::Cursor::new(archive.body.to_vec())).unwrap().is_empty());
}
