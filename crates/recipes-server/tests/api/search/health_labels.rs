//! `GET /api/v1/health-labels`, and `LABELS=known`.

use recipes::LabelPolicy;
use serde_json::{Value, json};

use super::{fresh, with};
use crate::app::{Client, TestApp};

const PATH: &str = "/api/v1/health-labels";

async fn label(client: &Client, value: &str) -> Value {
    let labels = fresh(client, PATH).await.is(200).json();
    let labels = labels["data"].as_array().unwrap();
    labels.iter().find(|label| label["value"] == value).unwrap_or_else(|| panic!("no {value}")).clone()
}

#[tokio::test]
async fn known_labels_are_listed_with_their_meaning() {
    let app = TestApp::new();
    let client = app.anonymous();
    let answer = fresh(&client, PATH).await.is(200);
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let body = answer.json();
    let labels = body["data"].as_array().unwrap();
    assert_eq!(labels.len(), 45);
    assert_eq!(labels.iter().filter(|label| label["euAllergen"] == true).count(), 14);
    assert_eq!(
        label(&client, "gluten-free").await,
        json!({
            "name": "Gluten-Free", "value": "gluten-free", "euAllergen": true, "count": 0,
            "allergen": "cereals containing gluten",
            "meaning": "No cereals with gluten, such as wheat, rye, barley and oats, or ingredients made of them",
            "schemaOrg": "https://schema.org/GlutenFreeDiet",
        })
    );
    let paleo = label(&client, "paleo").await;
    assert_eq!((paleo.get("schemaOrg"), paleo.get("allergen")), (None, None));
    client.get(&format!("{PATH}?label=vegan")).await.is(400);
}

#[tokio::test]
async fn counts_are_of_the_recipes_that_the_caller_may_read() {
    let app = TestApp::new();
    let alice = app.alice().await;
    let labelled = |name: &str, labels: Value| with(name, json!({ "healthLabels": labels }));
    let mut own = labelled("Own", json!(["Vegan", "Grandma's"]));
    own["visibility"] = json!("private");
    for body in
        [labelled("Soup", json!(["vegan", "LOW SUGAR"])), labelled("Pie", json!(["Vegan", "Low_Sugar"])), own]
    {
        alice.post("/api/v1/recipes", &body).await.is(201);
    }
    // More invented labels than facets have, each more frequent than the known ones.
    let invented: Vec<_> = (0..60).map(|number| format!("Invented {number}")).collect();
    for name in ["A", "B", "C", "D"] {
        alice.post("/api/v1/recipes", &labelled(name, json!(invented))).await.is(201);
        let more: Vec<_> = invented.iter().map(|label| format!("{label} b")).collect();
        alice.post("/api/v1/recipes", &labelled(name, json!(more))).await.is(201);
    }
    for (client, vegan) in [(app.anonymous(), 2), (app.bob().await, 2), (alice, 3), (app.admin().await, 3)] {
        assert_eq!(label(&client, "vegan").await["count"], vegan);
        assert_eq!(label(&client, "low-sugar").await["count"], 2, "in each spelling");
        assert_eq!(label(&client, "kosher").await["count"], 0);
    }
}

#[tokio::test]
async fn unknown_label_is_invalid_where_only_known_ones_are_allowed() {
    let app = TestApp::with_settings(|settings| settings.labels = LabelPolicy::Known);
    let alice = app.alice().await;
    let labelled = |labels: Value| with("Soup", json!({ "healthLabels": labels }));
    let created = alice.post("/api/v1/recipes", &labelled(json!(["vegan", "LOW_SUGAR"]))).await.is(201);
    assert_eq!(created.json()["data"]["healthLabels"], json!(["vegan", "LOW_SUGAR"]), "as they were sent");
    let url = created.header("location").to_owned();
    let unknown = labelled(json!(["Vegan", "Glutenfree", "Grandma's"]));
    for refused in [alice.post("/api/v1/recipes", &unknown).await, alice.put(&url, &unknown).await] {
        let body = refused.is(422).json();
        assert_eq!(body["code"], "invalid");
        assert_eq!(
            body["errors"],
            json!([
                {"pointer": "/healthLabels/1", "message": "is not a known label; did you mean \"Gluten-Free\"?"},
                {"pointer": "/healthLabels/2", "message": "is not a known label"},
            ])
        );
    }
    assert_eq!(alice.get(&url).await.is(200).json()["data"]["revision"], 1, "nothing has changed");
    let changed = alice.patch(&url, &json!({"healthLabels": ["Vegan", "Glutenfree"]})).await.is(422);
    assert_eq!(changed.refused_fields(), ["/healthLabels/1"]);
    alice.patch(&url, &json!({"healthLabels": ["Kosher"]})).await.is(200);
    let open = TestApp::new();
    open.alice().await.post("/api/v1/recipes", &unknown).await.is(201);
}
