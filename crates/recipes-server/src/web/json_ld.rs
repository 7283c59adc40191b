//! A recipe as schema.org's vocabulary in JSON-LD, which other programs import from the page.

use recipes::{Amount, Attribution, Content, Nutrition};
use serde_json::{Map, Value, json};

/// The text of the element `<script type="application/ld+json">`.
pub(super) fn element(content: &Content, address: &str) -> String {
    // A text in it must not end the element.
    document(content, address).to_string().replace('<', "\\u003c")
}

/// schema.org's `Recipe`.
fn document(content: &Content, address: &str) -> Value {
    let mut recipe = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            recipe.insert(name.to_owned(), value);
        }
    };
    let tags =
        |tags: &Option<Vec<String>>| tags.as_ref().filter(|tags| !tags.is_empty()).map(|tags| json!(tags));
    let duration = |minutes: Option<u32>| minutes.map(|minutes| Value::from(format!("PT{minutes}M")));
    set("@context", Some("https://schema.org".into()));
    set("@type", Some("Recipe".into()));
    set("@id", Some(address.into()));
    set("url", Some(address.into()));
    set("name", Some(content.name.as_str().into()));
    set("description", content.description.as_deref().map(Value::from));
    set("inLanguage", content.language.as_deref().map(Value::from));
    set("prepTime", duration(content.prep_time_minutes));
    set("cookTime", duration(content.cook_time_minutes));
    set("totalTime", duration(total_minutes(content)));
    set("recipeYield", servings(content));
    set("recipeIngredient", Some(json!(content.ingredients)));
    set(
        "recipeInstructions",
        content.instructions.as_ref().map(|steps| {
            let step = |step: &recipes::Instruction| json!({ "@type": "HowToStep", "text": step.text });
            steps.iter().map(step).collect()
        }),
    );
    set("recipeCategory", tags(&content.category));
    set("recipeCuisine", tags(&content.cuisine));
    set("keywords", tags(&content.keywords));
    set("suitableForDiet", diets(&content.health_labels));
    set("nutrition", content.nutrition.as_deref().map(nutrition));
    set("author", content.author.as_ref().and_then(|author| attribution(author, "Person")));
    set("isBasedOn", content.source.as_ref().and_then(|source| attribution(source, "CreativeWork")));
    set("license", content.license.as_deref().map(Value::from));
    recipe.into()
}

/// The stated total, or the sum of the parts.
pub(super) fn total_minutes(content: &Content) -> Option<u32> {
    let parts = [content.prep_time_minutes, content.cook_time_minutes];
    let sum = || {
        parts
            .iter()
            .any(Option::is_some)
            .then(|| parts.iter().flatten().copied().fold(0, u32::saturating_add))
    };
    content.total_time_minutes.or_else(sum)
}

fn servings(content: &Content) -> Option<Value> {
    let yields = content.yields.as_deref().map(Value::from);
    yields.or_else(|| content.servings.as_ref().map(|servings| servings.to_string().into()))
}

/// Labels that schema.org knows as a `RestrictedDiet`. Others are not sent: a reader must not take one for another.
fn diets(labels: &[String]) -> Option<Value> {
    let diet = |label: &String| match search::slug(label).as_str() {
        "vegan" => Some("VeganDiet"),
        "vegetarian" => Some("VegetarianDiet"),
        "gluten-free" => Some("GlutenFreeDiet"),
        "kosher" => Some("KosherDiet"),
        "halal" => Some("HalalDiet"),
        "hindu" => Some("HinduDiet"),
        "diabetic-friendly" => Some("DiabeticDiet"),
        "low-calorie" => Some("LowCalorieDiet"),
        "low-fat" => Some("LowFatDiet"),
        "low-sodium" => Some("LowSaltDiet"),
        "dairy-free" => Some("LowLactoseDiet"),
        _ => None,
    };
    let diets: Vec<Value> =
        labels.iter().filter_map(diet).map(|diet| format!("https://schema.org/{diet}").into()).collect();
    (!diets.is_empty()).then(|| diets.into())
}

/// The stated facts, by their names at schema.org.
pub(super) fn facts(nutrition: &Nutrition) -> Vec<(&'static str, String)> {
    let Nutrition {
        calories,
        carbohydrate_content,
        cholesterol_content,
        fat_content,
        fiber_content,
        protein_content,
        saturated_fat_content,
        serving_size,
        sodium_content,
        sugar_content,
        trans_fat_content,
        unsaturated_fat_content,
        ..
    } = nutrition;
    let facts = [
        ("servingSize", serving_size),
        ("calories", calories),
        ("fatContent", fat_content),
        ("saturatedFatContent", saturated_fat_content),
        ("unsaturatedFatContent", unsaturated_fat_content),
        ("transFatContent", trans_fat_content),
        ("carbohydrateContent", carbohydrate_content),
        ("sugarContent", sugar_content),
        ("fiberContent", fiber_content),
        ("proteinContent", protein_content),
        ("cholesterolContent", cholesterol_content),
        ("sodiumContent", sodium_content),
    ];
    let stated = facts.into_iter().filter_map(|(name, amount)| {
        Some((
            name,
            match amount.as_ref()? {
                Amount::Number(number) => number.to_string(),
                Amount::Text(text) => text.clone(),
            },
        ))
    });
    stated.collect()
}

fn nutrition(nutrition: &Nutrition) -> Value {
    let mut object = Map::from_iter([("@type".to_owned(), "NutritionInformation".into())]);
    object.extend(facts(nutrition).into_iter().map(|(name, amount)| (name.to_owned(), amount.into())));
    object.into()
}

fn attribution(attribution: &Attribution, kind: &str) -> Option<Value> {
    let Attribution { name, url, .. } = attribution;
    let mut object = Map::from_iter([("@type".to_owned(), kind.into())]);
    object.extend(name.as_deref().map(|name| ("name".to_owned(), name.into())));
    object.extend(url.as_deref().map(|url| ("url".to_owned(), url.into())));
    (object.len() > 1).then(|| object.into())
}

#[cfg(test)]
mod tests {
    use recipes::{Draft, Scalars};

    use super::*;

    fn draft(recipe: &Value) -> Draft {
        Draft::parse(recipe.as_object().unwrap(), Scalars::Typed).unwrap()
    }

    #[test]
    fn recipe_has_schema_org_names_and_cannot_end_its_element() {
        let recipe = draft(&json!({
            "name": "Soup </script><b>", "healthLabels": ["Vegan", "Wheat-Free"], "cookTimeMinutes": 20,
            "prepTimeMinutes": 10, "ingredients": ["6 tomatoes"], "instructions": ["Cook."], "servings": 4,
            "nutrition": { "calories": 240 },
        }));
        let text = element(recipe.content(), "https://a.example/recipes/1");
        assert!(!text.contains('<'), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["name"], "Soup </script><b>");
        assert_eq!(read["totalTime"], "PT30M");
        assert_eq!(read["recipeYield"], "4");
        assert_eq!(read["recipeInstructions"][0]["text"], "Cook.");
        assert_eq!(read["suitableForDiet"], json!(["https://schema.org/VeganDiet"]));
        assert_eq!(read["nutrition"]["calories"], "240");
    }
}
