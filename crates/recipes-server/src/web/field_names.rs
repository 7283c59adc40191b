//! The names of fields, in the language of the page.

use super::languages::Text;

/// The name of a field where the pages show it; the name in JSON otherwise.
pub(super) fn field_name<'a>(name: &'a str, t: &'static Text) -> &'a str {
    match name {
        "author" => t.author,
        "category" => t.category,
        "cookTimeMinutes" => t.cooking,
        "cuisine" => t.cuisine,
        "date" | "from" | "to" => t.day,
        "description" => t.description,
        "difficulty" => t.difficulty,
        "email" => t.email,
        "healthLabels" => t.labels,
        "image" => t.picture,
        "ingredients" => t.ingredients,
        "instructions" => t.steps,
        "invitation" => t.invitation_link,
        "item" | "items" => t.add_item,
        "keywords" => t.keywords,
        "language" => t.language,
        "license" => t.license,
        "minutes" => t.minutes_label,
        "name" | "recipe" => t.recipe_name,
        "note" => t.cooked_note,
        "nutrition" => t.nutrition,
        "password" => t.password,
        "prepTimeMinutes" => t.preparation,
        "restTimeMinutes" => t.resting,
        "servings" => t.servings,
        "source" => t.source,
        "stepImages" => t.pictures_of_steps,
        "tools" => t.tools,
        "totalTimeMinutes" => t.total,
        "url" => t.source_url,
        "visibility" => t.visibility,
        "yield" => t.yields,
        other => other,
    }
}
