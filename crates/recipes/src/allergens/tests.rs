//! Which words stand for which allergens, as tables.

use serde_json::json;

use super::*;
use crate::{Draft, Scalars};

/// `code word, word; code word`.
fn found(line: &str) -> String {
    let hints = allergens_in_line(line);
    hints
        .iter()
        .map(|(allergen, words)| format!("{} {}", allergen.code(), words.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn words_stand_for_allergens() {
    let wrong: Vec<_> = [
        ("2 tbsp butter", "milk butter"),
        ("1 cup whole milk", "milk milk"),
        ("200 g Weizenmehl", "gluten Weizenmehl"),
        ("3 Eggs", "eggs Eggs"),
        ("3 Eier", "eggs Eier"),
        ("1 egg white", "eggs egg white"),
        ("2 œufs", "eggs œufs"),
        ("200 g egg noodles", "gluten egg noodles; eggs egg noodles"),
        ("1 tbsp soy sauce", "gluten soy sauce; soy soy sauce"),
        ("2 tbsp oyster sauce", "molluscs oyster sauce"),
        ("1 tbsp peanut butter", "peanuts peanut butter"),
        ("100 g almond butter", "nuts almond butter"),
        ("200 ml soy milk", "soy soy milk"),
        ("200 ml Mandelmilch", "nuts Mandelmilch"),
        ("50 g Haselnüsse", "nuts Haselnüsse"),
        ("1 Becher Schlagsahne", "milk Schlagsahne"),
        ("beurre de cacahuètes", "peanuts beurre de cacahuètes"),
        ("200 g de noix de Saint-Jacques", "molluscs noix de Saint-Jacques"),
        ("20 g de beurre, 3 noix", "milk beurre; nuts noix"),
        ("leche entera", "milk leche"),
        ("100 g di parmigiano e burro", "milk parmigiano, burro"),
        ("鸡蛋 2 个", "eggs 鸡蛋"),
        ("花生酱 20g", "peanuts 花生酱"),
        ("生抽 2 勺", "gluten 生抽; soy 生抽"),
        ("鱿鱼 1 条", "molluscs 鱿鱼"),
        ("草鱼 1 条", "fish 草鱼"),
        ("celery stalks", "celery celery"),
        ("1 tsp Dijon mustard", "mustard Dijon mustard"),
        ("sesame oil", "sesame sesame oil"),
        ("100 ml white wine", "sulphites white wine"),
        ("lupin flour", "lupin lupin flour"),
        ("prawns", "crustaceans prawns"),
        ("smoked salmon", "fish salmon"),
    ]
    .into_iter()
    .filter(|(line, want)| found(line) != *want)
    .map(|(line, want)| format!("{line}: want {want:?}, got {:?}", found(line)))
    .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn words_that_contain_others_are_no_hints() {
    for line in [
        "1 can coconut milk",
        "200 ml coconut cream",
        "1 butternut squash",
        "1 eggplant",
        "2 eggplants",
        "200 g buckwheat flour",
        "Buchweizenmehl",
        "1 pinch nutmeg",
        "a little nutmeg, grated",
        "100 g cocoa butter",
        "1 tsp cream of tartar",
        "200 g butter beans",
        "oyster mushrooms",
        "rice noodles",
        "200 ml Kokosmilch",
        "1 Prise Muskatnuss",
        "Butternusskürbis",
        "lait de coco",
        "noix de muscade",
        "farine de sarrasin",
        "leche de coco",
        "nuez moscada",
        "latte di cocco",
        "noce moscata",
        "grano saraceno",
        "椰奶 100ml",
        "鱼腥草 50g",
        "荞麦面 100g",
        "200 g pine nuts",
        "vegan butter",
        "1 cup gluten-free flour",
        "200 g glutenfreies Mehl",
        "farine sans gluten",
        "Salt",
        "1 onion",
        "garlic",
        "Reis",
        "1 Zwiebel, in Streifen geschnitten",
        "",
    ] {
        assert_eq!(found(line), "", "{line}");
    }
}

#[test]
fn hints_name_their_lines_and_the_labels_that_they_contradict() {
    let body = json!({
        "name": "Toast", "healthLabels": ["dairy free", "Vegetarian"], "cookTimeMinutes": null, "prepTimeMinutes": null,
        "ingredients": ["1 slice bread", "salt", "butter, or more butter"],
    });
    let draft = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap();
    let hints = serde_json::to_value(label_hints(draft.content())).unwrap();
    assert_eq!(
        hints,
        json!([
            {
                "allergen": "gluten", "labels": ["Gluten-Free", "Wheat-Free"], "contradicts": [],
                "evidence": [{ "line": 0, "text": "1 slice bread", "words": ["bread"] }],
            },
            {
                "allergen": "milk", "labels": ["Dairy-Free"], "contradicts": ["dairy free"],
                "evidence": [{ "line": 2, "text": "butter, or more butter", "words": ["butter"] }],
            },
        ])
    );
}
