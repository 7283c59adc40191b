//! Mealie's backup: the tables of its database as JSON. The rows of each recipe are joined to what its API answers.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::assemble::Found;
use crate::mealie;
use crate::program::Object;
use crate::report::ItemImage;

/// Whether the object has the tables.
pub(crate) fn is_backup(object: &Object) -> bool {
    ["recipes", "recipes_ingredients", "recipe_instructions"]
        .iter()
        .all(|table| object.get(*table).is_some_and(Value::is_array))
}

pub(crate) fn recipes(tables: &Object) -> Vec<Found> {
    let units = by(tables, "ingredient_units", "id");
    let foods = by(tables, "ingredient_foods", "id");
    let ingredients = by(tables, "recipes_ingredients", "recipe_id");
    let steps = by(tables, "recipe_instructions", "recipe_id");
    let notes = by(tables, "notes", "recipe_id");
    let nutrition = by(tables, "recipe_nutrition", "recipe_id");
    let words = ["tags", "categories", "tools"].map(|table| Words::of(tables, table));
    let named = |rows: &HashMap<String, Vec<&Object>>, id: Option<&Value>| {
        let row = id.and_then(key).and_then(|id| rows.get(&id)?.first().copied());
        row.map_or(Value::Null, |row| json!(row))
    };
    let joined = |recipe: &Object| {
        let mut recipe = recipe.clone();
        let id = recipe.get("id").and_then(key).unwrap_or_default();
        let ingredient = |row: &&Object| {
            let mut row = (*row).clone();
            row.insert("unit".to_owned(), named(&units, row.get("unit_id")));
            row.insert("food".to_owned(), named(&foods, row.get("food_id")));
            Value::Object(row)
        };
        let set = |recipe: &mut Object, name: &str, value: Value| drop(recipe.insert(name.to_owned(), value));
        set(&mut recipe, "recipe_ingredient", of(&ingredients, &id).iter().map(ingredient).collect());
        set(&mut recipe, "recipe_instructions", json!(of(&steps, &id)));
        set(&mut recipe, "notes", json!(of(&notes, &id)));
        set(&mut recipe, "nutrition", of(&nutrition, &id).first().map_or(Value::Null, |row| json!(row)));
        for (name, words) in ["tags", "recipe_category", "tools"].into_iter().zip(&words) {
            set(&mut recipe, name, json!(words.of_recipe(&id)));
        }
        let mut found = mealie::recipe(&recipe);
        if recipe.get("image").and_then(Value::as_str).is_some_and(|image| !image.is_empty()) {
            found.picture =
                Some(ItemImage::in_file(format!("data/recipes/{}/images/original.webp", hyphenated(&id))));
        }
        found
    };
    rows(tables, "recipes").map(joined).collect()
}

/// The names that a table of pairs gives to recipes.
struct Words(HashMap<String, Vec<String>>);

impl Words {
    fn of(tables: &Object, table: &str) -> Self {
        // tags: recipes_to_tags with tag_id; categories: recipes_to_categories with category_id.
        let column = match table {
            "categories" => "category_id".to_owned(),
            table => format!("{}_id", table.trim_end_matches('s')),
        };
        let names = by(tables, table, "id");
        let mut words: HashMap<String, Vec<String>> = HashMap::new();
        for pair in rows(tables, &format!("recipes_to_{table}")) {
            let (Some(recipe), Some(word)) =
                (pair.get("recipe_id").and_then(key), pair.get(&column).and_then(key))
            else {
                continue;
            };
            let name = names.get(&word).and_then(|rows| rows.first()?.get("name")?.as_str());
            words.entry(recipe).or_default().extend(name.map(str::to_owned));
        }
        Self(words)
    }

    fn of_recipe(&self, id: &str) -> &[String] {
        self.0.get(id).map(Vec::as_slice).unwrap_or_default()
    }
}

fn rows<'a>(tables: &'a Object, table: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    let rows = tables.get(table).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter_map(Value::as_object)
}

fn by<'a>(tables: &'a Object, table: &str, column: &str) -> HashMap<String, Vec<&'a Object>> {
    let mut found: HashMap<String, Vec<&Object>> = HashMap::new();
    for row in rows(tables, table) {
        if let Some(key) = row.get(column).and_then(key) {
            found.entry(key).or_default().push(row);
        }
    }
    found
}

/// Ids are texts in some versions, with or without hyphens, and numbers in others.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace('-', "").to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// As folders are named.
fn hyphenated(id: &str) -> String {
    let parts = [id.get(..8), id.get(8..12), id.get(12..16), id.get(16..20), id.get(20..)];
    match parts {
        [Some(_), Some(_), Some(_), Some(_), Some(_)] if id.len() == 32 => {
            parts.map(Option::unwrap_or_default).join("-")
        }
        _ => id.to_owned(),
    }
}

/// The rows of a recipe, in their order.
fn of<'a>(rows: &HashMap<String, Vec<&'a Object>>, recipe: &str) -> Vec<&'a Object> {
    let mut rows = rows.get(recipe).cloned().unwrap_or_default();
    rows.sort_by_key(|row| row.get("position").and_then(Value::as_i64).unwrap_or(0));
    rows
}
