//! The nutrition facts of a recipe, as a page shows them.

use recipes::{Amount, Nutrition};

use super::languages::Text;

/// The stated facts, each with its name in the language of the page.
pub(super) fn rows(nutrition: &Nutrition, t: &'static Text) -> Vec<(&'static str, String)> {
    facts(nutrition).into_iter().filter_map(|(fact, amount)| Some((name(fact, t)?, amount))).collect()
}

/// The name of a fact in the language of the page.
pub(super) fn name(fact: &str, t: &'static Text) -> Option<&'static str> {
    Some(match fact {
        "servingSize" => t.serving_size,
        "calories" => t.calories,
        "fatContent" => t.fat,
        "saturatedFatContent" => t.saturated_fat,
        "unsaturatedFatContent" => t.unsaturated_fat,
        "transFatContent" => t.trans_fat,
        "carbohydrateContent" => t.carbohydrates,
        "sugarContent" => t.sugar,
        "fiberContent" => t.fiber,
        "proteinContent" => t.protein,
        "cholesterolContent" => t.cholesterol,
        "sodiumContent" => t.sodium,
        _ => return None,
    })
}

/// The stated facts, by their names at schema.org.
fn facts(nutrition: &Nutrition) -> Vec<(&'static str, String)> {
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
