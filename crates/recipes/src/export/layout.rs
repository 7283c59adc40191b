//! What the documents for people have in common: the facts above the ingredients, and how times are written.

use crate::attribution::Attribution;
use crate::content::Content;
use crate::nutrition::Amount;

/// ISO 8601: `PT1H30M`.
pub(super) fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("PT{minutes}M"),
        (hours, 0) => format!("PT{hours}H"),
        (hours, minutes) => format!("PT{hours}H{minutes}M"),
    }
}

/// For people: `1 h 30 min`.
pub(super) fn time(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// A fact about the recipe: its name and its value.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// A web address behind the value.
    pub(super) url: Option<String>,
}

/// The facts about the recipe besides its texts, in the order in which people look for it.
pub(super) fn facts(content: &Content) -> Vec<Fact> {
    let list = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.join(", "));
    let text = |name, value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        value.map(|value| Fact { name, value, url: None })
    };
    let labels = Some(content.health_labels.join(", "));
    let facts = [
        text("Servings", content.servings.as_ref().map(ToString::to_string)),
        text("Yield", content.yields.clone()),
        text("Prep time", content.prep_time_minutes.map(time)),
        text("Cook time", content.cook_time_minutes.map(time)),
        text("Rest time", content.rest_time_minutes.map(time)),
        text("Total time", content.total_time_minutes.map(time)),
        text("Difficulty", content.difficulty.map(|difficulty| format!("{difficulty} of 5"))),
        text("Category", list(&content.category)),
        text("Cuisine", list(&content.cuisine)),
        text("Keywords", list(&content.keywords)),
        text("Labels", labels),
        content.author.as_ref().map(|author| attributed("Author", author)),
        content.source.as_ref().map(|source| attributed("Source", source)),
        text("License", content.license.clone()),
        text("Language", content.language.clone()),
    ];
    facts.into_iter().flatten().collect()
}

fn attributed(name: &'static str, attribution: &Attribution) -> Fact {
    Fact { name, value: attribution.name.clone().unwrap_or_default(), url: attribution.url.clone() }
}

/// The nutrition facts with their names for people.
pub(super) fn nutrition(content: &Content) -> Vec<(&'static str, String)> {
    let Some(facts) = &content.nutrition else { return Vec::new() };
    let named = [
        ("Serving size", &facts.serving_size),
        ("Calories", &facts.calories),
        ("Fat", &facts.fat_content),
        ("Saturated fat", &facts.saturated_fat_content),
        ("Unsaturated fat", &facts.unsaturated_fat_content),
        ("Trans fat", &facts.trans_fat_content),
        ("Carbohydrates", &facts.carbohydrate_content),
        ("Sugar", &facts.sugar_content),
        ("Fiber", &facts.fiber_content),
        ("Protein", &facts.protein_content),
        ("Cholesterol", &facts.cholesterol_content),
        ("Sodium", &facts.sodium_content),
    ];
    let stated = named.into_iter().filter_map(|(name, amount)| {
        let value = match amount.as_ref()? {
            Amount::Number(number) => number.to_string(),
            Amount::Text(text) => text.clone(),
        };
        Some((name, value))
    });
    stated.collect()
}
