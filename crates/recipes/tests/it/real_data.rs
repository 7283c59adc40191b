//! Published recipes: all of them are accepted, and no value changes.

use std::path::{Path, PathBuf};

use recipes::{ContentJson, Draft, Recipe, Scalars, write_recipe_json};
use serde_json::{Map, Value, json};

use crate::recipe::{id, server_fields};

#[test]
fn public_domain_recipes_are_kept() {
    check("recipes-public-domain.json", 410);
}

#[test]
fn chinese_recipes_are_kept() {
    check("recipes-howtocook-zh.json", 368);
}

#[test]
fn recipes_of_the_tutorial_are_kept() {
    check("tutorial/recipes.json", 10);
}

#[track_caller]
fn check(file: &str, count: usize) {
    let Some(path) = data().map(|data| data.join(file)).filter(|path| path.exists()) else {
        eprintln!("skipped: {file} is not here");
        return;
    };
    let recipes: Vec<Map<String, Value>> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(recipes.len(), count);
    for recipe in recipes {
        let draft =
            Draft::parse(&recipe, Scalars::Typed).unwrap_or_else(|errors| panic!("{recipe:?}: {errors:?}"));
        assert_eq!(serde_json::to_value(draft.content()).unwrap(), as_answered(recipe));
        let server = server_fields();
        let mut answer = Vec::new();
        write_recipe_json(&mut answer, id(7), ContentJson::new(draft.content()).finish(&server));
        let read = Recipe::from_json(&answer).unwrap();
        assert_eq!((&read.content, read.server), (draft.content(), server));
        assert_eq!(read.to_json(), answer);
    }
}

/// The ingredient lines of a file; none if it is not here.
pub(crate) fn lines_of(file: &str) -> Vec<String> {
    let Some(path) = data().map(|data| data.join(file)).filter(|path| path.exists()) else {
        eprintln!("skipped: {file} is not here");
        return Vec::new();
    };
    let recipes: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let lines = recipes.iter().flat_map(|recipe| recipe["ingredients"].as_array().unwrap());
    lines.map(|line| line.as_str().unwrap().trim().to_owned()).collect()
}

/// Instructions become objects, texts lose the white space around them, and the server assigns the id.
fn as_answered(mut recipe: Map<String, Value>) -> Value {
    recipe.remove("id");
    for step in recipe.get_mut("instructions").and_then(Value::as_array_mut).into_iter().flatten() {
        if step.is_string() {
            *step = json!({ "text": step });
        }
    }
    trimmed(recipe.into())
}

fn trimmed(value: Value) -> Value {
    match value {
        Value::String(text) => text.trim().into(),
        Value::Array(items) => items.into_iter().map(trimmed).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, trimmed(value))).collect(),
        other => other,
    }
}

/// Next to the workspace, shared between checkouts.
fn data() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(workspace.join("../shared/data"))
}
