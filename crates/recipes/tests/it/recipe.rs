//! Reading stored documents: of this version, of other versions, and corrupt ones.

use ids::{RecipeId, Uid, UserId};
use proptest::prelude::*;
use recipes::{ContentJson, Draft, Rating, Recipe, Scalars, ServerFields, Visibility, write_recipe_json};
use serde_json::{Value, json};

use crate::bodies::{any_json, valid_body};

pub(crate) fn id(number: i64) -> RecipeId {
    RecipeId::from_i64(number).unwrap()
}

pub(crate) fn server_fields() -> ServerFields {
    ServerFields {
        owner: UserId::from_i64(9),
        uid: Uid::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap(),
        revision: 3,
        created_at: "2024-05-01T12:00:00Z".parse().unwrap(),
        updated_at: "2024-05-02T12:00:00.123456Z".parse().unwrap(),
    }
}

/// What the first version stored.
fn document() -> Value {
    json!({
        "id": 1, "name": "Soup", "healthLabels": ["Vegan"], "cookTimeMinutes": 60, "prepTimeMinutes": null,
        "ingredients": ["water"], "instructions": [{ "text": "stir" }], "author": { "name": "Ada" },
        "nutrition": { "calories": 815 }, "uid": "018f3404-d600-7fff-bfff-ffffffffffff", "revision": 3,
        "createdAt": "2024-05-01T12:00:00Z", "updatedAt": "2024-05-02T12:00:00.123456Z",
    })
}

fn read(document: &Value) -> Recipe {
    Recipe::from_json(document.to_string().as_bytes()).unwrap()
}

fn written(recipe: &Recipe) -> Value {
    serde_json::from_slice(&recipe.to_json()).unwrap()
}

proptest! {
    #[test]
    fn stored_draft_is_read_with_every_field_and_written_byte_for_byte(body in valid_body(), communal: bool) {
        let draft = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap();
        let mut server = server_fields();
        if communal {
            server.owner = None;
        }
        let mut document = Vec::new();
        write_recipe_json(&mut document, id(7), ContentJson::new(draft.content()).finish(&server));
        let recipe = Recipe::from_json(&document).unwrap();
        prop_assert_eq!((recipe.id, recipe.server, &recipe.content), (id(7), server, draft.content()));
        prop_assert_eq!(recipe.to_json(), document);
    }

    #[test]
    fn no_document_causes_a_panic(field in "[a-zA-Z]{1,20}", value in any_json(), index in 0..13_usize) {
        let mut other = document();
        let known = other.as_object().unwrap().keys().nth(index).unwrap().clone();
        other[field] = value.clone();
        other[known] = value;
        if let Ok(recipe) = Recipe::from_json(other.to_string().as_bytes()) {
            prop_assert_eq!(Recipe::from_json(&recipe.to_json()), Ok(recipe));
        }
    }
}

#[test]
fn fields_are_read_into_their_types() {
    let recipe = read(&document());
    assert_eq!((recipe.id, recipe.content.name.as_str()), (id(1), "Soup"));
    assert_eq!((recipe.content.cook_time_minutes, recipe.content.prep_time_minutes), (Some(60), None));
    assert_eq!(recipe.content.instructions.as_ref().unwrap()[0].text, "stir");
    assert_eq!(recipe.content.visibility, Visibility::Public);
    assert_eq!(recipe.server, ServerFields { owner: None, ..server_fields() });
    assert_eq!(written(&recipe), document());
}

#[test]
fn rating_of_an_answer_is_no_content() {
    let mut rated = document();
    rated["rating"] = json!({ "average": 4.33, "count": 3 });
    let recipe = read(&rated);
    assert_eq!(recipe.rating, Rating::of(3, 13));
    assert_eq!((&recipe.content, &recipe.server), (&read(&document()).content, &read(&document()).server));
    assert_eq!(written(&recipe), rated);
    assert_eq!(Recipe::member_names().last(), Some("rating"));
}

#[test]
fn members_of_other_versions_are_kept_at_every_level() {
    let mut other = document();
    other["flavour"] = json!({ "umami": [1, null] });
    other["instructions"][0]["image"] = json!("stir.jpg");
    other["author"]["email"] = json!("ada@example.com");
    other["nutrition"]["@type"] = json!("NutritionInformation");
    let recipe = read(&other);
    assert_eq!(recipe.content.unknown["flavour"], other["flavour"]);
    assert_eq!(recipe.content.unknown.len(), 1);
    assert_eq!(written(&recipe), other);
}

#[test]
fn documents_beyond_the_limits_of_this_version_are_read() {
    let mut other = document();
    other["name"] = json!("x".repeat(1_000));
    other["difficulty"] = json!(200);
    other["author"] = json!({});
    assert_eq!(written(&read(&other)), other);
}

#[test]
fn corrupt_document_is_an_error_that_names_the_field_and_hides_the_value() {
    #[track_caller]
    fn check(field: &'static str, value: Value) {
        let mut corrupt = document();
        corrupt[field] = value;
        let error = Recipe::from_json(corrupt.to_string().as_bytes()).unwrap_err();
        let recipe = if field == "id" { "a recipe" } else { "recipe 1" };
        let message = format!("{recipe} is corrupt: the field {field} is missing or has a wrong type");
        assert_eq!(error.to_string(), message);
    }
    check("id", json!(0));
    check("name", json!(7));
    check("healthLabels", json!("secret"));
    check("cookTimeMinutes", json!(-1));
    check("difficulty", json!(256));
    check("instructions", json!([{ "section": "secret" }]));
    check("nutrition", json!({ "calories": [] }));
    check("visibility", json!("secret"));
    check("ownerId", json!(0));
    check("uid", json!("secret"));
    check("createdAt", json!("secret"));
    check("rating", json!({ "average": "secret", "count": 1 }));

    for field in
        ["id", "name", "healthLabels", "cookTimeMinutes", "prepTimeMinutes", "ingredients", "uid", "revision"]
    {
        let mut corrupt = document();
        corrupt.as_object_mut().unwrap().remove(field);
        let error = Recipe::from_json(corrupt.to_string().as_bytes()).unwrap_err();
        let recipe = if field == "id" { "a recipe" } else { "recipe 1" };
        let message = format!("{recipe} is corrupt: the field {field} is missing or has a wrong type");
        assert_eq!(error.to_string(), message);
    }
    for text in ["", "7", "[]", "{\"id\":1", "\u{0}"] {
        let error = Recipe::from_json(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "a recipe is corrupt: the document is not a JSON object");
    }
}
