//! The schemas of recipes for an OpenAPI 3.1 document.

use serde_json::{Map, Value, json};

use crate::attribution::Attribution;
use crate::content::Content;
use crate::fields::Fields;
use crate::images::{Image, RecipeImages, SizedImage, StepImage};
use crate::instruction::Instruction;
use crate::nutrition::{Amount, Nutrition};
use crate::rating::Rating;
use crate::schema::{View, component};
use crate::server_fields::ServerFields;

/// The components that describe a recipe, by name: each object as clients send it (`..Draft`) and as it is answered.
///
/// They refer to each other and to one component that the caller defines: `Id`.
pub fn recipe_schemas() -> Map<String, Value> {
    let schemas = [
        ("RecipeDraft", recipe_draft()),
        ("RecipePatch", recipe_patch()),
        ("Recipe", recipe()),
        ("InstructionDraft", Instruction::schema(View::Draft)),
        ("Instruction", Instruction::schema(View::Stored)),
        ("NutritionDraft", nutrition(View::Draft)),
        ("Nutrition", nutrition(View::Stored)),
        ("AmountDraft", Amount::schema(View::Draft)),
        ("Amount", Amount::schema(View::Stored)),
        ("AttributionDraft", Attribution::draft_schema()),
        ("Attribution", Attribution::schema(View::Stored)),
        ("Image", Image::schema()),
        ("StepImage", StepImage::schema()),
        ("SizedImage", SizedImage::schema()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn recipe_draft() -> Value {
    let mut schema = Content::schema(View::Draft);
    schema["description"] = json!(
        "A recipe as a client sends it. The first five fields are required, the others are optional. White \
         space around texts is removed. Empty text is read as null, and blank items of lists are dropped."
    );
    schema["example"] = example();
    schema
}

fn recipe_patch() -> Value {
    let mut schema = Content::schema(View::Draft);
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    for time in ["cookTimeMinutes", "prepTimeMinutes"] {
        schema["properties"][time]["type"] = json!("integer");
    }
    schema["description"] = json!(
        "Fields to change (RFC 7396): an object is merged into the former one, null removes a field, anything else replaces \
         it. The five fields that every recipe has cannot be removed. Fields that are left out stay as they are."
    );
    schema["example"] = json!({ "name": "Chicken Vesuvio for two", "servings": 2, "description": null });
    schema
}

fn recipe() -> Value {
    let (mut schema, mut server) = (Content::schema(View::Stored), ServerFields::schema(View::Stored));
    schema["description"] =
        json!("A recipe as it is answered: the author's fields and the server's. Unset fields are left out.");
    if let (Some(properties), Some(more)) =
        (schema["properties"].as_object_mut(), server["properties"].as_object_mut())
    {
        if let Some(images) = RecipeImages::schema(View::Stored)["properties"].as_object_mut() {
            properties.append(images);
        }
        properties.append(more);
        properties.insert("id".to_owned(), component("Id"));
        properties.insert(Rating::NAME.to_owned(), Rating::schema());
    }
    if let (Some(required), Some(more)) =
        (schema["required"].as_array_mut(), server["required"].as_array_mut())
    {
        required.insert(0, json!("id"));
        required.append(more);
    }
    let mut example = example();
    example["id"] = json!(1);
    example["ownerId"] = json!(7);
    example["uid"] = json!("01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d");
    example["revision"] = json!(1);
    example["createdAt"] = json!("2026-11-23T19:00:00Z");
    example["updatedAt"] = json!("2026-11-23T19:00:00Z");
    schema["example"] = example;
    schema
}

fn nutrition(view: View) -> Value {
    let mut schema = Nutrition::schema(view);
    schema["description"] = json!("Nutrition facts of one serving, as in schema.org's NutritionInformation.");
    schema
}

fn example() -> Value {
    json!({
        "name": "Chicken Vesuvio",
        "healthLabels": ["Sugar-Conscious", "Peanut-Free"],
        "cookTimeMinutes": 60,
        "prepTimeMinutes": 10,
        "ingredients": ["1/2 cup olive oil", "5 cloves garlic, peeled"],
    })
}
