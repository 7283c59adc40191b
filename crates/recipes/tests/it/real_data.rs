//! Recipes that people really cook from: all of them go in, and come out as they were.

use std::path::{Path, PathBuf};

use recipes::{Draft, Encoding};
use serde_json::{Map, Value, json};

#[test]
fn the_public_domain_recipes_lose_nothing() {
    check("recipes-public-domain.json", 410);
}

#[test]
fn the_chinese_recipes_lose_nothing() {
    check("recipes-howtocook-zh.json", 368);
}

#[test]
fn the_tutorials_recipes_lose_nothing() {
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
        let draft = Draft::parse(&recipe, Encoding::Json)
            .unwrap_or_else(|problems| panic!("{recipe:?}: {problems:?}"));
        assert_eq!(serde_json::to_value(&draft).unwrap(), as_answered(recipe));
    }
}

/// Instructions become objects; the number is the server's to give.
fn as_answered(mut recipe: Map<String, Value>) -> Value {
    recipe.remove("id");
    for step in recipe.get_mut("instructions").and_then(Value::as_array_mut).into_iter().flatten() {
        if step.is_string() {
            *step = json!({ "text": step });
        }
    }
    recipe.into()
}

/// Beside the workspace, where it is shared between checkouts.
fn data() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(workspace.join("../shared/data"))
}
