//! Health labels: the known ones with counts, and the setting that refuses others.

use serde_json::{Value, json};

use crate::app::{Client, TestApp, recipe};
use recipes_server::use_cases::accounts::Labels;

fn labelled(name: &str, labels: &[&str]) -> Value {
    let mut recipe = recipe(name);
    recipe["healthLabels"] = json!(labels);
    recipe
}

/// The entry of this label, when the index has caught up.
async fn label(client: &Client, name: &str) -> Value {
    for _ in 0..100 {
        let answer = client.get("/api/v1/health-labels").await.is(200).json();
        if answer["stale"] != true {
            let labels = answer["data"].as_array().unwrap();
            assert_eq!(labels.len(), 45);
            return labels.iter().find(|label| label["name"] == name).unwrap().clone();
        }
    }
    panic!("stale for 25 s")
}

#[tokio::test]
async fn known_labels_have_meaning_and_counts_of_what_the_caller_can_see() {
    let app = TestApp::new();
    let alice = app.alice().await;
    alice.post("/api/v1/recipes", &labelled("Soup", &["Gluten-Free", "my own"])).await.is(201);
    alice.post("/api/v1/recipes", &labelled("Stew", &["gluten free"])).await.is(201);
    let mut secret = labelled("Secret", &["GLUTEN_FREE", "Vegan"]);
    secret["visibility"] = json!("private");
    alice.post("/api/v1/recipes", &secret).await.is(201);
    assert_eq!(
        label(&app.anonymous(), "Gluten-Free").await,
        json!({
            "name": "Gluten-Free", "slug": "gluten-free", "meaning": "No cereals with gluten", "euAllergen": true,
            "allergen": "cereals with gluten", "schemaOrg": "https://schema.org/GlutenFreeDiet", "recipes": 2,
        })
    );
    assert_eq!(label(&alice, "Gluten-Free").await["recipes"], 3);
    assert_eq!(label(&app.bob().await, "Vegan").await["recipes"], 0);
    assert_eq!(label(&alice, "Wheat-Free").await["euAllergen"], false);
    app.anonymous().get("/api/v1/health-labels?q=x").await.is(400);
}

#[test]
fn known_labels_have_the_slugs_of_the_search() {
    for known in recipes::KNOWN_LABELS {
        assert_eq!(recipes::label_slug(known.name), search::slug(known.name));
    }
}

#[tokio::test]
async fn operator_may_refuse_unknown_labels() {
    let open = TestApp::new();
    open.alice().await.post("/api/v1/recipes", &labelled("Soup", &["my own"])).await.is(201);

    let app = TestApp::with_settings(|settings| settings.labels = Labels::Known);
    let alice = app.alice().await;
    let answer = alice.post("/api/v1/recipes", &labelled("Soup", &["Vegan", "Glutenfree"])).await.is(422);
    assert_eq!(answer.refused_fields(), ["/healthLabels/1"]);
    let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the nearest is \"Gluten-Free\""), "{message}");
    let url = alice.post("/api/v1/recipes", &labelled("Soup", &["vegan", "LOW SUGAR"])).await.is(201);
    let url = url.header("location");
    alice.put(url, &labelled("Soup", &["Vegetable"])).await.is(422);
    let answer = alice.patch(url, &json!({"healthLabels": ["Vegan", "x"]})).await.is(422);
    assert_eq!(answer.refused_fields(), ["/healthLabels/1"]);
    alice.patch(url, &json!({"healthLabels": ["Vegan"]})).await.is(200);
    alice.patch(url, &json!({"name": "Broth"})).await.is(200);
}
