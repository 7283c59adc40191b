//! One full recipe in every format, and the rules that no recipe breaks.

use ids::{RecipeId, Uid};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Draft, Rating, Scalars, ServerFields};

fn recipe(body: &Value) -> Recipe {
    let draft = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap();
    Recipe {
        id: RecipeId::from_i64(7).unwrap(),
        content: draft.content().clone(),
        images: crate::RecipeImages::default(),
        server: ServerFields {
            owner: None,
            uid: Uid::parse("018f3404-d600-7fff-bfff-ffffffffffff").unwrap(),
            revision: 2,
            created_at: "2024-05-01T12:00:00Z".parse().unwrap(),
            updated_at: "2024-05-02T12:00:00Z".parse().unwrap(),
        },
        rating: None,
    }
}

fn full() -> Value {
    json!({
        "name": "Tomato_Soup *hot*",
        "healthLabels": ["Vegan", "Peanut-Free"],
        "cookTimeMinutes": 90, "prepTimeMinutes": 10, "totalTimeMinutes": 120, "restTimeMinutes": 20,
        "ingredients": ["2 tbsp olive oil", "1 (14 oz) can tomatoes, drained", "salt"],
        "description": "Red.\n\n# not a heading", "servings": 4, "yield": "2 l",
        "instructions": [
            { "text": "1. Chop <b>onions</b>.", "minutes": 5 },
            { "section": "Soup", "text": "Boil @ 100 °C; mail me@example.com." },
            { "section": "Soup", "text": "Serve." },
        ],
        "category": ["starter"], "cuisine": ["Italian"], "keywords": ["red", "hot"], "tools": ["large pot"],
        "nutrition": { "calories": 240, "fatContent": "9 g" },
        "author": { "name": "Anna", "url": "https://example.com/anna" }, "source": { "url": "https://example.com/soup" },
        "license": "CC0", "language": "en", "difficulty": 2, "visibility": "private",
        "extra": { "image": "https://example.com/soup.jpg" },
    })
}

#[test]
fn json_ld_has_the_properties_of_search_engines() {
    let text = ExportFormat::JsonLd.write(&recipe(&full()));
    assert!(!text.contains('<'), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value,
        json!({
            "@context": "https://schema.org",
            "@type": "Recipe",
            "identifier": "urn:uuid:018f3404-d600-7fff-bfff-ffffffffffff",
            "name": "Tomato_Soup *hot*",
            "description": "Red.\n\n# not a heading",
            "image": ["https://example.com/soup.jpg"],
            "author": { "@type": "Person", "name": "Anna", "url": "https://example.com/anna" },
            "datePublished": "2024-05-01T12:00:00Z",
            "dateModified": "2024-05-02T12:00:00Z",
            "prepTime": "PT10M", "cookTime": "PT1H30M", "totalTime": "PT2H",
            "recipeYield": ["4", "2 l"],
            "recipeCategory": ["starter"], "recipeCuisine": ["Italian"], "keywords": "red, hot",
            "suitableForDiet": ["https://schema.org/VeganDiet"],
            "recipeIngredient": ["2 tbsp olive oil", "1 (14 oz) can tomatoes, drained", "salt"],
            "recipeInstructions": [
                { "@type": "HowToStep", "text": "1. Chop <b>onions</b>.", "timeRequired": "PT5M" },
                {
                    "@type": "HowToSection", "name": "Soup",
                    "itemListElement": [
                        { "@type": "HowToStep", "text": "Boil @ 100 °C; mail me@example.com." },
                        { "@type": "HowToStep", "text": "Serve." },
                    ],
                },
            ],
            "tool": [{ "@type": "HowToTool", "name": "large pot" }],
            "nutrition": { "@type": "NutritionInformation", "calories": 240, "fatContent": "9 g" },
            "isBasedOn": { "@type": "CreativeWork", "url": "https://example.com/soup" },
            "license": "CC0", "inLanguage": "en",
        })
    );
}

#[test]
fn json_ld_has_the_rating_if_there_is_one() {
    let rated = Recipe { rating: Rating::of(3, 13), ..recipe(&full()) };
    let value: Value = serde_json::from_str(&ExportFormat::JsonLd.write(&rated)).unwrap();
    let rating = json!({ "@type": "AggregateRating", "ratingValue": 4.33, "ratingCount": 3 });
    assert_eq!(value["aggregateRating"], rating);
    for format in [ExportFormat::Markdown, ExportFormat::PlainText, ExportFormat::Cooklang] {
        assert_eq!(format.write(&rated), format.write(&recipe(&full())));
    }
}

#[test]
fn markdown_escapes_what_would_be_markup() {
    let text = ExportFormat::Markdown.write(&recipe(&full()));
    assert_eq!(
        text,
        "\
# Tomato\\_Soup \\*hot\\*

Red.

\\# not a heading

- Servings: 4
- Yield: 2 l
- Prep time: 10 min
- Cook time: 1 h 30 min
- Rest time: 20 min
- Total time: 2 h
- Difficulty: 2 of 5
- Category: starter
- Cuisine: Italian
- Keywords: red, hot
- Labels: Vegan, Peanut-Free
- Author: Anna <https://example.com/anna>
- Source: <https://example.com/soup>
- License: CC0
- Language: en

## Ingredients

- 2 tbsp olive oil
- 1 (14 oz) can tomatoes, drained
- salt

## Tools

- large pot

## Instructions

1. 1\\. Chop \\<b\\>onions\\</b\\>. (5 min)

### Soup

1. Boil @ 100 °C; mail me@example.com.
2. Serve.

## Nutrition per serving

- Calories: 240
- Fat: 9 g
"
    );
}

#[test]
fn plain_text_has_everything_for_the_kitchen() {
    let text = ExportFormat::PlainText.write(&recipe(&full()));
    assert!(
        text.starts_with("Tomato_Soup *hot*\n\nRed.\n\n# not a heading\n\nServings: 4\nYield: 2 l\n"),
        "{text}"
    );
    assert!(
        text.contains("\nIngredients\n\n2 tbsp olive oil\n1 (14 oz) can tomatoes, drained\nsalt\n"),
        "{text}"
    );
    assert!(
        text.contains("\nInstructions\n\n1. 1. Chop <b>onions</b>. (5 min)\n\nSoup:\n1. Boil @ 100 °C;"),
        "{text}"
    );
    assert!(text.ends_with("\nNutrition\n\nCalories: 240\nFat: 9 g\n"), "{text}");
}

#[test]
fn cooklang_marks_the_ingredients() {
    let text = ExportFormat::Cooklang.write(&recipe(&full()));
    assert_eq!(
        text,
        "\
---
title: \"Tomato_Soup *hot*\"
servings: 4
yield: \"2 l\"
prep time: \"10 min\"
cook time: \"1 h 30 min\"
rest time: \"20 min\"
time required: \"2 h\"
difficulty: 2
course: [\"starter\"]
cuisine: [\"Italian\"]
tags: [\"red\",\"hot\"]
diet: [\"Vegan\",\"Peanut-Free\"]
author: \"Anna\"
author.url: \"https://example.com/anna\"
source.url: \"https://example.com/soup\"
license: \"CC0\"
locale: \"en\"
---

> Red.
> # not a heading

== Ingredients ==

@olive oil{2%tbsp}
@tomatoes{}(1 [14 oz] can tomatoes, drained)
@salt{}
#large pot{}

== Steps ==

1. Chop <b>onions</b>. (~{5%minutes})

== Soup ==

Boil @ 100 °C; mail me@ example.com.

Serve.
"
    );
}

#[test]
fn fields_that_a_format_cannot_hold_are_named() {
    let content = recipe(&full()).content;
    let lost = |format: ExportFormat| format.lost_fields(&content).join(" ");
    assert_eq!(lost(ExportFormat::JsonLd), "healthLabels restTimeMinutes difficulty visibility extra");
    assert_eq!(lost(ExportFormat::Markdown), "visibility extra");
    assert_eq!(lost(ExportFormat::PlainText), "visibility extra");
    assert_eq!(lost(ExportFormat::Cooklang), "nutrition visibility extra");
    let small = recipe(&json!({
        "name": "Soup", "healthLabels": ["Vegan"], "cookTimeMinutes": null, "prepTimeMinutes": null, "ingredients": [],
    }));
    assert!(ExportFormat::ALL.iter().all(|format| format.lost_fields(&small.content).is_empty()));
    assert_eq!(ExportFormat::PlainText.write(&small), "Soup\n\nLabels: Vegan\n");
}

/// The headings for lists that have items.
fn headings(recipe: &Recipe) -> usize {
    let steps = recipe.content.instructions.as_ref().map_or(0, Vec::len);
    recipe.content.ingredients.len().min(1) + steps.min(1)
}

proptest! {
    /// Whatever people write, the documents keep their shape: no line of a text becomes markup of its own.
    #[test]
    fn documents_keep_their_shape(
        name in "[^\\p{Cc}]{1,40}", line in "[^\\p{Cc}]{1,60}", step in "[^\\p{Cc}]{1,80}",
    ) {
        let body = json!({
            "name": name, "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null,
            "ingredients": [line], "instructions": [step],
        });
        // Texts of blanks are refused.
        let Ok(draft) = Draft::parse(body.as_object().unwrap(), Scalars::Typed) else { return Ok(()) };
        let recipe = Recipe { content: draft.content().clone(), ..recipe(&full()) };
        for format in ExportFormat::ALL {
            prop_assert!(!format.write(&recipe).is_empty());
        }
        let value: Value = serde_json::from_str(&ExportFormat::JsonLd.write(&recipe)).unwrap();
        prop_assert_eq!(&value["name"], &json!(recipe.content.name));
        let markdown = ExportFormat::Markdown.write(&recipe);
        prop_assert_eq!(markdown.lines().filter(|line| line.starts_with('#')).count(), 1 + headings(&recipe));
    }
}
