//! `schema.org/Recipe` as JSON-LD, with the properties that search engines ask for.

use serde_json::{Map, Value, json};

use super::layout::duration;
use crate::attribution::Attribution;
use crate::content::Content;
use crate::health_label::HealthLabel;
use crate::instruction::Instruction;
use crate::rating::Rating;
use crate::recipe::Recipe;

/// A JSON-LD document of one recipe.
pub(super) fn write(recipe: &Recipe) -> String {
    let mut text = for_html(&serde_json::to_string_pretty(&json_ld_value(recipe)).unwrap_or_default());
    text.push('\n');
    text
}

/// The same JSON, as the text of a `<script>` of a page: `</script` would end the element, and `<!--<script` would hide its end.
pub fn for_html(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// The recipe as an object of JSON-LD with its context.
pub fn json_ld_value(recipe: &Recipe) -> Value {
    let Content { name, description, .. } = &recipe.content;
    let content = &recipe.content;
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| {
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            object.insert(name.to_owned(), value);
        }
    };
    set("@context", json!("https://schema.org"));
    set("@type", json!("Recipe"));
    set("identifier", json!(format!("urn:uuid:{}", recipe.server.uid)));
    set("name", json!(name));
    set("description", json!(description));
    set("image", image(recipe));
    set("author", content.author.as_ref().map_or(Value::Null, |author| attribution(author, "Person")));
    set("datePublished", json!(recipe.server.created_at.to_string()));
    set("dateModified", json!(recipe.server.updated_at.to_string()));
    set("prepTime", json!(content.prep_time_minutes.map(duration)));
    set("cookTime", json!(content.cook_time_minutes.map(duration)));
    set("totalTime", json!(content.total_time_minutes.map(duration)));
    set("recipeYield", recipe_yield(content));
    set("recipeCategory", json!(content.category));
    set("recipeCuisine", json!(content.cuisine));
    set("keywords", keywords(content.keywords.as_deref()));
    set("suitableForDiet", suitable_for_diet(content));
    set("recipeIngredient", json!(content.ingredients));
    set("recipeInstructions", json!(instructions(recipe)));
    set("tool", tools(content.tools.as_deref().unwrap_or_default()));
    set("nutrition", nutrition(content));
    set(
        "isBasedOn",
        content.source.as_ref().map_or(Value::Null, |source| attribution(source, "CreativeWork")),
    );
    set("license", json!(content.license));
    set("inLanguage", json!(content.language));
    set("aggregateRating", recipe.rating.map_or(Value::Null, aggregate_rating));
    Value::Object(object)
}

/// The sizes of the picture, or the address that an import has kept.
fn image(recipe: &Recipe) -> Value {
    if let Some(image) = &recipe.images.image {
        return json!(image.sizes.iter().rev().map(|size| &size.url).collect::<Vec<_>>());
    }
    let content = &recipe.content;
    let image = content.extra.as_ref().and_then(|extra| extra.get("image"));
    let is_address = image
        .and_then(Value::as_str)
        .is_some_and(|url| url.starts_with("https://") || url.starts_with("http://"));
    image.filter(|_| is_address).map_or(Value::Null, |url| json!([url]))
}

fn attribution(attribution: &Attribution, kind: &str) -> Value {
    let mut object = Map::new();
    object.insert("@type".to_owned(), json!(kind));
    let members = [("name", &attribution.name), ("url", &attribution.url)];
    let stated =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
    object.extend(stated);
    Value::Object(object)
}

/// The servings as a plain number, and the text of the yield.
fn recipe_yield(content: &Content) -> Value {
    let servings = content.servings.as_ref().map(ToString::to_string);
    let both: Vec<String> = servings.into_iter().chain(content.yields.clone()).collect();
    match &both[..] {
        [one] => json!(one),
        _ => json!(both),
    }
}

/// Search engines expect one text with commas. A keyword that has a comma itself needs a list.
fn keywords(keywords: Option<&[String]>) -> Value {
    match keywords {
        None | Some([]) => Value::Null,
        Some(keywords) if keywords.iter().any(|keyword| keyword.contains([',', ';', '|', '、', '，'])) => {
            json!(keywords)
        }
        Some(keywords) => json!(keywords.join(", ")),
    }
}

/// The diet of schema.org that a health label means.
pub(super) fn diet_of_label(label: &str) -> Option<&'static str> {
    HealthLabel::find(label).and_then(|label| label.schema_org)
}

fn suitable_for_diet(content: &Content) -> Value {
    let diets = content.health_labels.iter().filter_map(|label| diet_of_label(label));
    let addresses = diets.map(|diet| format!("https://schema.org/{diet}"));
    json!(addresses.collect::<Vec<_>>())
}

/// Steps, with those of one section together.
fn instructions(recipe: &Recipe) -> Vec<Value> {
    let steps = recipe.content.instructions.as_deref().unwrap_or_default();
    let sections = steps.chunk_by(|one, next| one.section == next.section);
    let mut number = 0;
    let grouped = sections.flat_map(|steps| {
        let inner: Vec<Value> = steps
            .iter()
            .map(|one| {
                number += 1;
                step(one, recipe.images.of_step(number).map(|image| &*image.url))
            })
            .collect();
        match steps.first().and_then(|step| step.section.as_ref()) {
            Some(name) => vec![json!({ "@type": "HowToSection", "name": name, "itemListElement": inner })],
            None => inner,
        }
    });
    grouped.collect()
}

fn step(step: &Instruction, image: Option<&str>) -> Value {
    let mut object = json!({ "@type": "HowToStep", "text": step.text });
    if let Some(minutes) = step.minutes {
        object["timeRequired"] = json!(duration(minutes));
    }
    if let Some(image) = image {
        object["image"] = json!(image);
    }
    object
}

fn tools(tools: &[String]) -> Value {
    let tools = tools.iter().map(|name| json!({ "@type": "HowToTool", "name": name }));
    json!(tools.collect::<Vec<_>>())
}

fn aggregate_rating(rating: Rating) -> Value {
    let value = rating.average().as_f64();
    json!({ "@type": "AggregateRating", "ratingValue": value, "ratingCount": rating.count() })
}

fn nutrition(content: &Content) -> Value {
    let Some(facts) = content.nutrition.as_ref().and_then(|facts| serde_json::to_value(facts).ok()) else {
        return Value::Null;
    };
    let mut object = Map::new();
    object.insert("@type".to_owned(), json!("NutritionInformation"));
    object.extend(facts.as_object().cloned().unwrap_or_default());
    Value::Object(object)
}
