//! Sixty queries over published recipes, with the recipes that must be among the first three.

use std::path::Path;

use recipes::{ContentJson, Recipe};
use recipes::{Draft, Scalars, ServerFields, Viewer, write_recipe_json};
use search::{Filter, Order, Search};
use serde_json::{Map, Value};

use crate::kitchen::Kitchen;

/// The query, and names that must be among the first three.
const QUERIES: [(&str, &[&str]); 60] = [
    // The name of the dish, in any case and form.
    ("apple pie", &["Apple Pie"]),
    ("APPLE STRUDEL", &["Apple strudel"]),
    ("banana bread", &["Banana Bread"]),
    ("beef goulash", &["Beef Goulash"]),
    ("bread pudding", &["Bread Pudding"]),
    ("caesar salad", &["Caesar Salad"]),
    ("chicken soup", &["Chicken Soup"]),
    ("chocolate chip cookies", &["Chocolate Chip Cookies"]),
    ("french toast", &["French Toast"]),
    ("greek salad", &["Greek Salad"]),
    ("mushroom risotto", &["Mushroom risotto"]),
    ("potato soup", &["Potato Soup"]),
    ("rice pudding", &["Rice Pudding"]),
    ("steak tartare", &["Steak Tartare"]),
    ("hummus", &["Hummus"]),
    ("carbonara", &["Carbonara"]),
    ("lasagna", &["Lasagna"]),
    ("ketchup", &["Ketchup"]),
    // Singular and plural.
    ("meatball", &["Basic Meatballs"]),
    ("blueberry muffin", &["Blueberry Muffins"]),
    ("chicken wing", &["Chicken Wings"]),
    ("banana pancake", &["Banana Pancakes"]),
    ("oatmeal cookie", &["Oatmeal Cookies"]),
    ("pickled onion", &["Pickled Red Onions"]),
    ("fajita", &["Fajitas", "Fajita Seasoning"]),
    ("waffle", &["Basic Waffles", "Cinnamon Waffles"]),
    ("tomato soups", &["Tomato and Grilled Bell Pepper soup"]),
    ("mashed potato", &["Creamy Mashed Potatoes"]),
    ("sardine cake", &["Sardine Cakes"]),
    ("yorkshire pudding", &["Yorkshire Puddings"]),
    // Accents and other letters.
    ("creme brulee", &["Crème brûlée"]),
    ("tiramisu", &["Tiramisù"]),
    ("rosti", &["Rösti"]),
    ("ragu", &["Ragù", "Ragu Napoletano"]),
    ("gluhwein", &["Glühwein - mulled wine"]),
    ("quarkbällchen", &["Quarkbällchen – Fried curd balls"]),
    ("pastitsio", &["Pastítsio"]),
    ("risengrod", &["Risengrød"]),
    // Phrases, exclusions, joined words.
    ("\"peanut butter\"", &["Peanut Butter"]),
    ("\"red lentil\" soup", &["Turkish Red Lentil Soup"]),
    ("lentil soup -ham -turkish", &["Lebanese Lentil Soup"]),
    ("pancake -banana -swedish -danish", &["Pancake"]),
    ("no-knead bread", &["No-knead Bread"]),
    ("one-pot", &["One-Pot Chicken Tetrazzini"]),
    ("stir-fry tofu", &["Tofu Stir Fry"]),
    // Words that are not complete.
    ("shaksh", &["Shakshouka"]),
    ("guacam", &["Fresh Guacamole"]),
    ("worcestershire bloody mar", &["Bloody Mary Mix"]),
    // Chinese: names, parts of names, ingredients.
    ("麻婆豆腐", &["麻婆豆腐", "Mapo Tofu (麻婆豆腐)"]),
    ("宫保鸡丁", &["宫保鸡丁"]),
    ("西红柿 鸡蛋 汤", &["西红柿鸡蛋汤"]),
    ("扬州炒饭", &["扬州炒饭"]),
    ("提拉米苏", &["提拉米苏"]),
    ("北非蛋", &["意式香肠北非蛋"]),
    ("可乐", &["可乐桶", "可乐鸡翅", "可乐炒饭"]),
    ("茄子 土豆", &["茄子炖土豆", "地三鲜"]),
    ("Mojito", &["Mojito莫吉托"]),
    ("\"排骨汤\" 玉米", &["玉米排骨汤"]),
    // Misspelt: the correction is searched.
    ("chiken tika masala", &["Chicken Tikka Masala"]),
    ("guacamoli", &["Fresh Guacamole"]),
];

#[test]
fn the_right_recipes_come_first() {
    let Some((kitchen, names)) = published() else {
        eprintln!("skipped: the published recipes are not here");
        return;
    };
    let filter = Filter::default();
    let mut wrong = Vec::new();
    for (text, want) in QUERIES {
        let first = |text: &str| {
            let search = Search { text, filter: &filter, viewer: Viewer::Anyone };
            let hits = kitchen.page(search, Order::Relevance, 3, None);
            hits.ids
                .iter()
                .map(|id| names[usize::try_from(id.get()).unwrap() - 1].clone())
                .collect::<Vec<_>>()
        };
        let mut found = first(text);
        if found.is_empty()
            && let Some(corrected) = kitchen.index.did_you_mean(text, Viewer::Anyone).unwrap()
        {
            found = first(&corrected);
        }
        if !want.iter().all(|name| found.iter().any(|found| found == name)) {
            wrong.push(format!("{text}: {found:?} instead of {want:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), QUERIES.len(), wrong.join("\n"));
}

/// All published recipes and their names, by id from 1.
fn published() -> Option<(Kitchen, Vec<String>)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?.join("../shared/data");
    let mut kitchen = Kitchen::new();
    let mut names = Vec::new();
    for file in ["recipes-public-domain.json", "recipes-howtocook-zh.json"] {
        let recipes: Vec<Map<String, Value>> =
            serde_json::from_slice(&std::fs::read(data.join(file)).ok()?).unwrap();
        for recipe in recipes {
            let draft = Draft::parse(&recipe, Scalars::Typed).unwrap();
            names.push(draft.content().name.clone());
            kitchen.writer.put(&stored(&draft, names.len())).unwrap();
        }
    }
    kitchen.writer.commit(None).unwrap();
    Some((kitchen, names))
}

fn stored(draft: &Draft, id: usize) -> Recipe {
    let time = "2026-01-01T12:00:00Z".parse().unwrap();
    let uid = ids::Uid::new(time, [7; 10]);
    let server = ServerFields { owner: None, uid, revision: 1, created_at: time, updated_at: time };
    let mut text = Vec::new();
    let id = ids::RecipeId::from_i64(i64::try_from(id).unwrap()).unwrap();
    write_recipe_json(&mut text, id, ContentJson::new(draft.content()).finish(&server));
    Recipe::from_json(&text).unwrap()
}
