//! Which recipes a text finds.

use proptest::prelude::*;
use recipes::Viewer;
use search::{Filter, TagFilter};
use serde_json::json;

use crate::kitchen::{ALL, Kitchen, recipe};

#[test]
fn all_words_must_occur_anywhere() {
    let kitchen = Kitchen::with([
        json!({"name": "Tomato soup", "description": "With basil."}),
        json!({"name": "Pasta", "ingredients": ["2 tomatoes", "Basil"]}),
        json!({"name": "Soup", "instructions": [{"text": "Chop the tomato."}], "keywords": ["basil"]}),
        json!({"name": "Tomato"}),
    ]);
    assert_eq!(kitchen.set("tomato basil"), [1, 2, 3]);
    assert_eq!(kitchen.set("TOMATOES BASIL soup"), [1, 3]);
    assert_eq!(kitchen.set("tomato -basil"), [4]);
    assert_eq!(kitchen.set("-basil"), [4]);
    assert_eq!(kitchen.set("tomato basil cinnamon"), [] as [i64; 0]);
    assert_eq!(kitchen.set(""), [1, 2, 3, 4]);
}

#[test]
fn phrases_and_joined_words_stand_side_by_side() {
    let kitchen = Kitchen::with([
        json!({"name": "Bread with olive oil"}),
        json!({"name": "Oil of an olive tree"}),
        json!({"name": "Stir-fry"}),
        json!({"name": "Fry and stir"}),
        json!({"name": "Rice", "ingredients": ["olive", "oil"]}),
    ]);
    assert_eq!(kitchen.set("olive oil"), [1, 2, 5]);
    assert_eq!(kitchen.set(r#""olive oil""#), [1]);
    assert_eq!(kitchen.set("stir-fry"), [3]);
    assert_eq!(kitchen.set(r#"fry -"stir fry""#), [4]);
}

#[test]
fn the_name_counts_more_and_a_whole_word_more_than_a_beginning() {
    let kitchen = Kitchen::with([
        json!({"name": "Stew", "ingredients": ["carrot"], "updatedAt": "2026-01-05T12:00:00Z"}),
        json!({"name": "Carrots"}),
        json!({"name": "Carrot"}),
        json!({"name": "Carrotwood"}),
    ]);
    assert_eq!(kitchen.ids("carrot", &Filter::default())[..2], [3, 2]);
    assert_eq!(kitchen.ids("carrots ", &Filter::default()), [3, 2, 1]);
    assert_eq!(kitchen.set("carrot"), [1, 2, 3, 4], "the last word may be incomplete");
}

#[test]
fn accents_case_and_scripts() {
    let kitchen = Kitchen::with([
        json!({"name": "Crème brûlée"}),
        json!({"name": "番茄炒蛋", "ingredients": ["鸡蛋 3个"]}),
        json!({"name": "Süßkartoffel"}),
        json!({"name": "Μουσακάς"}),
    ]);
    for (text, want) in [
        ("creme BRULEE", 1),
        ("cre\u{300}me", 1),
        ("番茄", 2),
        ("炒", 2),
        ("鸡蛋", 2),
        ("süsskartoffel", 3),
        ("μουσακάς", 4),
    ] {
        assert_eq!(kitchen.set(text), [want], "{text}");
    }
    assert_eq!(kitchen.set("茄蛋"), [] as [i64; 0]);
}

#[test]
fn ingredients_and_authors_are_found_by_words_of_their_own() {
    let kitchen = Kitchen::with([
        json!({"name": "Peanut butter", "ingredients": ["500 g almonds", "salt"]}),
        json!({"name": "Sauce", "ingredients": ["2 tbsp peanut butter"], "author": {"name": "Ada Lovelace"}}),
        json!({"name": "Salad", "ingredients": ["1 peanut", "butter"]}),
    ]);
    let with = |ingredients: &[&str], without: &[&str]| Filter {
        ingredients: ingredients.iter().map(|text| (*text).to_owned()).collect(),
        without_ingredients: without.iter().map(|text| (*text).to_owned()).collect(),
        ..Filter::default()
    };
    assert_eq!(kitchen.ids("", &with(&["peanut"], &[])), [3, 2]);
    assert_eq!(kitchen.ids("", &with(&["peanuts", "butter"], &[])), [3, 2]);
    assert_eq!(kitchen.ids("", &with(&[], &["peanut"])), [1]);
    assert_eq!(kitchen.ids("peanut", &with(&["salt"], &[])), [1]);
    let by = |author: &str| Filter { author: Some(author.into()), ..Filter::default() };
    assert_eq!(kitchen.ids("", &by("lovelace")), [2]);
    assert_eq!(kitchen.ids("", &by("lovelace grace")), [] as [i64; 0]);
}

#[test]
fn filters() {
    let kitchen = Kitchen::with([
        json!({"healthLabels": ["Vegan", "gluten free"], "cookTimeMinutes": 20, "prepTimeMinutes": 10, "language": "de-AT"}),
        json!({"healthLabels": ["Vegan"], "totalTimeMinutes": 90, "difficulty": 3, "cuisine": ["Italian"], "language": "de"}),
        json!({"healthLabels": ["Gluten-Free"], "cookTimeMinutes": 5, "category": ["Dessert"], "keywords": ["Quick"]}),
        json!({"updatedAt": "2026-03-01T00:00:00Z", "createdAt": "2026-02-01T00:00:00Z", "ownerId": 7}),
    ]);
    let tags =
        |all_of: &[&str], none_of: &[&str]| TagFilter::parse(all_of.iter().copied(), none_of.iter().copied());
    let none = Filter::default;
    for (filter, want) in [
        (Filter { labels: tags(&["vegan"], &[]), ..none() }, vec![2, 1]),
        (Filter { labels: tags(&["VEGAN", "Gluten_Free"], &[]), ..none() }, vec![1]),
        (Filter { labels: tags(&["vegan,gluten-free"], &[]), ..none() }, vec![3, 2, 1]),
        (Filter { labels: tags(&["vegan"], &["gluten-free"]), ..none() }, vec![2]),
        (Filter { labels: tags(&[], &["vegan"]), ..none() }, vec![4, 3]),
        (Filter { labels: tags(&["halal"], &[]), ..none() }, vec![]),
        (Filter { labels: tags(&["veg"], &[]), ..none() }, vec![]),
        (Filter { labels: tags(&[], &["halal"]), ..none() }, vec![4, 3, 2, 1]),
        (Filter { cuisine: tags(&["italian"], &[]), ..none() }, vec![2]),
        (Filter { category: tags(&["dessert"], &[]), keywords: tags(&["quick"], &[]), ..none() }, vec![3]),
        (Filter { language: tags(&["de"], &[]), ..none() }, vec![2, 1]),
        (Filter { language: tags(&["de-at"], &[]), ..none() }, vec![1]),
        (Filter { max_total_minutes: Some(30), ..none() }, vec![1]),
        (Filter { max_total_minutes: Some(29), ..none() }, vec![]),
        (Filter { max_cooking_minutes: Some(20), ..none() }, vec![3, 1]),
        (Filter { max_preparation_minutes: Some(10), ..none() }, vec![1]),
        (Filter { difficulty: Some(3), ..none() }, vec![2]),
        (Filter { owner: ids::UserId::from_i64(7), ..none() }, vec![4]),
        (Filter { updated_since: Some("2026-02-01T00:00:00Z".parse().unwrap()), ..none() }, vec![4]),
        (Filter { created_since: Some("2026-02-01T00:00:00Z".parse().unwrap()), ..none() }, vec![4]),
        (Filter { created_since: Some("2026-02-01T00:00:00.001Z".parse().unwrap()), ..none() }, vec![]),
        (
            Filter { among: Some([3, 1].map(|id| ids::RecipeId::from_i64(id).unwrap()).into()), ..none() },
            vec![3, 1],
        ),
    ] {
        assert_eq!(kitchen.ids("", &filter), want, "{filter:?}");
        let mut scored = kitchen.ids("recipe ", &filter);
        scored.sort_unstable_by(|a, b| b.cmp(a));
        assert_eq!(scored, want, "with a text: {filter:?}");
        let search = search::Search { text: "", filter: &filter, viewer: ALL };
        assert_eq!(kitchen.index.count(search).unwrap(), want.len() as u64);
    }
}

#[test]
fn changes_are_found_and_former_texts_are_not() {
    let mut kitchen = Kitchen::with([json!({"name": "Soup"}), json!({"name": "Salad"})]);
    kitchen.writer.put(&recipe(1, json!({"name": "Broth"}))).unwrap();
    kitchen.writer.delete(ids::RecipeId::from_i64(2).unwrap());
    assert_eq!(kitchen.set("soup"), [1], "before the commit");
    kitchen.writer.commit(Some("9".into())).unwrap();
    assert_eq!((kitchen.set("soup"), kitchen.set("broth"), kitchen.set("salad")), (vec![], vec![1], vec![]));
    assert_eq!(kitchen.index.position(), Some("9".into()));
    assert_eq!(kitchen.index.len(), 1);
}

#[test]
fn misspelt_words_have_a_correction() {
    let kitchen = Kitchen::with([json!({"name": "Chicken with zucchini"})]);
    for (text, want) in [
        ("chiken", Some("chicken")),
        ("  Chiken  with \"zuchinni\"", Some("  chicken  with \"zucchini\"")),
        ("hcicken", Some("chicken")),
        ("chicken", None),
        ("xyzzyx", None),
        ("chi", None),
    ] {
        assert_eq!(kitchen.index.did_you_mean(text, Viewer::Anyone).unwrap().as_deref(), want, "{text}");
    }
}

#[test]
fn suggestions_complete_names_and_ingredients() {
    let kitchen = Kitchen::with([
        json!({"name": "Chicken soup", "ingredients": ["1 chicken", "chives"]}),
        json!({"name": "Chili", "ingredients": ["beans"], "updatedAt": "2026-01-02T00:00:00Z"}),
        json!({"name": "Bread"}),
    ]);
    let suggest = |text| {
        let found = kitchen.index.suggest(text, Viewer::Anyone, 10).unwrap();
        (found.recipes.iter().map(|id| id.get()).collect::<Vec<_>>(), found.ingredients)
    };
    assert_eq!(suggest("chi"), (vec![2, 1], vec!["chicken".to_owned(), "chive".to_owned()]));
    assert_eq!(suggest("chicken so").0, [1]);
    assert_eq!(suggest("br").0, [3]);
    assert_eq!(suggest("b"), (vec![], vec![]), "one letter is too little");
    assert_eq!(suggest(""), (vec![], vec![]));
}

const WORDS: [&str; 8] = ["garlic", "pepper", "rosemary", "vinegar", "番茄", "炒蛋", "saffron", "nutmeg"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Beside a search that reads every recipe.
    #[test]
    fn the_index_agrees_with_reading_every_recipe(
        recipes in prop::collection::vec(prop::collection::btree_set(0..WORDS.len(), 0..5), 1..40),
        required in prop::collection::btree_set(0..WORDS.len(), 0..3),
        excluded in prop::collection::btree_set(0..WORDS.len(), 0..2),
        commits in 1_usize..6,
    ) {
        let mut kitchen = Kitchen::new();
        for (number, words) in recipes.iter().enumerate() {
            let line: Vec<_> = words.iter().map(|word| WORDS[*word]).collect();
            let recipe = recipe(i64::try_from(number).unwrap() + 1, json!({"name": "Dish", "ingredients": [line.join(" and ")]}));
            kitchen.writer.put(&recipe).unwrap();
            if number % commits == 0 {
                kitchen.writer.commit(None).unwrap();
            }
        }
        kitchen.writer.commit(None).unwrap();
        let text = required.iter().map(|word| WORDS[*word].to_owned())
            .chain(excluded.iter().map(|word| format!("-{}", WORDS[*word])))
            .collect::<Vec<_>>().join(" ");
        let want: Vec<_> = (1..).zip(&recipes)
            .filter(|(_, words)| required.is_subset(words) && excluded.is_disjoint(words))
            .map(|(id, _)| id)
            .collect();
        prop_assert_eq!(kitchen.set(&text), want, "{}", text);
    }

    #[test]
    fn no_text_is_an_error(text in "[\\PC\"\\- ]{0,40}") {
        let kitchen = Kitchen::with([json!({"name": "Soup"})]);
        kitchen.set(&text);
        kitchen.index.did_you_mean(&text, ALL).unwrap();
        kitchen.index.suggest(&text, ALL, 10).unwrap();
    }
}
