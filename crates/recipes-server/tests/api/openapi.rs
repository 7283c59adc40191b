//! The OpenAPI document, as clients and code generators see it.

use recipes_server::openapi_json;
use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn served_document_matches_the_snapshot() {
    let app = TestApp::new();
    let served = app.anonymous().get("/api/v1/openapi.json").await.is(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.body, openapi_json());
    insta::assert_snapshot!("openapi", openapi_json());
}

#[test]
fn every_operation_has_an_id_and_every_body_a_schema() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let schemas = &document["components"]["schemas"];
    let mut bodies = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            let answers = operation["responses"].as_object().unwrap().values();
            let contents =
                answers.map(|answer| &answer["content"]).chain([&operation["requestBody"]["content"]]);
            for content in contents.filter_map(Value::as_object).flat_map(|content| content.values()) {
                let name = content["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
                assert!(schemas[name].is_object(), "{name} of {method} {path} is not described");
                bodies += 1;
            }
        }
    }
    assert!(bodies > 30, "{bodies}");
}

#[test]
fn every_error_has_a_true_example_in_both_shapes() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let mut examples = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let status: u16 = status.parse().unwrap();
                if status < 400 {
                    continue;
                }
                let (seed, problem) = (
                    &answer["content"]["application/json"]["example"],
                    &answer["content"]["application/problem+json"]["example"],
                );
                assert_eq!(seed["statusCode"], status, "{method} {path}");
                assert_eq!(problem["status"], status, "{method} {path}");
                assert_eq!((&seed["code"], &seed["message"]), (&problem["code"], &problem["detail"]));
                // The error of a key belongs to no field.
                if status == 422 && seed["code"] != "idempotency_key_reused" {
                    assert!(
                        seed["errors"][0]["pointer"].as_str().unwrap().starts_with('/'),
                        "{method} {path}"
                    );
                }
                examples += 1;
            }
        }
    }
    assert!(examples > 100, "{examples}");
}

#[test]
fn examples_of_validation_errors_are_those_of_an_empty_body() {
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let errors = |path: &str| {
        let answer = &document["paths"][path]["post"]["responses"]["422"];
        answer["content"]["application/json"]["example"]["errors"].clone()
    };
    let name = "is required and must be text of 1 to 200 characters";
    assert_eq!(errors("/api/v1/recipes"), json!([{ "pointer": "/name", "message": name }]));
    assert_eq!(errors("/api/v1/users/login"), json!([{ "pointer": "/email", "message": "is required" }]));
}

#[tokio::test]
async fn example_requests_are_accepted() {
    let app = TestApp::new();
    let document: Value = serde_json::from_str(&openapi_json()).unwrap();
    let example = |name: &str| document["components"]["schemas"][name]["example"].clone();
    app.anonymous().post("/api/v1/users/signup", &example("SignUp")).await.is(200);
    app.alice().await.post("/api/v1/recipes", &example("RecipeDraft")).await.is(201);
    assert_eq!(document["servers"][0]["url"], "/");
}

#[tokio::test]
async fn documentation_page_loads_nothing_external() {
    let app = TestApp::new();
    let page = app.anonymous().get("/docs/").await.is(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(html.contains("<title>Recipes API</title>") && html.contains("width=device-width"), "{html}");
    let attributes = html.split("src=\"").skip(1).chain(html.split("href=\"").skip(1));
    for source in attributes.map(|rest| rest.split('"').next().unwrap()) {
        // Relative, so that the page works behind a proxy that adds a path.
        assert!(!source.contains("//") && !source.starts_with('/'), "{source}");
        if let Some(address) = source.strip_prefix("../") {
            app.anonymous().get(&format!("/{address}")).await.is(200);
        } else if source != "./" && source != "data:," {
            app.anonymous().get(&format!("/docs/{source}")).await.is(200);
        }
    }
    app.anonymous().get("/docs/index.html").await.is(404);
    assert_eq!(app.anonymous().get("/docs").await.is(303).header("location"), "/docs/");
}
