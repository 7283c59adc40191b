//! Tandoor: the `recipe.json` of its export.

use serde_json::{Value, json};

use crate::assemble::{Found, Step};
use crate::duration::Time;
use crate::marks::without_marks;
use crate::program::{
    Object, amount, get, join, leave_out_unknown, long_text, set_picture, set_source, text, text_of, words,
};
use crate::schema_org::{steps_of_text, timestamp};
use crate::yields::Yields;

const KNOWN: [&str; 25] = [
    "name",
    "description",
    "keywords",
    "steps",
    "working_time",
    "waiting_time",
    "servings",
    "servings_text",
    "nutrition",
    "internal",
    "source_url",
    "created_at",
    "updated_at",
    "id",
    "image",
    "created_by",
    "private",
    "shared",
    "show_ingredient_overview",
    "file_path",
    "properties",
    "food_properties",
    "last_cooked",
    "cook_log",
    "space",
];

pub(crate) fn recipe(object: &Object) -> Found {
    let mut found = Found { name: text(object, &["name"]), ..Found::default() };
    found.description = long_text(object, &["description"]);
    found.keywords = words(object, &["keywords"]);
    // Tandoor itself reads schema.org's prepTime and cookTime into these two.
    found.prep = crate::program::minutes(&mut found, object, &["working_time"]);
    found.cook = crate::program::minutes(&mut found, object, &["waiting_time"]);
    let servings = get(object, &["servings"]).map(amount).unwrap_or_default();
    let unit = text(object, &["servings_text"]);
    found.set_yields(if unit.is_empty() {
        Yields::of_text(&servings)
    } else {
        Yields::of_text(&join(&[&servings, &unit]))
    });
    let mut steps: Vec<&Object> = object
        .get("steps")
        .and_then(Value::as_array)
        .map(|steps| steps.iter().filter_map(Value::as_object).collect())
        .unwrap_or_default();
    steps.sort_by_key(|step| order(step));
    for step in steps {
        read_step(&mut found, step);
    }
    nutrition(&mut found, object.get("nutrition"));
    set_source(&mut found, "", &text(object, &["source_url"]));
    set_picture(&mut found, "image", &text(object, &["image"]));
    found.created_at = timestamp(&text(object, &["created_at"]));
    found.updated_at = timestamp(&text(object, &["updated_at"]));
    leave_out_unknown(&mut found, object, &KNOWN);
    found
}

fn order(object: &Object) -> i64 {
    object.get("order").and_then(Value::as_i64).unwrap_or(0)
}

fn read_step(found: &mut Found, step: &Object) {
    let name = text(step, &["name"]);
    let section = Some(name.trim_end_matches(':').to_owned()).filter(|it| !it.is_empty());
    let mut ingredients: Vec<&Object> = step
        .get("ingredients")
        .and_then(Value::as_array)
        .map(|it| it.iter().filter_map(Value::as_object).collect())
        .unwrap_or_default();
    ingredients.sort_by_key(|ingredient| order(ingredient));
    for ingredient in ingredients {
        let note = text(ingredient, &["note"]);
        let food = ingredient.get("food").map(text_of).unwrap_or_default();
        if ingredient.get("is_header") == Some(&Value::Bool(true)) {
            let heading = join(&[&food, &note]);
            found
                .ingredients
                .extend(Some(format!("{}:", heading.trim_end_matches(':'))).filter(|_| !heading.is_empty()));
            continue;
        }
        let has_amount = ingredient.get("no_amount") != Some(&Value::Bool(true));
        let quantity = ingredient.get("amount").filter(|_| has_amount).map(amount).unwrap_or_default();
        let unit = ingredient.get("unit").filter(|_| has_amount).map(text_of).unwrap_or_default();
        let line = join(&[&quantity, &unit, &food]);
        let line = match (line.is_empty(), note.is_empty()) {
            (false, false) => format!("{line} ({note})"),
            (false, true) => line,
            (true, _) => note,
        };
        found.ingredients.extend(Some(line).filter(|line| !line.is_empty()));
    }
    let mut minutes = match Time::of_value(step.get("time").unwrap_or(&Value::Null)) {
        Time::Minutes(minutes) => Some(minutes),
        _ => None,
    };
    let instruction = without_marks(step.get("instruction").and_then(Value::as_str).unwrap_or_default());
    for read in steps_of_text(&instruction) {
        let section = read.section.clone().or_else(|| section.clone());
        found.steps.push(Step { section, minutes: minutes.take(), ..read });
    }
}

fn nutrition(found: &mut Found, value: Option<&Value>) {
    let Some(facts) = value.and_then(Value::as_object) else { return };
    for (name, ours, unit) in [
        ("calories", "calories", "kcal"),
        ("fats", "fatContent", "g"),
        ("carbohydrates", "carbohydrateContent", "g"),
        ("proteins", "proteinContent", "g"),
    ] {
        let number = facts.get(name).and_then(|it| it.as_f64().or_else(|| it.as_str()?.parse().ok()));
        if let Some(number) = number.filter(|number| *number > 0.0) {
            found.nutrition.insert(ours.to_owned(), json!(format!("{number} {unit}")));
        }
    }
}
