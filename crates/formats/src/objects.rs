//! One JSON object: a recipe of this service or of another program, or an account.

use recipes::{Draft, FieldError, ImportedRecipe};
use serde_json::{Map, Value};

use crate::assemble::has_content;
use crate::format::Format;
use crate::options::{Limits, too_long};
use crate::report::{Content, Item};
use crate::schema_org::{self, Page};
use crate::{mealie, mealie_backup, paprika, tandoor};

/// The items of an object's text that begins on this line.
pub(crate) fn of_json(text: &[u8], line: u64, format: Option<Format>, limits: &Limits) -> Vec<Item> {
    let value: Value = match serde_json::from_slice(text) {
        Ok(value) => value,
        Err(error) => {
            let message = error.to_string();
            // serde_json counts lines from the start of the item.
            let message = message.split(" at line ").next().unwrap_or_default();
            let mut item = Item::refused(Format::Json, format!("is not valid JSON: {message}"));
            item.place.line = Some(line + (error.line() as u64).saturating_sub(1));
            return vec![item];
        }
    };
    items(&value, text.len(), format, limits)
}

/// Whether the text has one JSON object a line.
pub(crate) fn is_ndjson(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_object =
        |line: &str| line.starts_with('{') && serde_json::from_str::<Map<String, Value>>(line).is_ok();
    lines.next().is_some_and(is_object) && lines.next().is_some_and(|line| line.starts_with('{'))
}

/// Whether the value looks like a recipe of any program, or an account.
pub(crate) fn is_recognized(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    kind(object).is_some()
        || mealie_backup::is_backup(object)
        || list_in(object).is_some()
        || schema_org::is_document(value)
}

/// The recipes of an answer of another program's API, which is one page of a list.
fn list_in(object: &Map<String, Value>) -> Option<&[Value]> {
    let list =
        ["items", "results", "recipes", "data"].iter().find_map(|name| object.get(*name)?.as_array())?;
    let is_recipe = |value: &Value| value.as_object().is_some_and(|object| kind(object).is_some());
    (!list.is_empty() && list.iter().all(is_recipe)).then_some(list.as_slice())
}

/// The recipes and users in a JSON value. `size` is the length of its text in bytes.
pub(crate) fn items(value: &Value, size: usize, format: Option<Format>, limits: &Limits) -> Vec<Item> {
    let Some(object) = value.as_object() else {
        return vec![Item::refused(Format::Json, "must be an object: a recipe or a user")];
    };
    if let Some(list) = list_in(object) {
        let recognized = list.iter().filter(|value| is_recognized(value));
        return recognized
            .flat_map(|value| items(value, size.min(limits.recipe_bytes), format, limits))
            .collect();
    }
    if mealie_backup::is_backup(object) {
        return mealie_backup::recipes(object).into_iter().map(|it| it.finish(Format::Mealie)).collect();
    }
    let kind = match kind(object) {
        None if schema_org::is_document(value) => Some(Kind::JsonLd),
        kind => kind,
    };
    match kind {
        Some(Kind::Own) if size > limits.recipe_bytes => {
            vec![Item::refused(Format::Json, too_long(limits.recipe_bytes))]
        }
        Some(Kind::Own) => vec![own(value, object)],
        Some(Kind::Account) => {
            let mut item = Item::failed(Format::Json, Vec::new());
            item.name = name_of(object);
            item.content = Ok(Content::Account(object.clone()));
            vec![item]
        }
        Some(Kind::Mealie) => vec![mealie::recipe(object).finish(Format::Mealie)],
        Some(Kind::Tandoor) => vec![tandoor::recipe(object).finish(Format::Tandoor)],
        Some(Kind::Paprika) => vec![paprika::recipe(object).finish(Format::Paprika)],
        Some(Kind::JsonLd) => {
            let found = schema_org::recipes(std::slice::from_ref(value), &Page::default());
            found.into_iter().map(|recipe| recipe.finish(format.unwrap_or(Format::JsonLd))).collect()
        }
        Some(Kind::Flat) => {
            let mut typed = object.clone();
            typed.insert("@type".to_owned(), "Recipe".into());
            let found = schema_org::recipes(&[Value::Object(typed)], &Page::default());
            found.into_iter().map(|recipe| recipe.finish(format.unwrap_or(Format::JsonLd))).collect()
        }
        // A person or a page beside the recipes.
        None if object.contains_key("@type") => Vec::new(),
        None => vec![Item::refused(
            Format::Json,
            "is neither a recipe, with ingredients, nor a user, with an email and a password",
        )],
    }
}

enum Kind {
    Own,
    Account,
    Mealie,
    Tandoor,
    Paprika,
    JsonLd,
    /// schema.org's members without a type.
    Flat,
}

fn kind(object: &Map<String, Value>) -> Option<Kind> {
    let has = |name: &str| object.contains_key(name);
    let is_text = |name: &str| object.get(name).is_some_and(Value::is_string);
    // The names of the original API first: a recipe of ours may have members of other programs beside them.
    if object.get("ingredients").is_some_and(Value::is_array)
        && (has("healthLabels") || has("cookTimeMinutes"))
    {
        return Some(Kind::Own);
    }
    if schema_org::has_type(object, "Recipe") {
        return Some(Kind::JsonLd);
    }
    if is_text("ingredients") && (is_text("directions") || has("source_url") || has("photo_data")) {
        return Some(Kind::Paprika);
    }
    if has("recipe_ingredient") || has("recipe_instructions") || has("recipeIngredient") && has("slug") {
        return Some(Kind::Mealie);
    }
    if object.get("steps").and_then(Value::as_array).is_some_and(|steps| {
        steps.iter().any(|step| step.get("instruction").is_some() || step.get("ingredients").is_some())
    }) {
        return Some(Kind::Tandoor);
    }
    if has("recipeIngredient") || has("recipeInstructions") {
        return Some(Kind::Flat);
    }
    if has("ingredients") {
        return Some(Kind::Own);
    }
    has("email").then_some(Kind::Account)
}

/// A recipe of this service or of the original API: with the same rules as a request.
fn own(value: &Value, object: &Map<String, Value>) -> Item {
    let mut item = Item::failed(Format::Json, Vec::new());
    item.name = name_of(object);
    item.left_out = Draft::unknown_fields(object);
    item.left_out.retain(|field| value.pointer(&field.pointer).is_some_and(has_content));
    // Unless they are beside the file.
    let pictures =
        ["image", "stepImages"].into_iter().filter(|name| object.get(*name).is_some_and(has_content));
    item.left_out.extend(pictures.map(|name| FieldError {
        pointer: format!("/{name}"),
        message: "is a picture, which only archives have".to_owned(),
    }));
    item.content = ImportedRecipe::parse(object).map(|recipe| Content::Recipe(Box::new(recipe)));
    if item.content.is_ok() {
        let is_left_out = |name: &str| item.left_out.iter().any(|it| it.pointer == format!("/{name}"));
        let is_server_field = |name: &str| matches!(name, "id" | "ownerId");
        let taken = object
            .iter()
            .filter(|(name, value)| has_content(value) && !is_left_out(name) && !is_server_field(name));
        item.taken = taken.map(|(name, _)| name.clone()).collect();
    }
    item
}

fn name_of(object: &Map<String, Value>) -> Option<String> {
    object.get("name").and_then(Value::as_str).map(str::to_owned)
}
