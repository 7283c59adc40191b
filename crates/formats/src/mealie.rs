//! Mealie: the export of version 0.5 in `snake_case`, and the JSON of later versions in `camelCase`.

use serde_json::{Value, json};

use crate::assemble::{Found, Step};
use crate::marks::without_marks;
use crate::program::{
    Object, amount, get, join, leave_out_unknown, long_text, minutes, set_picture, set_source, text, text_of,
    words,
};
use crate::schema_org::{FACTS, fact, steps_of_text, timestamp};
use crate::text::{line, lines};
use crate::yields::Yields;

const KNOWN: [&str; 56] = [
    "id",
    "userId",
    "groupId",
    "householdId",
    "user_id",
    "group_id",
    "name",
    "slug",
    "image",
    "description",
    "recipe_category",
    "recipeCategory",
    "tags",
    "date_added",
    "dateAdded",
    "date_updated",
    "dateUpdated",
    "createdAt",
    "created_at",
    "updatedAt",
    "updateAt",
    "update_at",
    "recipe_yield",
    "recipeYield",
    "recipeServings",
    "recipeYieldQuantity",
    "recipe_ingredient",
    "recipeIngredient",
    "recipe_instructions",
    "recipeInstructions",
    "nutrition",
    "tools",
    "total_time",
    "totalTime",
    "prep_time",
    "prepTime",
    "perform_time",
    "performTime",
    "cook_time",
    "cookTime",
    "settings",
    "notes",
    "org_url",
    "orgURL",
    "orgUrl",
    "extras",
    "is_ocr_recipe",
    "isOcrRecipe",
    "lastMade",
    "recipe_servings",
    "recipe_yield_quantity",
    "user",
    "group",
    "household",
    "cookbook",
    "recipe_scale",
];

pub(crate) fn recipe(object: &Object) -> Found {
    let mut found = Found { name: text(object, &["name"]), ..Found::default() };
    found.description = long_text(object, &["description"]);
    found.total = minutes(&mut found, object, &["total_time", "totalTime"]);
    found.prep = minutes(&mut found, object, &["prep_time", "prepTime"]);
    found.cook = minutes(&mut found, object, &["perform_time", "performTime", "cook_time", "cookTime"]);
    found.category = words(object, &["recipe_category", "recipeCategory"]);
    found.keywords = words(object, &["tags"]);
    found.tools = words(object, &["tools"]);
    yields(&mut found, object);
    let list =
        |names: &[&str]| get(object, names).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for item in list(&["recipe_ingredient", "recipeIngredient"]) {
        found.ingredients.extend(ingredient(item));
    }
    instructions(&mut found, list(&["recipe_instructions", "recipeInstructions"]));
    if let Some(Value::Object(facts)) = object.get("nutrition") {
        for name in FACTS {
            let snake: String = name
                .chars()
                .flat_map(
                    |c| if c.is_ascii_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] },
                )
                .collect();
            if let Some(value) = facts.get(name).or(facts.get(&snake)).and_then(fact) {
                found.nutrition.insert(name.to_owned(), value);
            }
        }
    }
    let notes = list(&["notes"]).iter().filter_map(Value::as_object);
    let notes: Vec<String> = notes
        .map(|note| join(&[&heading(&text(note, &["title"])), &long_text(note, &["text"])]))
        .filter(|note| !note.is_empty())
        .collect();
    found.keep_in_extra("notes", json!(notes.join("\n\n")));
    if let Some(extras) = get(object, &["extras"]) {
        found.keep_in_extra("mealie", extras.clone());
    }
    set_source(&mut found, "", &text(object, &["org_url", "orgURL", "orgUrl"]));
    set_picture(&mut found, "image", &text(object, &["image"]));
    found.uid = object
        .get("id")
        .and_then(Value::as_str)
        .filter(|id| ids::Uid::parse_imported(id).is_some())
        .map(str::to_owned);
    found.created_at = timestamp(&text(object, &["createdAt", "created_at", "date_added", "dateAdded"]));
    found.updated_at =
        timestamp(&text(object, &["updatedAt", "updateAt", "update_at", "date_updated", "dateUpdated"]));
    if object.get("settings").and_then(|it| it.get("public")) == Some(&Value::Bool(false)) {
        found.leave_out("settings.public");
    }
    leave_out_unknown(&mut found, object, &KNOWN);
    found
}

fn heading(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!("{}:", title.trim_end_matches(':')) }
}

fn yields(found: &mut Found, object: &Object) {
    let unit = text(object, &["recipe_yield", "recipeYield"]);
    let quantity =
        get(object, &["recipeYieldQuantity", "recipe_yield_quantity"]).map(amount).unwrap_or_default();
    let servings = get(object, &["recipeServings", "recipe_servings"]).map(amount).unwrap_or_default();
    found.set_yields(Yields::of_value(&json!([servings, join(&[&quantity, &unit])])));
}

/// The line of an ingredient, behind its heading if it has one.
fn ingredient(item: &Value) -> Vec<String> {
    let Some(item) = item.as_object() else {
        return Some(text_of(item)).filter(|it| !it.is_empty()).into_iter().collect();
    };
    let note = text(item, &["note"]);
    let name_of = |name: &str| item.get(name).map(text_of).unwrap_or_default();
    let (unit, food) = (name_of("unit"), name_of("food"));
    let is_only_text = item.get("disable_amount").or(item.get("disableAmount")) == Some(&Value::Bool(true));
    let display = line(&text(item, &["display"]));
    let composed = if is_only_text && !note.is_empty() {
        note
    } else if !display.is_empty() {
        display
    } else {
        let quantity = item.get("quantity").map(amount).unwrap_or_default();
        let parts = [quantity.as_str(), &unit, &food];
        let note =
            if note.is_empty() || join(&[&unit, &food]).is_empty() { note } else { format!(", {note}") };
        join(&[&join(&parts), &note]).replace(" ,", ",")
    };
    let composed =
        if composed.is_empty() { text(item, &["originalText", "original_text"]) } else { composed };
    let title = heading(&text(item, &["title"]));
    [title, composed].into_iter().filter(|line| !line.is_empty()).collect()
}

/// A title begins a section, which the following steps belong to.
fn instructions(found: &mut Found, steps: &[Value]) {
    let mut section = None;
    for step in steps {
        let Some(object) = step.as_object() else {
            found.steps.extend(steps_of_text(&text_of(step)));
            continue;
        };
        let title = text(object, &["title"]);
        if !title.is_empty() {
            section = Some(title);
        }
        let body = without_marks(object.get("text").and_then(Value::as_str).unwrap_or_default());
        let summary = text(object, &["summary"]);
        if !summary.is_empty() && !body.contains(&summary) && !summary.to_lowercase().starts_with("step") {
            found.leave_out("recipeInstructions.summary");
        }
        if steps.len() == 1 {
            let read = steps_of_text(&body).into_iter();
            found.steps.extend(read.map(|step| Step { section: step.section.or(section.clone()), ..step }));
        } else if !lines(&body).is_empty() {
            found.steps.push(Step { section: section.clone(), ..Step::new(lines(&body).join(" ")) });
        }
    }
}
