//! An operation of a request for several changes does what a request of its own does.

use http::Method;
use recipes::LabelPolicy;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// An operation in any of its forms: also on recipes that are not there, with outdated tags, labels that are not known, and values
/// that are not valid.
fn operation(numbers: &mut Numbers) -> Value {
    let mut body = recipe(["Soup", "Stew", ""][numbers.below(3)]);
    match numbers.below(5) {
        0 => body["visibility"] = json!("private"),
        1 => body["healthLabels"] = json!(["Gluten-Fre"]),
        2 => body["servings"] = json!("many"),
        _ => {}
    }
    let patches = [
        json!({"servings": 4}),
        json!({"servings": "many"}),
        json!({"name": null}),
        json!({"visibility": "private"}),
        json!({"healthLabels": ["Vegn"]}),
        json!({"description": "x".repeat(500)}),
    ];
    let id = numbers.below(7) + 1;
    let mut operation = match numbers.below(5) {
        0 | 1 => return json!({"op": "create", "recipe": body}),
        2 => json!({"op": "replace", "id": id, "recipe": body}),
        3 => json!({"op": "patch", "id": id, "patch": patches[numbers.below(patches.len())]}),
        _ => json!({"op": "delete", "id": id}),
    };
    let tags = ["*".to_owned(), format!("\"{id}-1\""), format!("W/\"{id}-2\""), "\"9-9\"".to_owned()];
    if let Some(tag) = tags.get(numbers.below(6)) {
        operation["ifMatch"] = json!(tag);
    }
    operation
}

/// The status, and the code and the revision if there are any.
type Outcome = (u64, Value, Value);

async fn alone(client: &Client, operation: &Value) -> Outcome {
    let url = format!("/api/v1/recipes/{}", operation["id"]);
    let (method, path, body) = match operation["op"].as_str().unwrap() {
        "create" => (Method::POST, "/api/v1/recipes", &operation["recipe"]),
        "replace" => (Method::PUT, url.as_str(), &operation["recipe"]),
        "patch" => (Method::PATCH, url.as_str(), &operation["patch"]),
        _ => (Method::DELETE, url.as_str(), &Value::Null),
    };
    let mut request = client.request(method, path).header("content-type", "application/json");
    if let Some(tag) = operation["ifMatch"].as_str() {
        request = request.header("if-match", tag);
    }
    let answer = client.send(request.body(body.to_string().into()).unwrap()).await;
    let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    (answer.status.as_u16().into(), json["code"].clone(), json["data"]["revision"].clone())
}

async fn together(client: &Client, operations: &[Value]) -> Vec<Outcome> {
    let body = json!({"atomic": false, "operations": operations});
    let answer = client.post("/api/v1/recipes/bulk", &body).await.is(200).json();
    let outcome = |result: &Value| {
        (result["status"].as_u64().unwrap(), result["error"]["code"].clone(), result["revision"].clone())
    };
    answer["data"].as_array().unwrap().iter().map(outcome).collect()
}

/// All recipes, those in the bin and the histories, without the random values.
async fn state(app: &TestApp) -> Value {
    let admin = app.admin().await;
    let mut recipes = admin.get("/api/v1/recipes").await.is(200).json()["data"].clone();
    let bin = admin.get("/api/v1/recipes/bin").await.is(200).json()["data"].clone();
    let mut histories = Vec::new();
    for recipe in recipes.as_array_mut().unwrap() {
        recipe.as_object_mut().unwrap().remove("uid");
        let history = format!("/api/v1/recipes/{}/revisions", recipe["id"]);
        histories.push(admin.get(&history).await.is(200).json()["data"].clone());
    }
    json!([recipes, bin, histories])
}

#[tokio::test]
async fn operations_together_do_what_requests_do_one_after_another() {
    for seed in 0..12 {
        let new_app = || {
            TestApp::with_settings(|settings| {
                settings.require_if_match = seed % 3 == 0;
                settings.bin_days = if seed % 4 == 0 { 0 } else { 30 };
                settings.labels = if seed % 2 == 0 { LabelPolicy::Known } else { LabelPolicy::Open };
                settings.quotas.recipes = recipes::Quota(Some(4));
            })
        };
        let (single, bulk) = (new_app(), new_app());
        let mut numbers = Numbers(seed);
        for round in 0..8 {
            let operations: Vec<_> = (0..12).map(|_| operation(&mut numbers)).collect();
            let clients = match round % 4 {
                0 => (single.alice().await, bulk.alice().await),
                1 => (single.bob().await, bulk.bob().await),
                2 => (single.admin().await, bulk.admin().await),
                _ => (single.program(&["recipes:write"]).await, bulk.program(&["recipes:write"]).await),
            };
            let mut outcomes = Vec::new();
            for operation in &operations {
                outcomes.push(alone(&clients.0, operation).await);
            }
            let together = together(&clients.1, &operations).await;
            for ((operation, alone), together) in operations.iter().zip(&outcomes).zip(&together) {
                assert_eq!(together, alone, "{operation} in round {round} of {seed}");
            }
            assert_eq!(state(&bulk).await, state(&single).await, "round {round} of {seed}");
        }
    }
}
