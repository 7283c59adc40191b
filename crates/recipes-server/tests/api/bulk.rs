//! Several changes in one request.

use serde_json::{Value, json};

use crate::app::{TestApp, recipe};

const PATH: &str = "/api/v1/recipes/bulk";

fn create(name: &str) -> Value {
    json!({"op": "create", "recipe": recipe(name)})
}

async fn names(app: &TestApp) -> Vec<String> {
    let page = app.anonymous().get("/api/v1/recipes").await.is(200).json();
    let recipes = page["data"].as_array().unwrap().clone();
    recipes.iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_operation_has_a_result_in_the_same_place() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    alice.posts_recipe("Soup").await;
    alice.posts_recipe("Bread").await;
    bob.posts_recipe("Tea").await;
    let body = json!({"atomic": false, "operations": [
        create("Stew"),
        {"op": "replace", "id": 1, "revision": 1, "recipe": recipe("Hot soup")},
        {"op": "replace", "id": 1, "revision": 1, "recipe": recipe("Cold soup")},
        {"op": "delete", "id": 2},
        {"op": "delete", "id": 3},
        {"op": "delete", "id": 99},
        {"op": "create", "recipe": {"name": ""}},
        {"op": "crate"},
        {"op": "delete", "id": 1, "revision": 2},
    ]});
    let results = alice.post(PATH, &body).await.is(200).json();
    let results = results["data"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 200, 412, 204, 403, 404, 422, 422, 204]);
    assert_eq!(results[0], json!({"status": 201, "id": 4, "revision": 1, "etag": "\"4-1\""}));
    assert_eq!(results[2]["etag"], "\"1-2\"");
    assert_eq!(results[2]["error"]["code"], "precondition_failed");
    assert_eq!(results[3], json!({"status": 204, "id": 2}));
    assert_eq!(results[4]["error"]["code"], "not_the_owner");
    assert_eq!(results[6]["error"]["errors"][0]["pointer"], "/operations/6/recipe/name");
    assert_eq!(results[7]["error"]["errors"][0]["pointer"], "/operations/7/op");
    assert_eq!(names(&app).await, ["Tea", "Stew"]);
    assert_eq!(app.anonymous().get("/api/v1/recipes/4").await.is(200).json()["data"]["ownerId"], 1);
}

#[tokio::test]
async fn atomic_request_changes_everything_or_nothing() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    alice.posts_recipe("Soup").await;
    bob.posts_recipe("Tea").await;
    for (last, status, pointer) in [
        (json!({"op": "delete", "id": 2}), 403, "/operations/2"),
        (json!({"op": "delete", "id": 99}), 404, "/operations/2"),
        (json!({"op": "replace", "id": 1, "revision": 7, "recipe": recipe("Stew")}), 412, "/operations/2"),
        (json!({"op": "create", "recipe": {}}), 422, "/operations/2/recipe/name"),
        (json!({"op": "replace", "id": 1}), 422, "/operations/2/recipe"),
        (json!({"op": "delete", "id": "1"}), 422, "/operations/2/id"),
        (json!({"op": "delete", "id": 1, "revision": "1"}), 422, "/operations/2/revision"),
        (json!(7), 422, "/operations/2"),
    ] {
        let body = json!({"operations": [create("Stew"), {"op": "delete", "id": 1}, last]});
        let refused = alice.post(PATH, &body).await.is(status);
        assert_eq!(refused.refused_fields()[0], pointer, "{last}");
        assert_eq!(names(&app).await, ["Soup", "Tea"]);
    }
    let body = json!({"operations": [create("Stew"), {"op": "delete", "id": 1}, create("Bread")]});
    alice.post(PATH, &body).await.is(200);
    assert_eq!(names(&app).await, ["Tea", "Stew", "Bread"]);
}

#[tokio::test]
async fn request_has_1_to_1000_operations_of_4_mebibytes() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let of = |count| json!({"operations": vec![create("Stew"); count]});
    for body in [json!({}), of(0), of(1_001), json!({"operations": {}})] {
        assert_eq!(alice.post(PATH, &body).await.is(422).refused_fields(), ["/operations"]);
    }
    assert_eq!(
        alice.post(PATH, &json!({"atomic": 1})).await.is(422).refused_fields(),
        ["/atomic", "/operations"]
    );
    let results = alice.post(PATH, &of(1_000)).await.is(200).json();
    assert_eq!(results["data"].as_array().unwrap().len(), 1_000);
    let mut large = of(1);
    large["ignored"] = json!("x".repeat(4 << 20));
    let refused = alice.post(PATH, &large).await.is(413).json();
    assert!(refused["message"].as_str().unwrap().contains("4096"), "{refused}");
    let found = app.anonymous().get("/api/v1/recipes?q=stew&limit=1").await.is(200);
    assert!(found.json()["data"].as_array().unwrap().len() <= 1);
}

#[tokio::test]
async fn form_is_read_like_json() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let form = "atomic=false&operations[0][op]=create&operations[0][recipe][name]=Stew&operations[0][recipe][cookTimeMinutes]=5\
                &operations[0][recipe][prepTimeMinutes]=&operations[0][recipe][ingredients][]=salt\
                &operations[1][op]=delete&operations[1][id]=1&operations[1][revision]=1";
    let results = alice.post_form(PATH, form).await.is(200).json();
    assert_eq!((&results["data"][0]["status"], &results["data"][1]["status"]), (&json!(201), &json!(204)));
}
