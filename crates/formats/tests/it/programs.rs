//! One file of each program, with everything that the program writes and a recipe has a field for.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use formats::{Format, Input, Limits, Options, Reader};
use serde_json::{Value, json};

use super::{archive, errors, left_out, only, read, recipe};

#[test]
fn mealie_of_the_old_version_is_read_from_its_archive() {
    let export = json!({
        "id": 7, "name": "Plum cake", "slug": "plum-cake", "image": "original.webp", "description": "With <i>plums</i>.",
        "recipe_category": ["Cake"], "tags": [{"name": "fruit", "slug": "fruit"}], "rating": null,
        "date_added": "2021-05-01", "date_updated": "2021-05-02T10:00:00", "recipe_yield": "12 pieces",
        "recipe_ingredient": [
            {"title": "Dough", "note": "300 g flour", "unit": null, "food": null, "disable_amount": true, "quantity": 1},
            {"title": null, "note": "cold", "unit": {"name": "g"}, "food": {"name": "butter"}, "disable_amount": false, "quantity": 150},
            {"title": "", "note": "", "unit": null, "food": {"name": "eggs"}, "disable_amount": false, "quantity": 2.5}],
        "recipe_instructions": [{"title": "Dough", "text": "Mix **all**."}, {"title": "", "text": "Bake.\nCool."}],
        "nutrition": {"calories": "250", "fat_content": "", "sugar_content": "20 g"}, "tools": ["tin"],
        "total_time": "1 hour 20 minutes", "prep_time": "20 Minutes", "perform_time": null,
        "settings": {"public": true, "disable_amount": true}, "notes": [{"title": "Tip", "text": "Use ripe plums."}],
        "org_url": "https://cakes.example/plum", "extras": {}, "comments": [], "assets": [],
    });
    let zip = archive(&[
        ("recipes/plum-cake/plum-cake.json", export.to_string().as_bytes()),
        ("recipes/plum-cake/images/original.webp", b"RIFFxxxx"),
        ("themes/default.json", br#"{"name": "default", "colors": {"primary": "E58325"}}"#),
    ]);
    let items = read("mealie.zip", &zip);
    assert_eq!(items.len(), 1, "{items:#?}");
    assert_eq!(items[0].format, Format::Mealie);
    assert_eq!(items[0].place.entry.as_deref(), Some("recipes/plum-cake/plum-cake.json"));
    assert_eq!(left_out(&items[0]), [""; 0]);
    assert_eq!(items[0].images.iter().map(|image| &*image.bytes).collect::<Vec<_>>(), [b"RIFFxxxx"]);
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Plum cake", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": 20, "totalTimeMinutes": 80,
            "ingredients": ["Dough:", "300 g flour", "150 g butter, cold", "2 1/2 eggs"], "description": "With plums.",
            "yield": "12 pieces", "category": ["Cake"], "keywords": ["fruit"], "tools": ["tin"],
            "instructions": [{"section": "Dough", "text": "Mix all."}, {"section": "Dough", "text": "Bake. Cool."}],
            "nutrition": {"calories": "250", "sugarContent": "20 g"}, "source": {"url": "https://cakes.example/plum"},
            "extra": {"notes": "Tip: Use ripe plums."},
        })
    );
}

#[test]
fn mealie_of_later_versions_is_read() {
    let export = json!({
        "id": "5f2e5c0e-2b6e-4a8e-9a53-0b9c5d1f2a3b", "name": "Chili", "slug": "chili", "recipeYield": "bowls", "recipeYieldQuantity": 8,
        "recipeServings": 4, "totalTime": "1 Hour", "recipeCategory": [{"name": "Main", "slug": "main"}], "tags": [],
        "recipeIngredient": [
            {"quantity": 0.5, "unit": {"name": "kilogram"}, "food": {"name": "beans"}, "note": "", "display": "1/2 kilogram beans", "originalText": "x"},
            {"quantity": 1, "unit": null, "food": null, "note": "salt", "display": "", "originalText": "salt"}],
        "recipeInstructions": [{"title": "", "summary": "", "text": "Soak.\nBoil.", "ingredientReferences": []}],
        "orgURL": "https://a.example/chili", "settings": {"public": false}, "dateAdded": "2023-01-01", "createdAt": "2023-01-01T10:00:00.5",
    });
    let items = read("chili.json", export.to_string().as_bytes());
    let read = recipe(&items[0]);
    assert_eq!(read["ingredients"], json!(["1/2 kilogram beans", "1 salt"]));
    assert_eq!(read["instructions"], json!([{"text": "Soak."}, {"text": "Boil."}]));
    assert_eq!((&read["servings"], &read["yield"]), (&json!(4), &json!("8 bowls")));
    assert_eq!(left_out(&items[0]), ["/settings.public"]);
}

#[test]
fn mealie_of_later_versions_is_read_from_its_backup() {
    let id = "5f2e5c0e-2b6e-4a8e-9a53-0b9c5d1f2a3b";
    let tables = json!({
        "users": [{"id": "1", "email": "ada@example.com", "password": "x"}],
        "recipes": [{"id": id, "name": "Chili", "slug": "chili", "image": "k1T", "recipe_yield": "4 servings", "total_time": "1 hour", "org_url": "https://a.example/chili"}],
        "recipes_ingredients": [
            {"recipe_id": id, "position": 1, "note": "", "unit_id": null, "food_id": null, "original_text": "salt", "quantity": 0},
            {"recipe_id": id, "position": 0, "note": "dry", "unit_id": "u1", "food_id": "f1", "quantity": 0.5}],
        "recipe_instructions": [{"recipe_id": id, "position": 0, "title": "", "text": "Soak."}, {"recipe_id": id, "position": 1, "title": "", "text": "Boil."}],
        "ingredient_units": [{"id": "u1", "name": "kg"}], "ingredient_foods": [{"id": "f1", "name": "beans"}],
        "tags": [{"id": "t1", "name": "hot"}], "recipes_to_tags": [{"recipe_id": id.replace('-', ""), "tag_id": "t1"}],
        "categories": [{"id": "c1", "name": "Main"}], "recipes_to_categories": [{"recipe_id": id, "category_id": "c1"}],
        "notes": [{"recipe_id": id, "title": "", "text": "Good."}], "recipe_nutrition": [{"recipe_id": id, "calories": "300"}],
    });
    let picture = format!("data/recipes/{id}/images/original.webp");
    let files = [("database.json", tables.to_string().into_bytes()), (&*picture, b"webp".to_vec())];
    let without = read("backup.zip", &archive(&[(files[0].0, &*files[0].1)]));
    assert_eq!((left_out(&without[0]), without[0].images.len()), (vec!["/image"], 0));
    let items = read("backup.zip", &archive(&files.each_ref().map(|(name, bytes)| (*name, &**bytes))));
    assert_eq!((left_out(&items[0]), &*items[0].images[0].bytes), (vec![], &b"webp"[..]));
    assert_eq!(items.len(), 1, "{items:#?}");
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Chili", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null, "totalTimeMinutes": 60,
            "ingredients": ["1/2 kg beans, dry", "salt"], "servings": 4, "instructions": [{"text": "Soak."}, {"text": "Boil."}],
            "category": ["Main"], "keywords": ["hot"], "nutrition": {"calories": "300"},
            "source": {"url": "https://a.example/chili"}, "extra": {"notes": "Good."},
        })
    );
    let list = json!({"page": 1, "items": [{"name": "Stew", "slug": "stew", "recipeIngredient": [{"note": "water"}]}]});
    assert_eq!(only("page.json", list.to_string().as_bytes())["name"], "Stew");
}

#[test]
fn tandoor_is_read_from_archives_in_an_archive() {
    let export = json!({
        "name": "Dumplings", "description": "Steamed", "keywords": [{"name": "china", "description": ""}],
        "steps": [
            {"name": "Filling", "instruction": "Chop the **cabbage**.\n\nSalt it.", "order": 1, "time": 15, "show_as_header": true, "ingredients": [
                {"food": {"name": "cabbage"}, "unit": {"name": "g"}, "amount": 300.0, "note": "white", "order": 1, "is_header": false, "no_amount": false},
                {"food": {"name": "salt"}, "unit": null, "amount": 0, "note": "", "order": 2, "is_header": false, "no_amount": true}]},
            {"name": "", "instruction": "1. Knead\n2. Fold", "order": 0, "time": 0, "ingredients": [
                {"food": null, "unit": null, "amount": 0, "note": "Dough", "order": 0, "is_header": true, "no_amount": false},
                {"food": {"name": "flour"}, "unit": {"name": "cups"}, "amount": 2.25, "note": "", "order": 1, "is_header": false, "no_amount": false}]}],
        "working_time": 40, "waiting_time": 0, "servings": 4, "servings_text": "people",
        "nutrition": {"carbohydrates": 30, "fats": 5.5, "proteins": 10, "calories": 250, "source": ""}, "internal": true,
    });
    let inner = archive(&[("recipe.json", export.to_string().as_bytes()), ("image.png", b"\x89PNG")]);
    let zip = archive(&[("1_recipe.zip", &inner), ("2_recipe.zip", &inner)]);
    let items = read("export.zip", &zip);
    assert_eq!(items.len(), 2, "{items:#?}");
    assert_eq!(
        (items[0].format, items[0].place.entry.as_deref()),
        (Format::Tandoor, Some("1_recipe.zip/recipe.json"))
    );
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Dumplings", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": 40,
            "ingredients": ["Dough:", "2 1/4 cups flour", "300 g cabbage (white)", "salt"], "description": "Steamed",
            "servings": 4, "keywords": ["china"],
            "instructions": [{"text": "Knead"}, {"text": "Fold"}, {"section": "Filling", "text": "Chop the cabbage.", "minutes": 15},
                             {"section": "Filling", "text": "Salt it."}],
            "nutrition": {"calories": "250 kcal", "carbohydrateContent": "30 g", "fatContent": "5.5 g", "proteinContent": "10 g"},
        })
    );
}

#[test]
fn nextcloud_is_read_from_folders_in_an_archive() {
    let export = json!({
        "@context": "http:\\/\\/schema.org", "@type": "Recipe", "id": "12", "name": "Pancakes", "description": "", "url": "",
        "image": "/apps/cookbook/full.jpg", "prepTime": "PT0H10M", "cookTime": "PT0H20M", "totalTime": null, "recipeYield": 2,
        "recipeCategory": "Breakfast", "keywords": "sweet,fast", "tool": ["pan"], "recipeIngredient": ["2 eggs", "milk"],
        "recipeInstructions": ["Whisk.", "Fry."], "nutrition": {"@type": "NutritionInformation", "calories": null, "fatContent": "10 g"},
        "dateCreated": "2022-02-01T10:00:00+0000", "dateModified": null, "printImage": true,
    });
    let zip = archive(&[
        ("Pancakes/recipe.json", export.to_string().as_bytes()),
        ("Pancakes/full.jpg", b"\xff\xd8\xff"),
    ]);
    let items = read("cookbook.zip", &zip);
    assert_eq!(items[0].format, Format::Nextcloud);
    let read = recipe(&items[0]);
    assert_eq!(
        (&read["servings"], &read["prepTimeMinutes"], &read["cookTimeMinutes"]),
        (&json!(2), &json!(10), &json!(20))
    );
    assert_eq!(read["nutrition"], json!({"fatContent": "10 g"}));
    assert_eq!(read["keywords"], json!(["sweet", "fast"]));
    assert_eq!(read["instructions"], json!([{"text": "Whisk."}, {"text": "Fry."}]));
}

fn gzip(value: &Value) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(value.to_string().as_bytes()).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn paprika_is_read_from_packed_files_in_an_archive() {
    let export = json!({
        "uid": "9C3BBB9E-5A0C-4F57-8A60-2C5C0F8F4C11", "name": "Rolls\n", "ingredients": "500 g flour\n\nFor the glaze:\n1 egg", "directions": "Knead.\n\nGlaze:\nBrush.",
        "description": "", "notes": "Freeze well.", "nutritional_info": "Calories: 120", "servings": "about 20 rolls", "prep_time": "1 hr 20 min",
        "cook_time": "25 min", "total_time": "", "difficulty": "Easy", "source": "Aunt Mia", "source_url": "", "image_url": "https://a.example/r.jpg",
        "categories": ["Bread", "Breakfast"], "rating": 4, "created": "2019-01-31 20:11:05", "photo_data": "/9j/4AAQ", "photos": [], "hash": "AB",
        "photo": "x.jpg", "scale": null,
    });
    let zip = archive(&[("Rolls.paprikarecipe", &gzip(&export))]);
    let items = read("My Recipes.paprikarecipes", &zip);
    assert_eq!((items[0].format, left_out(&items[0])), (Format::Paprika, vec!["/rating"]));
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Rolls", "healthLabels": [], "cookTimeMinutes": 25, "prepTimeMinutes": 80,
            "ingredients": ["500 g flour", "For the glaze:", "1 egg"], "yield": "about 20 rolls",
            "instructions": [{"text": "Knead."}, {"section": "Glaze", "text": "Brush."}], "category": ["Bread", "Breakfast"],
            "source": {"name": "Aunt Mia"}, "difficulty": 1,
            "extra": {"image": "https://a.example/r.jpg", "notes": "Freeze well.", "nutritionalInfo": "Calories: 120"},
        })
    );
    let formats::Content::Recipe(imported) = items[0].content.as_ref().unwrap() else { panic!() };
    assert_eq!(imported.history.created_at.unwrap().to_string(), "2019-01-31T20:11:05Z");
    assert!(imported.history.uid.is_some());
    assert_eq!(only("Rolls.paprikarecipe", &gzip(&export))["name"], "Rolls");
}

#[test]
fn recipesage_is_read() {
    let export = json!([{
        "@context": "http://schema.org", "@type": "Recipe", "identifier": "1", "datePublished": "2023-01-01T00:00:00Z", "description": "Nice",
        "image": ["https://img.example/1.jpg"], "name": "Salad", "prepTime": "10 minutes", "totalTime": "15 min", "recipeIngredient": ["1 head lettuce"],
        "recipeInstructions": [{"@type": "HowToStep", "text": "Wash."}, {"@type": "HowToStep", "text": "Mix."}], "recipeYield": "2 people",
        "recipeCategory": ["Salads"], "creditText": "Grandma", "isBasedOn": "https://salads.example/1",
        "comment": [{"@type": "Comment", "name": "Private Note", "text": "More oil."}], "aggregateRating": {"ratingValue": "5"},
    }]);
    let items = read("recipesage-data.json-ld.json", export.to_string().as_bytes());
    let read = recipe(&items[0]);
    assert_eq!(
        (&read["prepTimeMinutes"], &read["totalTimeMinutes"], &read["servings"]),
        (&json!(10), &json!(15), &json!(2))
    );
    assert_eq!(read["source"], json!({"name": "Grandma", "url": "https://salads.example/1"}));
    assert_eq!(read["extra"]["notes"], "More oil.");
}

#[test]
fn recipe_keeper_is_read_from_its_page() {
    let html = r#"<!DOCTYPE html><html><head><title>Recipe Keeper</title></head><body><div class="recipe-details">
        <meta content="True" itemprop="recipeIsFavourite"><meta content="0" itemprop="recipeRating"><table><tr><td><h2 itemprop="name">Goulash</h2>
        <div>Courses: <span>Main</span><meta content="Main" itemprop="recipeCourse"></div><meta content="Stew" itemprop="recipeCategory">
        <div>Serving size: <span itemprop="recipeYield">4 servings</span></div><div>Prep time <span>0:15</span><meta content="PT15M" itemprop="prepTime"></div>
        <meta content="PT2H" itemprop="cookTime"><div>Source: <span itemprop="recipeSource"><a href="https://g.example/goulash">g.example</a></span></div></td></tr></table>
        <div class="recipe-ingredients" itemprop="recipeIngredients"><p>1 kg beef</p><p>3 onions</p><p></p></div>
        <div itemprop="recipeDirections"><p>1. Fry.</p><p>2. Stew.</p></div><div class="recipe-notes" itemprop="recipeNotes"><p>Good.</p></div>
        <meta content="300" itemprop="recipeNutCalories"><meta content="0" itemprop="recipeNutProtein"><img src="images/1.jpg" itemprop="photo0"></div></body></html>"#;
    let items = read(
        "RecipeKeeper.zip",
        &archive(&[("recipes.html", html.as_bytes()), ("images/1.jpg", b"\xff\xd8\xff")]),
    );
    assert_eq!(items[0].format, Format::RecipeKeeper);
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Goulash", "healthLabels": [], "cookTimeMinutes": 120, "prepTimeMinutes": 15, "ingredients": ["1 kg beef", "3 onions"],
            "servings": 4, "instructions": [{"text": "Fry."}, {"text": "Stew."}], "category": ["Main", "Stew"],
            "nutrition": {"calories": "300 kcal"}, "source": {"name": "g.example", "url": "https://g.example/goulash"},
            "extra": {"notes": "Good."},
        })
    );
    assert_eq!(left_out(&items[0]), ["/recipeIsFavourite"]);
    assert_eq!(items[0].images[0].bytes, b"\xff\xd8\xff");
    for without in
        [read("recipes.html", html.as_bytes()), read("a.zip", &archive(&[("a.html", html.as_bytes())]))]
    {
        assert_eq!(left_out(&without[0]), ["/recipeIsFavourite", "/image"]);
        assert!(without[0].images.is_empty());
    }
}

#[test]
fn spreadsheets_are_read_by_the_names_of_their_columns() {
    let mine = "title,description,preparationTime,cookingTime,inactiveTime,totalTime,quantity,ingredients,instructions,notes,nutrition,favorite,rating,categories,tags,video,source,originalPicture\n\
        Pesto,Green,10 min,,1 h,,\"4 servings\",\"50 g basil\nNuts:\n20 g pine nuts\",\"Grind.\nServe.\",Keep cold,,1,5,\"Sauce, Dip\",quick,https://v.example/1,https://p.example/pesto,\n";
    let items = read("export.csv", mine.as_bytes());
    assert_eq!(items[0].format, Format::Csv);
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Pesto", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": 10, "restTimeMinutes": 60,
            "ingredients": ["50 g basil", "Nuts:", "20 g pine nuts"], "description": "Green", "servings": 4,
            "instructions": [{"text": "Grind."}, {"text": "Serve."}], "category": ["Sauce", "Dip"], "keywords": ["quick"],
            "source": {"url": "https://p.example/pesto"}, "extra": {"notes": "Keep cold"},
        })
    );
    assert_eq!(left_out(&items[0]), ["/rating", "/favorite", "/video"]);

    let plan = "Title,Course,Cuisine,Main Ingredient,Description,Source,Url,Url Host,Prep Time,Cook Time,Total Time,Servings,Yield,Ingredients,Directions,Tags,Rating,Public Url,Photo Url,Private,Calories,Fat,Created At,Updated At\n\
        Tart,Dessert,French,Apples,,Book,https://t.example/1,t.example,30,45,75,8,1 tart,\",Crust\n200 g flour\n,Filling\n4 apples\",\"Roll.\nBake.\",fruit,0,,https://t.example/t.jpg,No,300,12 g,2020-01-02 03:04:05 UTC,\n";
    let items = read("recipes.csv", plan.as_bytes());
    let read = recipe(&items[0]);
    assert_eq!(read["ingredients"], json!(["Crust:", "200 g flour", "Filling:", "4 apples"]));
    assert_eq!(
        (&read["servings"], &read["yield"], &read["totalTimeMinutes"]),
        (&json!(8), &json!("1 tart"), &json!(75))
    );
    assert_eq!(
        (&read["keywords"], &read["source"]),
        (&json!(["fruit", "Apples"]), &json!({"name": "Book", "url": "https://t.example/1"}))
    );
    assert_eq!(read["nutrition"], json!({"calories": "300", "fatContent": "12 g"}));
}

#[test]
fn table_without_a_recipe_is_refused_and_blank_rows_are_left_out() {
    let header = "title,ingredients,directions\n";
    assert_eq!(errors(&read("empty.csv", header.as_bytes())), ["has no recipe"]);
    assert_eq!(errors(&read("blank.csv", format!("{header},,\n,,\n").as_bytes())), ["has no recipe"]);
    let bytes = [header.as_bytes(), b"Soup,leek,Boil.\n,,\nTart,apples,Bake.\n"].concat();
    for items in [read("two.csv", &bytes), read("two.zip", &archive(&[("two.csv", &bytes)]))] {
        let names: Vec<_> = items.iter().map(|item| recipe(item)["name"].clone()).collect();
        assert_eq!(names, ["Soup", "Tart"]);
        let lines: Vec<_> = items.iter().map(|item| item.place.line).collect();
        assert_eq!(lines, [Some(2), Some(4)]);
    }
}

#[test]
fn spreadsheet_in_another_encoding_is_read() {
    let table = "title;ingredients;directions\nCrème brûlée;eggs;Käse\n";
    let utf_16 = [0xff, 0xfe].into_iter().chain(table.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let windows_1252: Vec<u8> = table.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for bytes in [format!("\u{feff}{table}").into_bytes(), utf_16, windows_1252] {
        let read = recipe(&read("old.csv", &bytes)[0]);
        assert_eq!(
            (&read["name"], &read["instructions"]),
            (&json!("Crème brûlée"), &json!([{"text": "Käse"}]))
        );
    }
}

#[test]
fn long_spreadsheet_is_read() {
    // Longer than a document may be: only a row is in memory.
    let limits = Limits { document_bytes: 1 << 20, ..Limits::default() };
    let table = "title,ingredients,directions\n".to_owned() + &"Soup,leek,Boil.\n".repeat(100_000);
    let mut reader =
        Reader::open(Input::bytes(table.as_bytes()), Options { limits, ..Options::default() }).unwrap();
    let mut count = 0;
    while let Some(item) = reader.next_item().unwrap() {
        assert!(item.content.is_ok());
        count += 1;
    }
    assert_eq!(count, 100_000);
}

#[test]
fn markdown_with_front_matter_is_read() {
    let chowdown = "---\nlayout: recipe\ntitle: \"Fudge\"\nimage: fudge.jpg\ntags: sweet, dessert\n\ningredients:\n- 2 cups sugar\n- butter: 20 g\n\ndirections:\n- Melt **it**.\n- Cool.\n---\n\nA [classic](https://f.example).\n";
    let items = read("fudge.md", chowdown.as_bytes());
    assert_eq!(items[0].format, Format::Markdown);
    assert_eq!(
        recipe(&items[0]),
        json!({
            "name": "Fudge", "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": null,
            "ingredients": ["2 cups sugar", "butter: 20 g"], "description": "A classic.",
            "instructions": [{"text": "Melt it."}, {"text": "Cool."}], "keywords": ["sweet", "dessert"],
        })
    );
    assert_eq!(left_out(&items[0]), ["/image"]);

    let hugo = "---\ntitle: Borscht\ndate: 2020-01-02\nservings: 4\nprep_time: 20 minutes\n---\n\n## Ingredients\n\n- 3 beets\n- water\n\n## Directions\n\n1. Peel.\n2. Boil.\n";
    let read = only("borscht.md", hugo.as_bytes());
    assert_eq!(
        (&read["servings"], &read["prepTimeMinutes"], &read["ingredients"]),
        (&json!(4), &json!(20), &json!(["3 beets", "water"]))
    );
    assert_eq!(read["instructions"], json!([{"text": "Peel."}, {"text": "Boil."}]));
}

#[test]
fn cooklang_and_plain_text_take_their_name_from_the_file() {
    let read =
        only("folder/Egg_salad.cook", b"Boil @eggs{4} for ~{8%minutes}.\n\nMix with @mayonnaise{2%tbsp}.\n");
    assert_eq!(
        (&read["name"], &read["ingredients"]),
        (&json!("Egg salad"), &json!(["4 eggs", "2 tbsp mayonnaise"]))
    );
    let read = only(
        "note.txt",
        "Kaiserschmarrn\n\nZutaten\n3 Eier\n100 g Mehl\n\nZubereitung\nRühren.\nBacken.\n".as_bytes(),
    );
    assert_eq!(
        (&read["name"], &read["ingredients"]),
        (&json!("Kaiserschmarrn"), &json!(["3 Eier", "100 g Mehl"]))
    );
}

#[test]
fn own_recipes_are_read_as_a_request_and_accounts_are_handed_on() {
    let own = json!([{"id": 1, "name": "Soup", "healthLabels": [], "cookTimeMinutes": 5, "prepTimeMinutes": null, "ingredients": ["water"], "ownerId": 3, "rating": 5},
        {"name": "Ada", "email": "ada@example.com", "password": "x"}, {"name": "Bad", "ingredients": ["x"]}]);
    let items = read("recipes.json", own.to_string().as_bytes());
    assert_eq!((items[0].format, left_out(&items[0])), (Format::Json, vec!["/rating"]));
    assert_eq!(items[0].taken, ["cookTimeMinutes", "ingredients", "name"]);
    assert!(matches!(&items[1].content, Ok(formats::Content::Account(_))));
    assert_eq!(items[2].content.as_ref().unwrap_err().len(), 3);
    assert_eq!((items[2].number, items[2].place.line), (3, Some(1)));
}
