//! Recipe Keeper: one page with a `div.recipe-details` for each recipe, and `itemprop` attributes without a type.

use serde_json::{Value, json};

use crate::assemble::Found;
use crate::duration::Time;
use crate::format::Format;
use crate::html::Tree;
use crate::program::set_source;
use crate::report::{Item, ItemImage};
use crate::schema_org::{fact, ingredients, steps_of_text};
use crate::text::{is_no_value, line, paragraphs};
use crate::yields::Yields;

/// The recipes of the page; `None` if it is another page.
pub(crate) fn items(html: &str) -> Option<Vec<Item>> {
    if !html.contains("recipe-details") {
        return None;
    }
    let tree = Tree::parse(html);
    let is_recipe = |node: &usize| {
        tree.attribute(*node, "class")
            .is_some_and(|class| class.split_whitespace().any(|it| it == "recipe-details"))
    };
    let recipes: Vec<usize> = (0..tree.len()).filter(is_recipe).collect();
    let items: Vec<Item> =
        recipes.into_iter().map(|node| recipe(&tree, node).finish(Format::RecipeKeeper)).collect();
    Some(items).filter(|items| !items.is_empty())
}

fn recipe(tree: &Tree, recipe: usize) -> Found {
    let mut found = Found::default();
    let mut nutrition = Vec::new();
    for node in tree.inside(recipe) {
        let Some(name) = tree.attribute(node, "itemprop") else { continue };
        let content = tree
            .attribute(node, "content")
            .or(tree.attribute(node, "src"))
            .map_or_else(|| tree.text(node), str::to_owned);
        let short = line(&content);
        if is_no_value(&short) {
            continue;
        }
        match name {
            "name" => found.name = short,
            "description" => found.description = paragraphs(&content),
            "recipeCourse" | "recipeCategory" => found.category.push(short),
            "recipeCollection" | "keywords" => found.keywords.push(short),
            "recipeCuisine" => found.cuisine.push(short),
            "recipeYield" => found.set_yields(Yields::of_text(&short)),
            "prepTime" => found.prep = found.minutes(name, Time::of_text(&short)),
            "cookTime" => found.cook = found.minutes(name, Time::of_text(&short)),
            "totalTime" => found.total = found.minutes(name, Time::of_text(&short)),
            "recipeIngredients" | "recipeIngredient" => {
                found.ingredients.extend(ingredients(&json!(content)));
            }
            "recipeDirections" | "recipeInstructions" => found.steps.extend(steps_of_text(&content)),
            "recipeNotes" => found.keep_in_extra("notes", json!(paragraphs(&content))),
            "recipeSource" => {
                let link = tree
                    .inside(node)
                    .find_map(|inner| tree.attribute(inner, "href"))
                    .unwrap_or_default()
                    .to_owned();
                set_source(&mut found, &short, &link);
            }
            "recipeId" => found.uid = Some(short).filter(|it| ids::Uid::parse_imported(it).is_some()),
            "image" | "photo" | "photo0" | "recipePhoto" if found.picture.is_none() => {
                found.picture = Some(ItemImage::in_file(short));
            }
            "image" | "photo" | "photo0" | "recipePhoto" => found.leave_out("image"),
            "recipeRating" if short == "0" => {}
            name if name.starts_with("recipeNut") => nutrition.push((name.to_owned(), short)),
            name if name.ends_with("IsFavourite") => {
                if short.eq_ignore_ascii_case("true") {
                    found.leave_out(name);
                }
            }
            name => found.leave_out(name),
        }
    }
    facts(&mut found, &nutrition);
    found
}

/// `recipeNutCalories`, `recipeNutTotalFat` and the like, with their unit of nutrition labels.
fn facts(found: &mut Found, stated: &[(String, String)]) {
    const FACTS: [(&str, &str, &str); 9] = [
        ("recipeNutCalories", "calories", "kcal"),
        ("recipeNutTotalFat", "fatContent", "g"),
        ("recipeNutSaturatedFat", "saturatedFatContent", "g"),
        ("recipeNutCholesterol", "cholesterolContent", "mg"),
        ("recipeNutSodium", "sodiumContent", "mg"),
        ("recipeNutTotalCarbohydrate", "carbohydrateContent", "g"),
        ("recipeNutDietaryFiber", "fiberContent", "g"),
        ("recipeNutSugars", "sugarContent", "g"),
        ("recipeNutProtein", "proteinContent", "g"),
    ];
    for (name, text) in stated {
        let known = FACTS.iter().find(|(known, ..)| known == name);
        match known {
            Some((_, ours, unit)) => {
                let is_number = text.parse::<f64>();
                let value = match is_number {
                    Ok(0.0) => None,
                    Ok(_) => Some(json!(format!("{text} {unit}"))),
                    Err(_) => fact(&Value::String(text.clone())),
                };
                if let Some(value) = value {
                    found.nutrition.insert((*ours).to_owned(), value);
                }
            }
            None if name == "recipeNutServingSize" => {
                found.nutrition.insert("servingSize".to_owned(), json!(text));
            }
            None => found.leave_out(name),
        }
    }
}
