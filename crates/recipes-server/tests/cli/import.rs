use recipes_server::Clock;
use serde_json::{Value, json};
use store::{DatabaseUrl, Page, Store, Viewer};
use tokio::runtime::Builder;

use crate::program::Folder;

/// The original API's `db/recipes.json`, in small.
const RECIPES: &str = r#"[
  {
    "id": 1,
    "name": "Chicken Vesuvio",
    "healthLabels": ["Sugar-Conscious", "Peanut-Free", "Tree-Nut-Free"],
    "cookTimeMinutes": 60,
    "prepTimeMinutes": 10,
    "ingredients": ["1/2 cup olive oil", "5 cloves garlic, peeled"]
  },
  {
    "id": 7,
    "name": "Royal Blueberry Ice Pops",
    "healthLabels": ["Vegetarian"],
    "cookTimeMinutes": 243,
    "prepTimeMinutes": 15,
    "ingredients": ["1/4 cup honey"]
  }
]
"#;

/// Its `db/users.json`: one e-mail address is none, as in the published file.
const USERS: &str = r#"[
  {
    "id": 1,
    "email": "hello",
    "name": "Published",
    "password": "$2b$10$OhVDk6MJlpUKVVamqTsK.uLz6gnMRj8o1W5maCQzbjBGwRFbceJci"
  },
  {
    "id": 2,
    "name": "Hou",
    "email": "hou@example.com",
    "password": "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG"
  }
]
"#;

fn recipe(name: &str) -> Value {
    json!({
        "name": name, "healthLabels": [], "cookTimeMinutes": null, "prepTimeMinutes": 5, "ingredients": ["water"],
    })
}

fn exported(folder: &Folder) -> Vec<Value> {
    let export = folder.run("export");
    export.is(0);
    export.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(folder: &Folder) -> Vec<String> {
    exported(folder).iter().map(|recipe| recipe["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_original_apis_files_come_over_and_a_bad_user_is_told_by_line() {
    let folder = Folder::new();
    folder.write("recipes.json", RECIPES);
    folder.write("users.json", USERS);
    folder
        .run("import recipes.json users.json")
        .is(1)
        .says("2 recipes and 1 user imported, 1 failed")
        .complains(&[
            "users.json:2: /email of \"Published\" must be an e-mail address, as in alice@example.com",
        ]);
    assert_eq!(names(&folder), ["Chicken Vesuvio", "Royal Blueberry Ice Pops"]);
    let users = folder.run("users list");
    assert!(users.stdout.contains("hou@example.com") && !users.stdout.contains("Published"), "{users:?}");
}

#[test]
fn existing_users_are_reported_and_are_no_failure() {
    let folder = Folder::new();
    folder.write("users.json", USERS.replace("\"hello\"", "\"a@example.com\""));
    folder.run("import users.json").is(0).says("2 users imported").complains(&[]);
    folder.write("again.json", USERS.replace("\"hello\"", "\"A@EXAMPLE.com\""));
    folder.run("import again.json").is(0).says("nothing imported, 2 already there").complains(&[
        "again.json:2: a user with this e-mail address is already there",
        "again.json:8: a user with this e-mail address is already there",
    ]);
}

#[test]
fn ndjson_comes_from_standard_input_in_order() {
    let folder = Folder::new();
    let lines: Vec<_> = (1..=600).map(|n| recipe(&format!("Soup {n}")).to_string()).collect();
    let import = folder.with("import -").stdin(&lines.join("\n")).run();
    import.is(0).says("600 recipes imported");
    // More than are in flight at once, and still the ids are those of the lines.
    let recipes = exported(&folder);
    for (n, recipe) in (1..=600).zip(&recipes) {
        assert_eq!((&recipe["id"], &recipe["name"]), (&json!(n), &json!(format!("Soup {n}"))));
    }
}

#[test]
fn the_good_ones_are_kept_and_each_bad_one_is_told_where_it_stands() {
    let folder = Folder::new();
    let mut bad = recipe("Bad");
    bad["cookTimeMinutes"] = json!(-1);
    bad["ingredients"] = json!(["water", 7]);
    let text = [
        recipe("First").to_string(),
        bad.to_string(),
        "{\"name\": \"Soup".to_owned(),
        "{\"note\": \"no recipe\"}".to_owned(),
        recipe("Last").to_string(),
    ];
    folder.write("mixed.ndjson", text.join("\n"));
    let import = folder.run("import mixed.ndjson");
    import.is(1).says("2 recipes imported, 3 failed");
    let places: Vec<_> = import.stderr.lines().map(|line| line.split(" must").next().unwrap()).collect();
    assert_eq!(places[0], "mixed.ndjson:2: /cookTimeMinutes of \"Bad\"");
    assert_eq!(places[1], "mixed.ndjson:2: /ingredients/1 of \"Bad\"");
    assert!(places[2].starts_with("mixed.ndjson:3: is not valid JSON: "), "{places:?}");
    assert!(places[3].starts_with("mixed.ndjson:4: is neither a recipe"), "{places:?}");
    assert_eq!(names(&folder), ["First", "Last"]);
}

#[test]
fn items_before_a_syntax_error_in_an_array_are_kept() {
    let folder = Folder::new();
    folder.write("cut.json", format!("[\n{},\n{},\n{{\"name\":", recipe("One"), recipe("Two")));
    folder.run("import cut.json").is(1).says("2 recipes imported, 2 failed").complains(&[
        "cut.json:4: is not valid JSON: EOF while parsing a value",
        "cut.json:4: the file ends before the list does",
    ]);
    assert_eq!(names(&folder), ["One", "Two"]);
}

#[test]
fn a_file_that_cannot_be_read_does_not_keep_the_others_out() {
    let folder = Folder::new();
    folder.write("soup.json", format!("[{}]", recipe("Soup")));
    let import = folder.run("import nowhere.json soup.json");
    import.is(1).says("1 recipe imported, 1 failed");
    assert!(import.stderr.starts_with("nowhere.json: cannot be read: "), "{import:?}");
}

#[test]
fn a_dry_run_checks_everything_and_writes_nothing() {
    let folder = Folder::new();
    folder.write("recipes.json", RECIPES);
    folder.write("users.json", USERS);
    let import = folder.run("import --dry-run recipes.json users.json");
    import.is(1).says("2 recipes and 1 user could be imported, 1 failed; nothing was written");
    assert!(!folder.has("data"), "not even an empty database");
}

#[test]
fn recipes_belong_to_the_owner_even_one_from_the_same_run() {
    let folder = Folder::new();
    folder.write("users.json", USERS);
    folder.write("recipes.json", RECIPES);
    folder.write(
        "private.json",
        format!("[{}]", {
            let mut private = recipe("Secret soup");
            private["visibility"] = json!("private");
            private["ownerId"] = json!(99);
            private
        }),
    );
    folder
        .run("import users.json recipes.json --owner HOU@example.com")
        .is(1)
        .says("2 recipes and 1 user imported, 1 failed");
    let all = folder.run("import private.json --owner unknown@example.com");
    all.is(1).says("nothing imported");
    assert_eq!(all.stderr, "recipes: --owner: no user has the e-mail address unknown@example.com\n");
    folder.run("import private.json --owner hou@example.com").is(0);

    // The export does not name the owners.
    assert_eq!(owners(&folder), [Some(1), Some(1), Some(1)]);
}

/// The owners in the order of the recipes, as the database has them.
fn owners(folder: &Folder) -> Vec<Option<i64>> {
    let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path("data/recipes.db").display())).unwrap();
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let store = Store::open(&url, Clock::system().now()).await.unwrap();
        let listing = store.recipes(Page::default(), Viewer::Admin, Vec::new()).await.unwrap();
        let owner = |(_, json)| serde_json::from_slice::<Value>(json).unwrap()["ownerId"].as_i64();
        listing.rows.iter().map(owner).collect()
    })
}

#[test]
fn one_line_may_be_256_kib_and_no_longer() {
    let folder = Folder::new();
    let mut large = recipe("Large");
    large["keywords"] = json!([]);
    let room = 256 * 1024 - large.to_string().len();
    // Space within the line, which a recipe's own limits do not count.
    let longest = large.to_string().replace("\"keywords\":", &format!("\"keywords\":{}", " ".repeat(room)));
    assert_eq!(longest.len(), 256 * 1024);
    let longer = longest.replace("\"keywords\":", "\"keywords\": ");
    folder.write("large.ndjson", format!("{longest}\n{longer}\n{}", recipe("Small")));
    folder
        .run("import large.ndjson")
        .is(1)
        .says("2 recipes imported, 1 failed")
        .complains(&["large.ndjson:2: is longer than 256 KiB"]);
}

#[test]
fn a_password_in_the_clear_is_refused_and_not_repeated() {
    let folder = Folder::new();
    folder.write("users.ndjson", r#"{"name":"Ada","email":"ada@example.com","password":"hunter2"}"#);
    let import = folder.run("import users.ndjson");
    import.is(1).says("nothing imported, 1 failed");
    assert!(import.stderr.contains("/password") && !import.stderr.contains("hunter2"), "{import:?}");
}

#[test]
fn a_file_of_another_kind_is_told_apart() {
    let folder = Folder::new();
    folder.write("recipes.csv", "name,minutes\nSoup,3\n");
    folder
        .run("import recipes.csv")
        .is(1)
        .complains(&["recipes.csv: has no columns for the title, and ingredients or directions"]);
}

#[test]
fn fields_that_recipes_do_not_have_are_named_and_counted() {
    let folder = Folder::new();
    let mut soup = recipe("Soup");
    soup["recipeInstructions"] = json!(["Stir"]);
    soup["notes"] = json!("good");
    // Nothing is lost with these.
    for (field, blank) in
        [("image", json!("")), ("tags", json!([])), ("rating", json!(null)), ("a", json!({"b": [" "]}))]
    {
        soup[field] = blank;
    }
    soup["instructions"] = json!([{ "text": "Stir", "image": "a.jpg" }, { "text": "Eat", "image": "b.jpg" }]);
    let mut stew = recipe("Stew");
    stew["notes"] = json!("\u{1b}[31mbetter");
    stew["bad\u{1b}[31m"] = json!(1);
    folder.write("recipes.json", json!([soup, stew]).to_string());
    let report = "recipes: left out, because recipes have no such field: bad\\u{1b}[31m (1), instructions.image (2), notes (2), \
                  recipeInstructions (1)";
    let dry_run = folder.run("import --dry-run recipes.json");
    dry_run
        .is(0)
        .says("2 recipes could be imported, 6 fields left out; nothing was written")
        .complains(&[report]);
    let strict = folder.run("import --strict recipes.json");
    strict.is(1).says("nothing imported, 2 failed");
    assert!(strict.stderr.contains("recipes.json:1: /notes of \"Soup\" is not a known field"), "{strict:?}");
    assert!(!strict.stderr.contains('\u{1b}'), "{strict:?}");
    folder
        .run("import recipes.json")
        .is(0)
        .says("2 recipes imported, 6 fields left out")
        .complains(&[report]);
    assert_eq!(names(&folder), ["Soup", "Stew"]);
}

#[test]
fn fields_that_users_do_not_have_are_named() {
    let folder = Folder::new();
    let admin = USERS.replace("\"hello\"", "\"a@example.com\"").replace("\"id\": 2", "\"role\": \"admin\"");
    folder.write("users.json", admin);
    folder
        .run("import users.json")
        .is(0)
        .says("2 users imported, 1 field left out")
        .complains(&["recipes: left out, because users have no such field: role (1)"]);
}

#[test]
fn answers_of_the_api_are_read() {
    let folder = Folder::new();
    let page = json!({ "data": [recipe("One"), recipe("Two")], "nextCursor": "x" });
    folder.write("page.json", page.to_string());
    folder.write("one.json", format!("{:#}", json!({ "data": recipe("Three") })));
    let export =
        json!({ "account": { "name": "Ada" }, "events": [{ "kind": "logged_in" }], "exportedAt": "now" });
    let export =
        export.to_string().replace("}]", "}],\"recipes\":[RECIPE]").replace(",\"exportedAt\":\"now\"", "");
    folder.write("export.json", export.replace("RECIPE", &recipe("Four").to_string()));
    folder.run("import page.json one.json export.json").is(0).says("4 recipes imported").complains(&[
        "page.json: has one page of a longer list; nextCursor leads to the next page",
        "export.json: only recipes are imported; left out: account, events",
    ]);
    assert_eq!(names(&folder), ["One", "Two", "Three", "Four"]);
}

#[test]
fn same_content_is_recognized_and_copied_only_on_request() {
    let folder = Folder::new();
    folder.write("recipes.json", RECIPES);
    folder.run("import recipes.json").is(0).says("2 recipes imported");
    let again = folder.run("import recipes.json");
    again.is(0).says("nothing imported, 2 already there").complains(&[
        "recipes.json:2: a recipe with this content is already there; --duplicates copy adds it again",
        "recipes.json:10: a recipe with this content is already there; --duplicates copy adds it again",
    ]);
    folder.run("import --duplicates copy recipes.json").is(0).says("2 recipes imported");

    // White space around a text is no difference; another source or a uid of its own is one.
    let mut sourced = recipe("Soup");
    sourced["source"] = json!({ "name": "Grandmother" });
    let mut with_uid = recipe("Soup");
    with_uid["uid"] = json!("018f3404-d600-7fff-bfff-ffffffffffff");
    let lines = [recipe("Soup"), recipe(" Soup "), sourced, with_uid.clone(), with_uid];
    folder.write("soups.ndjson", lines.map(|line| line.to_string()).join("\n"));
    folder.run("import soups.ndjson").is(0).says("3 recipes imported, 2 already there");
}

#[test]
fn unknown_label_is_refused_where_only_known_ones_are_allowed() {
    let folder = Folder::new();
    let mut labelled = recipe("Bread");
    labelled["healthLabels"] = json!(["Glutenfree"]);
    folder.write("recipes.json", json!([labelled, recipe("Soup")]).to_string());
    let import = folder.with("import recipes.json").env("LABELS", "known").run();
    import.is(1).says("1 recipe imported, 1 failed").complains(&[
        "recipes.json:1: /healthLabels/0 of \"Bread\" is not a known label; did you mean \"Gluten-Free\"?",
    ]);
    assert_eq!(names(&folder), ["Soup"]);
}

const PAGE: &str = r#"<html><script type="application/ld+json">{"@type": "Recipe", "name": "Page soup",
    "recipeIngredient": ["1 l water"], "recipeInstructions": ["Boil it."], "cookTime": "PT10M", "video": {"name": "x"}}</script></html>"#;

#[test]
fn files_of_other_programs_and_folders_are_read() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("mine/deep")).unwrap();
    folder.write("mine/page.html", PAGE);
    folder.write("mine/deep/egg.cook", "Boil @eggs{2}.");
    folder.write("mine/deep/picture.jpg", "not read");
    folder.write("mine/.hidden.json", "[");
    let import = folder.run("import mine");
    import
        .is(0)
        .says("2 recipes imported, 1 field left out")
        .complains(&["recipes: left out, because recipes have no such field: video (1)"]);
    assert_eq!(names(&folder), ["egg", "Page soup"]);
    folder.run("import mine").is(0).says("nothing imported, 2 already there, 1 field left out");
    let strict = folder.run("import --strict mine/page.html");
    assert!(strict.stderr.contains("/video of \"Page soup\" has no field here"), "{strict:?}");
    folder.run("import --format text mine/page.html").is(1);
    folder.run("import --format docx mine/page.html").is(2);
}

#[test]
fn known_recipe_is_updated_or_copied_on_request() {
    let folder = Folder::new();
    let mut soup = recipe("Soup");
    soup["source"] = json!({ "url": "https://a.example/soup" });
    let mut better = soup.clone();
    better["cookTimeMinutes"] = json!(7);
    folder.write("soup.json", soup.to_string());
    folder.write("better.json", better.to_string());
    folder.run("import soup.json").is(0).says("1 recipe imported");
    folder.run("import better.json").is(0).says("nothing imported, 1 already there").complains(&[
        "better.json:1: a recipe of this name from this address is already there; --on-conflict update replaces it",
    ]);
    folder.run("import --on-conflict update better.json").is(0).says("nothing imported, 1 updated");
    assert_eq!(exported(&folder)[0]["cookTimeMinutes"], 7);
    folder.run("import --on-conflict copy better.json").is(0).says("1 recipe imported");
    assert_eq!(names(&folder), ["Soup", "Soup"]);
}

#[test]
fn atomic_import_is_all_or_nothing() {
    let folder = Folder::new();
    folder.write("good.ndjson", format!("{}\n{}", recipe("One"), recipe("Two")));
    folder.write("bad.json", "{\"name\": 1, \"ingredients\": []}");
    folder.run("import --mode atomic good.ndjson bad.json").is(1).says("nothing imported, 1 failed");
    assert!(names(&folder).is_empty());
    folder.run("import --mode atomic good.ndjson").is(0).says("2 recipes imported");
    assert_eq!(names(&folder), ["One", "Two"]);
    folder.write("users.json", USERS.replace("\"hello\"", "\"a@example.com\""));
    folder.run("import --mode atomic users.json").is(1).says("nothing imported, 2 failed");
}
