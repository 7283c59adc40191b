//! The shopping list: `/api/v1/shopping-list`.

use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};

const LIST: &str = "/api/v1/shopping-list";

async fn items(client: &Client) -> Vec<Value> {
    client.get(LIST).await.is(200).json()["data"].as_array().unwrap().clone()
}

async fn texts(client: &Client) -> Vec<String> {
    items(client).await.iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

fn cake() -> Value {
    let mut cake = recipe("Cake");
    cake["servings"] = json!(4);
    cake["ingredients"] = json!(["For the dough:", "500 g flour", "2 eggs", "1 cup flour", "Salt"]);
    cake
}

#[tokio::test]
async fn list_is_made_from_recipes_and_the_plan() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.post("/api/v1/recipes", &cake()).await.is(201);
    alice.posts_recipe("Salad").await;
    let body =
        json!({ "recipes": [{ "recipeId": 1, "servings": 8 }], "items": ["1 kg flour", " ", "3 eggs"] });
    alice.post(LIST, &body).await.is(204);
    assert_eq!(texts(&alice).await, ["2 kg flour", "7 eggs", "2 cups flour", "Salt"]);
    let plan = json!({ "days": [
        { "date": app.day(1), "meals": [{ "recipeId": 1, "servings": 2 }, { "recipeId": 2, "servings": 3 }] },
        { "date": app.day(9), "meals": [{ "recipeId": 1 }] },
    ]});
    alice.put("/api/v1/plan", &plan).await.is(204);
    alice.post(LIST, &json!({ "plan": { "from": app.day(0) } })).await.is(204);
    // A salad does not say for how many people it is.
    let wanted = ["2.25 kg flour", "8 eggs", "2 1/2 cups flour", "Salt", "1/2 cup olive oil"];
    assert_eq!(texts(&alice).await, wanted);
    let export = alice.get("/api/v1/users/me/export").await.is(200).json();
    assert_eq!(export["shoppingList"][0]["text"], "2.25 kg flour");
    let refused = alice.post(LIST, &json!({ "recipes": [{ "recipeId": 2, "servings": 3 }] })).await.is(400);
    assert_eq!(refused.json()["code"], "no_servings");
}

#[tokio::test]
async fn recipe_that_the_caller_may_not_read_is_not_added() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    let mut private = cake();
    private["visibility"] = json!("private");
    bob.post("/api/v1/recipes", &private).await.is(201);
    for id in [1, 99] {
        let body = json!({ "recipes": [{ "recipeId": id }], "items": ["Milk"] });
        let errors = alice.post(LIST, &body).await.is(422).json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], "/recipes/0/recipeId");
    }
    assert_eq!(texts(&alice).await, [""; 0]);
}

#[tokio::test]
async fn items_are_ticked_changed_and_removed() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    alice.post(LIST, &json!({ "items": ["Milk", "2 eggs", "Bread"] })).await.is(204);
    let seen = items(&alice).await;
    let address = |item: &Value| format!("{LIST}/{}", item["id"].as_str().unwrap());
    let (milk, eggs) = (address(&seen[0]), address(&seen[1]));
    let tick = json!({ "ticked": true, "version": 1 });
    assert_eq!(bob.patch(&milk, &tick).await.is(404).json()["code"], "item_not_found");
    alice.patch(&milk, &tick).await.is(204);
    alice.patch(&milk, &tick).await.is(204);
    assert_eq!(texts(&alice).await, ["2 eggs", "Bread", "Milk"]);
    assert!(items(&alice).await[2]["tickedAt"].is_string());
    alice.post(LIST, &json!({ "items": ["3 eggs"] })).await.is(204);
    assert_eq!(alice.patch(&eggs, &tick).await.is(409).json()["code"], "item_changed");
    alice.patch(&eggs, &json!({ "text": "6 eggs", "version": 2 })).await.is(204);
    let now = items(&alice).await;
    assert_eq!((&now[0]["text"], &now[0]["version"]), (&json!("6 eggs"), &json!(3)));
    for (body, pointer) in [
        (json!({ "text": " " }), "/text"),
        (json!({ "text": "x".repeat(501) }), "/text"),
        (json!({ "ticked": "maybe" }), "/ticked"),
        (json!({ "version": "x" }), "/version"),
    ] {
        assert_eq!(alice.patch(&eggs, &body).await.is(422).json()["errors"][0]["pointer"], pointer);
    }
    assert_eq!(bob.delete(&eggs).await.is(404).json()["code"], "item_not_found");
    alice.delete(&eggs).await.is(204);
    alice.delete(&eggs).await.is(404);
    alice.delete(&format!("{LIST}/x")).await.is(404);
    alice.delete(&format!("{LIST}?ticked=true")).await.is(204);
    assert_eq!(texts(&alice).await, ["Bread"]);
    alice.delete(&format!("{LIST}?ticked=false")).await.is(400);
    alice.delete(LIST).await.is(204);
    assert_eq!(texts(&alice).await, [""; 0]);
}

#[tokio::test]
async fn invalid_items_are_refused_with_every_problem() {
    let app = TestApp::new();
    let alice = app.alice().await;
    for (body, pointers) in [
        (json!({}), vec!["/items"]),
        (json!({ "items": [" "] }), vec!["/items"]),
        (json!({ "items": "x", "recipes": 1, "plan": 2 }), vec!["/recipes", "/plan", "/items"]),
        (json!({ "recipes": [{}, 1] }), vec!["/recipes/1", "/recipes/0/recipeId"]),
        (json!({ "recipes": [{ "recipeId": 1, "servings": -1 }] }), vec!["/recipes/0/servings"]),
        (json!({ "plan": {} }), vec!["/plan/from"]),
        (json!({ "plan": { "from": "2026-01-02", "to": "2026-01-01" } }), vec!["/plan"]),
        (json!({ "items": [7, "x".repeat(501)] }), vec!["/items/0", "/items/1"]),
        (json!({ "items": vec!["x"; 201] }), vec!["/items"]),
    ] {
        let errors = alice.post(LIST, &body).await.is(422).json()["errors"].clone();
        let found: Vec<_> =
            errors.as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
        assert_eq!(found, pointers, "{body}");
    }
    // A number would be an amount.
    let letter = |number: u32| char::from(b'a' + u8::try_from(number % 26).unwrap());
    let name = |number: u32| format!("thing{}{}", letter(number / 26), letter(number));
    let lines = |from: u32| (from..from + 200).map(name).collect::<Vec<_>>();
    for from in [0, 200] {
        alice.post(LIST, &json!({ "items": lines(from) })).await.is(204);
    }
    assert_eq!(
        alice.post(LIST, &json!({ "items": lines(400) })).await.is(409).json()["code"],
        "too_many_items"
    );
    assert_eq!(items(&alice).await.len(), 400);
}
