//! The OpenAPI document, as clients and code generators see it.

use recipes_server::openapi_json;
use serde_json::Value;

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

#[tokio::test]
async fn documentation_page_loads_nothing_external() {
    let app = TestApp::new();
    let page = app.anonymous().get("/docs/").await.is(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    for source in html.split("src=\"").chain(html.split("href=\"")).skip(1) {
        assert!(!source.starts_with("http") && !source.starts_with("//"), "{source}");
    }
    app.anonymous().get("/docs/swagger-ui-bundle.js").await.is(200);
    let config = app.anonymous().get("/docs/swagger-initializer.js").await.is(200);
    let config = String::from_utf8(config.body.to_vec()).unwrap();
    assert!(config.contains("/api/v1/openapi.json"), "{config}");
    app.anonymous().get("/docs").await.is(303);
}
