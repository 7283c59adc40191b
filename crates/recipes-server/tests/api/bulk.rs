//! Several changes in one request.

use http::Method;
use recipes::LabelPolicy;
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, recipe};

const PATH: &str = "/api/v1/recipes/bulk";

fn create(name: &str) -> Value {
    json!({"op": "create", "recipe": recipe(name)})
}

async fn names(app: &TestApp) -> Vec<String> {
    let page = app.anonymous().get("/api/v1/recipes").await.is(200).json();
    let recipes = page["data"].as_array().unwrap().clone();
    recipes.iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect()
}

async fn post(client: &Client, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(Method::POST, PATH).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(body.to_string().into()).unwrap()).await
}

/// The results of operations that are done each on its own.
async fn each(client: &Client, operations: Value) -> Vec<Value> {
    let body = json!({"atomic": false, "operations": operations});
    client.post(PATH, &body).await.is(200).json()["data"].as_array().unwrap().clone()
}

fn statuses(results: &[Value]) -> Vec<u64> {
    results.iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_operation_has_a_result_in_the_same_place() {
    let app = TestApp::new();
    let (alice, bob) = (app.alice().await, app.bob().await);
    alice.posts_recipe("Soup").await;
    alice.posts_recipe("Bread").await;
    bob.posts_recipe("Tea").await;
    let operations = json!([
        create("Stew"),
        {"op": "replace", "id": 1, "ifMatch": "\"1-1\"", "recipe": recipe("Hot soup")},
        {"op": "replace", "id": 1, "ifMatch": "W/\"1-1-gzip\"", "recipe": recipe("Cold soup")},
        {"op": "delete", "id": 2},
        {"op": "delete", "id": 3},
        {"op": "delete", "id": 99},
        {"op": "create", "recipe": {"name": ""}},
        {"op": "crate"},
        {"op": "patch", "id": 1, "ifMatch": "\"1-2\", \"1-9\"", "patch": {"servings": 4}},
        {"op": "patch", "id": 1, "patch": {"name": null}},
        {"op": "patch", "id": 1, "patch": {"servings": "many"}},
        {"op": "delete", "id": 1, "ifMatch": "1-3"},
        {"op": "delete", "id": 4, "ifMatch": "*"},
    ]);
    let results = each(&alice, operations).await;
    assert_eq!(statuses(&results), [201, 200, 412, 204, 403, 404, 422, 422, 200, 422, 422, 422, 204]);
    assert_eq!(results[0], json!({"status": 201, "id": 4, "revision": 1, "etag": "\"4-1\""}));
    assert_eq!(results[2]["etag"], "\"1-2\"");
    assert_eq!(results[2]["error"]["code"], "precondition_failed");
    assert_eq!(results[2]["error"]["current"]["name"], "Hot soup");
    assert_eq!(results[3], json!({"status": 204, "id": 2}));
    assert_eq!(results[4]["error"]["code"], "not_the_owner");
    for (index, pointer) in [
        (2, ""),
        (4, ""),
        (5, ""),
        (6, "/recipe/name"),
        (7, "/op"),
        (9, "/patch/name"),
        (10, "/patch/servings"),
        (11, "/ifMatch"),
    ] {
        let named = &results[index]["error"]["errors"][0]["pointer"];
        assert_eq!(named, &format!("/operations/{index}{pointer}"), "{}", results[index]);
    }
    assert_eq!(names(&app).await, ["Hot soup", "Tea"]);
    let soup = app.anonymous().get("/api/v1/recipes/1").await.is(200).json();
    assert_eq!((&soup["data"]["revision"], &soup["data"]["servings"]), (&json!(3), &json!(4)));
    let history = alice.get("/api/v1/recipes/1/revisions").await.is(200).json();
    assert_eq!(history["data"].as_array().unwrap().len(), 3);
    alice.post("/api/v1/recipes/bin/2/restore", &json!({})).await.is(200);
    assert_eq!(app.anonymous().get("/api/v1/recipes/2").await.is(200).json()["data"]["name"], "Bread");
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
        (
            json!({"op": "replace", "id": 1, "ifMatch": "\"1-7\"", "recipe": recipe("Stew")}),
            404,
            "/operations/2",
        ),
        (json!({"op": "patch", "id": 2, "patch": {}}), 403, "/operations/2"),
        (json!({"op": "create", "recipe": {}}), 422, "/operations/2/recipe/name"),
        (json!({"op": "replace", "id": 1}), 422, "/operations/2/recipe"),
        (json!({"op": "delete", "id": "1"}), 422, "/operations/2/id"),
        (json!({"op": "delete", "id": 1, "ifMatch": 1}), 422, "/operations/2/ifMatch"),
        (json!(7), 422, "/operations/2"),
    ] {
        let body = json!({"operations": [create("Stew"), {"op": "delete", "id": 1}, last]});
        let refused = alice.post(PATH, &body).await.is(status);
        assert_eq!(refused.refused_fields()[0], pointer, "{last}");
        assert_eq!(names(&app).await, ["Soup", "Tea"]);
    }
    let stale = json!({"op": "patch", "id": 1, "ifMatch": "\"1-7\"", "patch": {"servings": 4}});
    let body = json!({"operations": [create("Stew"), stale]});
    let refused = alice.post(PATH, &body).await.is(412);
    assert_eq!(
        (refused.header("etag"), refused.refused_fields()),
        ("\"1-1\"", vec!["/operations/1".to_owned()])
    );
    assert_eq!(refused.json()["current"]["name"], "Soup");
    assert_eq!(names(&app).await, ["Soup", "Tea"]);

    let body = json!({"operations": [create("Stew"), {"op": "delete", "id": 1}, create("Bread")]});
    let done = alice.post(PATH, &body).await.is(200);
    assert_eq!(statuses(done.json()["data"].as_array().unwrap()), [201, 204, 201]);
    assert_eq!(names(&app).await, ["Tea", "Stew", "Bread"]);
}

#[tokio::test]
async fn settings_hold_for_each_operation() {
    let app = TestApp::with_settings(|settings| {
        settings.require_if_match = true;
        settings.labels = LabelPolicy::Known;
        settings.bin_days = 0;
    });
    let alice = app.alice().await;
    alice.posts_recipe("Soup").await;
    let mut wrong_label = recipe("Stew");
    wrong_label["healthLabels"] = json!(["Gluten-Fre"]);
    let operations = json!([
        {"op": "patch", "id": 1, "patch": {"servings": 4}},
        {"op": "patch", "id": 1, "ifMatch": "*", "patch": {"healthLabels": ["Gluten-Fre"]}},
        {"op": "create", "recipe": wrong_label},
        {"op": "delete", "id": 1},
        {"op": "delete", "id": 1, "ifMatch": "\"1-1\""},
    ]);
    let results = each(&alice, operations.clone()).await;
    assert_eq!(statuses(&results), [428, 422, 422, 428, 204]);
    assert_eq!(results[0]["error"]["errors"][0]["pointer"], "/operations/0");
    assert_eq!(results[1]["error"]["errors"][0]["pointer"], "/operations/1/patch/healthLabels/0");
    assert_eq!(results[2]["error"]["errors"][0]["pointer"], "/operations/2/recipe/healthLabels/0");
    assert_eq!(alice.get("/api/v1/recipes/bin").await.is(200).json()["data"], json!([]), "deleted for good");
    let refused = alice.post(PATH, &json!({"operations": operations})).await.is(428);
    assert_eq!(refused.refused_fields(), ["/operations/0"]);
}

#[tokio::test]
async fn patch_needs_a_token_that_reads() {
    let app = TestApp::new();
    app.alice().await.posts_recipe("Soup").await;
    let program = app.program(&["recipes:write"]).await;
    let patch = json!({"op": "patch", "id": 1, "patch": {"servings": 4}});
    let stale = json!({"op": "delete", "id": 1, "ifMatch": "\"1-7\""});
    let results = each(&program, json!([create("Stew"), patch, stale])).await;
    assert_eq!(statuses(&results), [201, 403, 412]);
    assert_eq!(results[1]["error"]["code"], "insufficient_scope");
    assert_eq!(results[2]["error"].get("current"), None, "the token may not read");
    let refused = program.post(PATH, &json!({"operations": [create("Bread"), patch]})).await.is(403);
    assert!(refused.header("www-authenticate").contains("recipes:read"));
    assert_eq!(names(&app).await, ["Soup", "Stew"]);
}

#[tokio::test]
async fn results_are_lines_if_the_client_wants_them() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let body = json!({"atomic": false, "operations": [create("Stew"), {"op": "delete", "id": 9}]});
    let answer = post(&alice, &body, &[("accept", "application/x-ndjson")]).await.is(200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let text = answer.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(statuses(&lines), [201, 404]);
    post(&alice, &body, &[("accept", "text/csv")]).await.is(406);
}

#[tokio::test]
async fn strict_request_with_an_unknown_field_changes_nothing() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let mut stew = recipe("Stew");
    stew["servngs"] = json!(4);
    let body =
        json!({"atomic": false, "operations": [create("Soup"), {"op": "create", "recipe": stew, "if": 1}]});
    let refused = post(&alice, &body, &[("prefer", "handling=strict")]).await.is(400).json();
    let errors = refused["errors"].as_array().unwrap();
    let of = |pointer: &str| {
        let error = errors.iter().find(|error| error["pointer"] == pointer);
        error.unwrap_or_else(|| panic!("{refused}"))["message"].as_str().unwrap().to_owned()
    };
    assert!(of("/operations/1/recipe/servngs").contains("\"servings\""));
    of("/operations/1/if");
    assert!(names(&app).await.is_empty());
    post(&alice, &body, &[]).await.is(200);
    assert_eq!(names(&app).await, ["Soup", "Stew"]);
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
    assert!(refused["message"].as_str().unwrap().contains("4194304"), "{refused}");
    let mut long = recipe("Stew");
    long["ignored"] = json!("x".repeat(256 << 10));
    let body = json!({"operations": [{"op": "create", "recipe": long}]});
    assert_eq!(alice.post(PATH, &body).await.is(422).refused_fields(), ["/operations/0/recipe"]);
}

#[tokio::test]
async fn form_is_read_like_json() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let form = "atomic=false&operations[0][op]=create&operations[0][recipe][name]=Stew&operations[0][recipe][cookTimeMinutes]=5\
                &operations[0][recipe][prepTimeMinutes]=&operations[0][recipe][ingredients][]=salt\
                &operations[1][op]=delete&operations[1][id]=1&operations[1][ifMatch]=%221-1%22";
    let results = alice.post_form(PATH, form).await.is(200).json();
    assert_eq!(statuses(results["data"].as_array().unwrap()), [201, 204]);
}
