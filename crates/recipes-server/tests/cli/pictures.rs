//! Pictures in imports and exports.

use std::fs;
use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use serde_json::Value;

use crate::program::Folder;

fn jpeg(width: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, 40).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn soup(name: &str) -> String {
    format!(
        r#"{{"@type":"Recipe","name":"{name}","recipeIngredient":["salt"],"recipeInstructions":["Chop.","Boil."],"image":"full.jpg"}}"#
    )
}

/// Name and width of the picture of each recipe, and of the first step that has one.
fn pictures(folder: &Folder, database: &str) -> Vec<(String, Option<u64>, Option<u64>)> {
    let export = folder.run(&format!("--database-url sqlite:{database} export"));
    let lines = export.is(0).stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|recipe| {
            let name = recipe["name"].as_str().unwrap().to_owned();
            (name, recipe["image"]["width"].as_u64(), recipe["stepImages"][0]["width"].as_u64())
        })
        .collect()
}

#[test]
fn pictures_beside_the_files_of_a_folder_go_through_an_archive_into_another_database() {
    let folder = Folder::new();
    for name in ["book/Damaged", "book/Soup"] {
        fs::create_dir_all(folder.path(name)).unwrap();
        folder.write(&format!("{name}/recipe.json"), soup(name.trim_start_matches("book/")));
    }
    folder.write("book/Damaged/full.png", "text");
    folder.write("book/Soup/full.jpg", jpeg(60));
    folder.write("book/Stew.json", soup("Stew"));
    folder.write("book/Stew step 2.jpg", jpeg(70));
    folder.write("book/two.json", format!("[{},{}]", soup("Third"), soup("Fourth")));
    folder.write("book/two.jpg", jpeg(80));
    let import = folder.run("import --database-url sqlite:one.db book");
    import.is(0).says("5 recipes imported, 3 fields left out").complains(&[
        "book/Damaged/recipe.json: a picture was left out: it is no JPEG, PNG, WebP or GIF",
        "recipes: left out, because recipes have no such field: image (3)",
    ]);
    let named = |name: &str, dish, step| (name.to_owned(), dish, step);
    let want = [
        named("Damaged", None, None),
        named("Soup", Some(60), None),
        named("Stew", None, Some(70)),
        named("Third", None, None),
        named("Fourth", None, None),
    ];
    assert_eq!(pictures(&folder, "one.db"), want);

    folder.run("--database-url sqlite:one.db export --format zip -o all.zip").is(0);
    folder.run("import --strict --database-url sqlite:two.db all.zip").is(0).complains(&[]);
    let mut copied = pictures(&folder, "two.db");
    copied.sort_by_key(|(name, ..)| want.iter().position(|(wanted, ..)| wanted == name));
    assert_eq!(copied, want);

    let export = folder.run("--database-url sqlite:one.db export -o all.ndjson");
    export.is(0).complains(&["left out, because ndjson has no place for them: image (2 recipes)"]);
    folder
        .run("import --database-url sqlite:three.db all.ndjson")
        .is(0)
        .says("5 recipes imported, 2 fields left out")
        .complains(&["recipes: left out, because recipes have no such field: image (1), stepImages (1)"]);
    assert!(pictures(&folder, "three.db").iter().all(|(_, dish, step)| (*dish, *step) == (None, None)));
}

#[test]
fn pictures_come_back_from_a_backup() {
    let folder = Folder::new();
    fs::create_dir(folder.path("book")).unwrap();
    folder.write("book/Soup.json", soup("Soup"));
    folder.write("book/Soup.jpg", jpeg(60));
    folder.run("import --database-url sqlite:one.db book").is(0).says("1 recipe imported");
    folder.run("--database-url sqlite:one.db backup all.backup").is(0);
    folder.run("--database-url sqlite:two.db restore all.backup").is(0);
    assert_eq!(pictures(&folder, "two.db"), [("Soup".to_owned(), Some(60), None)]);
    folder.run("--database-url sqlite:two.db check").is(0);
}
