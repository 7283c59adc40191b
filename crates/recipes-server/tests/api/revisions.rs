//! The history of a recipe: `/api/v1/recipes/{id}/revisions`.

use http::Method;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};

async fn history(client: &Client, url: &str) -> Vec<Value> {
    let list = client.get(&format!("{url}/revisions")).await.is(200).json();
    list["data"].as_array().unwrap().clone()
}

fn numbers(history: &[Value]) -> Vec<i64> {
    history.iter().map(|entry| entry["revision"].as_i64().unwrap()).collect()
}

fn with(name: &str, more: &Value) -> Value {
    let mut recipe = recipe(name);
    for (name, value) in more.as_object().unwrap() {
        recipe[name] = value.clone();
    }
    recipe
}

async fn posts_private(client: &Client, name: &str) -> String {
    let private = with(name, &json!({"visibility": "private"}));
    client.post("/api/v1/recipes", &private).await.is(201).header("location").to_owned()
}

#[tokio::test]
async fn every_change_is_in_the_history_with_its_author_its_time_and_words() {
    let app = TestApp::new();
    let (alice, admin, bob) = (app.alice().await, app.admin().await, app.bob().await);
    let url = alice.posts_recipe("Soup").await;
    app.clock.advance(std::time::Duration::from_mins(1));
    alice.put(&url, &with("Stew", &json!({"servings": 4}))).await.is(200);
    admin.patch(&url, &json!({"servings": null, "tools": ["pot"]})).await.is(200);
    let list = history(&bob, &url).await;
    let me = alice.get("/api/v1/users/me").await.is(200).json()["data"]["id"].clone();
    let root = admin.get("/api/v1/users/me").await.is(200).json()["data"]["id"].clone();
    let found: Vec<_> = list
        .iter()
        .map(|entry| (entry["revision"].clone(), entry["updatedBy"].clone(), entry["summary"].clone()))
        .collect();
    assert_eq!(
        found,
        [
            (json!(3), root, json!("Added tools; removed servings")),
            (json!(2), me.clone(), json!("Changed name; added servings")),
            (json!(1), me, json!("Created")),
        ]
    );
    assert_eq!(list[0]["changes"], json!({"added": ["tools"], "removed": ["servings"], "changed": []}));
    assert_eq!(list[1]["updatedAt"], json!(app.clock.now().to_string()));
    assert_eq!((&list[2]["name"], &list[2]["visibility"]), (&json!("Soup"), &json!("public")));
    assert_eq!(list[2].get("changes"), None);

    let first = bob.get(&format!("{url}/revisions/1")).await.is(200).json();
    assert_eq!((&first["data"]["name"], &first["data"]["revision"]), (&json!("Soup"), &json!(1)));
    let current = bob.get(&url).await.is(200).json();
    assert_eq!(bob.get(&format!("{url}/revisions/3")).await.is(200).json(), current);
    for absent in ["0", "4", "x", "01", "99999999999999999999"] {
        let refused = bob.get(&format!("{url}/revisions/{absent}")).await.is(404).json();
        assert_eq!(refused["code"], "revision_not_found", "{absent}");
    }
    assert_eq!(bob.get("/api/v1/recipes/99/revisions").await.is(404).json()["code"], "recipe_not_found");
    assert_eq!(bob.get("/api/v1/recipes/99/revisions/1").await.is(404).json()["code"], "recipe_not_found");

    let first = bob.get(&format!("{url}/revisions?limit=2")).await.is(200);
    let next = first.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
    assert_eq!(numbers(first.json()["data"].as_array().unwrap()), [3, 2]);
    assert_eq!(first.json()["data"][1]["summary"], "Changed name; added servings");
    let rest = bob.get(&next).await.is(200).json();
    assert_eq!((numbers(rest["data"].as_array().unwrap()), rest.get("nextCursor")), (vec![1], None));
    bob.get(&format!("{url}/revisions?page=2")).await.is(400);
}

#[tokio::test]
async fn private_past_of_a_published_recipe_stays_private() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = posts_private(&alice, "My secret").await;
    alice.put(&url, &recipe("Published")).await.is(200);
    alice.put(&url, &with("Hidden again", &json!({"visibility": "private"}))).await.is(200);
    alice.put(&url, &with("Published again", &json!({"tools": ["pot"]}))).await.is(200);
    assert_eq!(numbers(&history(&alice, &url).await), [4, 3, 2, 1]);
    assert_eq!(numbers(&history(&app.admin().await, &url).await), [4, 3, 2, 1]);
    for client in [app.anonymous(), app.bob().await] {
        let list = history(&client, &url).await;
        assert_eq!(numbers(&list), [4, 2]);
        assert_eq!(list[0]["summary"], "Changed name; added tools", "against what the client may read");
        for address in ["1", "3", "1/diff", "2/diff?to=3", "3/diff?to=4", "4/diff?to=1"] {
            let refused = client.get(&format!("{url}/revisions/{address}")).await.is(404);
            assert_eq!(refused.json()["code"], "revision_not_found", "{address}");
            assert!(!refused.text().contains("secret"));
        }
    }
    let refused = bob.post(&format!("{url}/revisions/1/restore"), &json!({})).await.is(403);
    assert!(!refused.text().contains("secret"));
    alice.patch(&url, &json!({"visibility": "private"})).await.is(200);
    bob.get(&format!("{url}/revisions")).await.is(404);
    bob.get(&format!("{url}/revisions/2")).await.is(404);
}

#[tokio::test]
async fn diff_is_a_json_patch_from_one_revision_to_another() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    let changed = with("Soup", &json!({"ingredients": ["1 onion", "1/2 cup olive oil"], "servings": 2}));
    alice.put(&url, &changed).await.is(200);
    alice.patch(&url, &json!({"name": "Stew"})).await.is(200);
    let diff = async |address: &str| {
        alice.get(&format!("{url}/revisions/{address}")).await.is(200).json()["data"].clone()
    };
    let forth = json!([
        {"op": "add", "path": "/ingredients/0", "value": "1 onion"},
        {"op": "add", "path": "/servings", "value": 2},
    ]);
    assert_eq!(diff("1/diff?to=2").await, forth);
    let back = json!([{"op": "remove", "path": "/servings"}, {"op": "remove", "path": "/ingredients/0"}]);
    assert_eq!(diff("2/diff?to=1").await, back);
    assert_eq!(diff("2/diff").await, json!([{"op": "replace", "path": "/name", "value": "Stew"}]));
    assert_eq!(diff("3/diff").await, json!([]));
    for query in ["to=x", "to=0", "to=-1", "since=1", "to=1&to=2"] {
        alice.get(&format!("{url}/revisions/1/diff?{query}")).await.is(400);
    }
}

#[tokio::test]
async fn restoring_makes_a_new_revision_and_keeps_the_preconditions_of_changes() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = posts_private(&alice, "Soup").await;
    alice.put(&url, &recipe("Stew")).await.is(200);
    let restored = alice.post(&format!("{url}/revisions/1/restore"), &json!({})).await.is(200);
    let data = &restored.json()["data"];
    assert_eq!((&data["name"], &data["revision"]), (&json!("Soup"), &json!(3)));
    assert_eq!(data["visibility"], "private", "as it was");
    bob.get(&url).await.is(404);
    let tag = restored.header("etag").to_owned();
    let restore = async |tag: &str| {
        let request = alice.request(Method::POST, &format!("{url}/revisions/2/restore"));
        alice.send(request.header("if-match", tag).body(axum::body::Body::empty()).unwrap()).await
    };
    assert_eq!(restore("\"1-1\"").await.is(412).json()["current"]["name"], "Soup");
    restore(&tag).await.is(200);
    assert_eq!(alice.get(&url).await.is(200).json()["data"]["name"], "Stew");
    alice.post(&format!("{url}/revisions/9/restore"), &json!({})).await.is(404);
    assert_eq!(history(&alice, &url).await[0]["summary"], "Changed name and visibility");

    let strict = TestApp::with_settings(|settings| settings.require_if_match = true);
    let url = strict.alice().await.posts_recipe("Soup").await;
    strict.alice().await.post(&format!("{url}/revisions/1/restore"), &json!({})).await.is(428);
}

#[tokio::test]
async fn history_can_be_off() {
    let app = TestApp::with_settings(|settings| settings.revisions_kept = store::RevisionsKept::OFF);
    let alice = app.alice().await;
    let url = alice.posts_recipe("Soup").await;
    alice.put(&url, &recipe("Stew")).await.is(200);
    assert_eq!(numbers(&history(&alice, &url).await), [2]);
    alice.get(&format!("{url}/revisions/1")).await.is(404);
}

#[tokio::test]
async fn export_of_an_account_has_history_and_bin() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let url = alice.posts_recipe("Soup").await;
    alice.put(&url, &recipe("Stew")).await.is(200);
    let binned = bob.posts_recipe("Bread").await;
    alice.post(&format!("{binned}/cooked"), &json!({"note": "good"})).await.is(201);
    alice.put(&format!("{binned}/favourite"), &json!({})).await.is(204);
    bob.delete(&binned).await.is(204);
    let own = posts_private(&alice, "Salad").await;
    alice.delete(&own).await.is(204);
    let export = alice.get("/api/v1/users/me/export").await.is(200).json();
    let names = |list: &Value| -> Vec<Value> {
        list.as_array().unwrap().iter().map(|recipe| recipe["name"].clone()).collect()
    };
    assert_eq!(names(&export["recipes"]), ["Stew"]);
    assert_eq!(names(&export["formerRevisions"]), ["Soup"]);
    assert_eq!(export["bin"].as_array().unwrap().len(), 1);
    assert_eq!(export["bin"][0]["recipe"]["name"], "Salad");
    assert_eq!(
        (&export["cooked"][0]["note"], &export["favourites"][0]["recipeId"]),
        (&json!("good"), &json!(2))
    );
    let export = bob.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(names(&export["formerRevisions"]), [Value::Null; 0]);
    assert_eq!(export["bin"][0]["recipe"]["name"], "Bread");
}
