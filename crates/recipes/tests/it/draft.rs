//! Properties of parsing that hold for every body.

use ids::{RecipeId, Uid};
use proptest::prelude::*;
use recipes::{ContentJson, Draft, Scalars, ServerFields, write_recipe_json};
use serde_json::{Map, Value, json};

use crate::bodies::{any_body, valid_body};

proptest! {
    /// Any body is a draft, or a list of errors whose pointers lead to a value or to a missing member.
    #[test]
    fn no_body_causes_a_panic(body in any_body(), scalars in prop_oneof![Just(Scalars::Typed), Just(Scalars::Text)]) {
        let _ = Draft::unknown_fields(&body);
        match Draft::parse(&body, scalars) {
            Ok(draft) => prop_assert!(!draft.content().name.is_empty()),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                let whole = Value::Object(body);
                for error in errors {
                    let (parent, _) = error.pointer.rsplit_once('/').unwrap();
                    prop_assert!(whole.pointer(parent).is_some() || parent.is_empty(), "{}", error.pointer);
                    prop_assert!(error.message.contains("must "), "{}", error.message);
                }
            }
        }
    }

    #[test]
    fn draft_is_parsed_from_its_own_text(body in valid_body()) {
        let draft = parse(&body);
        let text = serde_json::to_string(draft.content()).unwrap();
        prop_assert_eq!(&parse(&serde_json::from_str(&text).unwrap()), &draft);
    }

    #[test]
    fn no_accepted_value_is_dropped(body in valid_body()) {
        let kept = serde_json::to_value(parse(&body).content()).unwrap();
        prop_assert_eq!(kept, without_null_and_public(body));
    }

    #[test]
    fn answered_document_is_the_draft_with_the_server_fields(body in valid_body(), id in 1..i64::MAX) {
        let draft = parse(&body);
        let now = "2024-05-01T12:00:00.5Z".parse().unwrap();
        let server = ServerFields { owner: None, uid: Uid::new(now, [7; 10]), revision: 3, created_at: now, updated_at: now };
        let mut out = Vec::new();
        write_recipe_json(&mut out, RecipeId::from_i64(id).unwrap(), ContentJson::new(draft.content()).finish(&server));
        let mut whole: Map<String, Value> = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(whole.remove("id"), Some(json!(id)));
        for field in ["uid", "revision", "createdAt", "updatedAt"] {
            prop_assert!(whole.remove(field).is_some(), "{}", field);
        }
        prop_assert_eq!(Value::Object(whole), serde_json::to_value(draft.content()).unwrap());
    }
}

#[test]
fn numbers_do_not_change_in_their_last_digit() {
    // serde_json without `float_roundtrip` reads ...541.
    let text = r#"{"ratio":51.248178375505404}"#;
    let mut body = json!({ "name": "x", "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": 1, "ingredients": [] });
    body["extra"] = serde_json::from_str(text).unwrap();
    assert!(serde_json::to_string(parse(&body).content()).unwrap().contains(text));
}

fn parse(body: &Value) -> Draft {
    Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap()
}

fn without_null_and_public(mut body: Value) -> Value {
    let members = body.as_object_mut().unwrap();
    members
        .retain(|key, value| !value.is_null() || key.ends_with("kTimeMinutes") || key == "prepTimeMinutes");
    if members.get("visibility") == Some(&json!("public")) {
        members.remove("visibility");
    }
    body
}
