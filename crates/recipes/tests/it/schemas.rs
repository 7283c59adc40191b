//! The JSON Schemas agree with parsing and with stored documents.

use std::collections::BTreeSet;

use proptest::prelude::*;
use recipes::{Draft, Scalars, recipe_schemas};
use serde_json::{Map, Value, json};

use crate::bodies::valid_body;

fn properties(schema: &Value) -> BTreeSet<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn required(schema: &Value) -> BTreeSet<&str> {
    schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn recipe_has_the_properties_of_the_draft_and_the_servers() {
    let schemas = recipe_schemas();
    let (draft, recipe) = (&schemas["RecipeDraft"], &schemas["Recipe"]);
    let server = BTreeSet::from([
        "id",
        "image",
        "stepImages",
        "ownerId",
        "uid",
        "revision",
        "createdAt",
        "updatedAt",
        "rating",
    ]);
    assert_eq!(properties(recipe), &properties(draft) | &server);
    assert_eq!(
        &required(recipe) - &required(draft),
        &server - &BTreeSet::from(["ownerId", "image", "stepImages", "rating"])
    );
}

#[test]
fn parsing_requires_what_the_schema_requires() {
    let schemas = recipe_schemas();
    let errors = Draft::parse(&Map::new(), Scalars::Typed).unwrap_err();
    let missing: BTreeSet<_> = errors.iter().map(|error| &error.pointer[1..]).collect();
    assert_eq!(missing, required(&schemas["RecipeDraft"]));
    let body = properties(&schemas["RecipeDraft"]).into_iter().map(|name| (name.to_owned(), Value::Null));
    assert_eq!(Draft::unknown_fields(&body.collect()), [], "the schema has no field that parsing ignores");
}

#[test]
fn every_reference_leads_to_a_component() {
    let schemas = recipe_schemas();
    let text = Value::Object(schemas.clone()).to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(name == "Id" || schemas.contains_key(name), "{name}");
    }
}

#[test]
fn limits_and_null_are_in_the_draft_and_not_in_the_recipe() {
    let schemas = recipe_schemas();
    let (draft, recipe) = (&schemas["RecipeDraft"]["properties"], &schemas["Recipe"]["properties"]);
    assert_eq!(draft["totalTimeMinutes"]["type"], json!(["integer", "null"]));
    assert_eq!(draft["totalTimeMinutes"]["maximum"], 525_600);
    assert_eq!(draft["ingredients"]["items"]["maxLength"], 500);
    assert_eq!(recipe["totalTimeMinutes"]["type"], "integer");
    assert_eq!(recipe["totalTimeMinutes"].get("maximum"), None);
    assert_eq!(recipe["ingredients"]["items"], json!({ "type": "string" }));
    assert_eq!(
        recipe["cookTimeMinutes"]["type"],
        json!(["integer", "null"]),
        "answered as null if not stated"
    );
}

/// Whether the value has the type that the schema states. Patterns and limits are left to other tools.
fn has_type(schema: &Value, value: &Value, schemas: &Map<String, Value>) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap();
        return name == "Id" && value.is_u64() || has_type(&schemas[name], value, schemas);
    }
    if let Some(choices) = schema.get("oneOf").or(schema.get("anyOf")) {
        return choices.as_array().unwrap().iter().any(|choice| has_type(choice, value, schemas));
    }
    let is_type = |name: &Value| match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => name == "number" || name == "integer" && number.is_u64(),
        Value::String(_) => name == "string",
        Value::Array(items) => {
            name == "array" && items.iter().all(|item| has_type(&schema["items"], item, schemas))
        }
        Value::Object(members) => {
            name == "object"
                && schema.get("properties").is_none_or(|properties| {
                    members.iter().all(|(name, member)| has_type(&properties[name], member, schemas))
                })
        }
    };
    schema["type"].as_array().map_or_else(|| is_type(&schema["type"]), |types| types.iter().any(is_type))
}

proptest! {
    #[test]
    fn stored_content_has_the_types_of_the_schema(body in valid_body()) {
        let schemas = recipe_schemas();
        prop_assert!(has_type(&schemas["RecipeDraft"], &body, &schemas));
        let draft = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap();
        let stored = serde_json::to_value(draft.content()).unwrap();
        prop_assert!(has_type(&schemas["Recipe"], &stored, &schemas), "{}", stored);
    }
}
