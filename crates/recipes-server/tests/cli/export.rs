use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Stdio,
};

use crate::program::Folder;

/// All fields, with texts that are easily damaged.
const FULL: &str = r#"{"name":"Älplermagronen \"à la\" \\ 🧀","healthLabels":[],"cookTimeMinutes":30,"prepTimeMinutes":null,"ingredients":["~150g (1/3 lb) bacon","½ Zwiebel\tgehackt"],"totalTimeMinutes":45,"restTimeMinutes":0,"description":"Zeile 1\nZeile 2","servings":2.5,"yield":"4","instructions":["Peel.",{"section":"Sauce","text":"Stir.","minutes":5}],"category":["main"],"cuisine":["swiss"],"keywords":["pasta","swiss"],"tools":[],"nutrition":{"calories":"300 kcal"},"author":{"name":"A. Bocken"},"source":{"url":"https://example.com/a?b=c&d"},"license":"Unlicense","language":"gsw-CH","difficulty":2,"visibility":"private","extra":{"z":1.50,"a":[null,true,"\u2028"],"ownerId":5},"uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":3,"createdAt":"2024-05-01T12:00:00Z","updatedAt":"2024-05-02T12:00:00.123456Z"}"#;
const PLAIN: &str = r#"{"name":"Water","healthLabels":["Vegan"],"cookTimeMinutes":0,"prepTimeMinutes":1,"ingredients":["water"]}"#;

/// Three recipes: one with an owner, which is private, and two without.
fn folder_with_recipes() -> Folder {
    let folder = Folder::new();
    folder.with("users add ada@example.com --password-stdin").stdin("ten little onions\n").run().is(0);
    folder.write("full.ndjson", FULL);
    folder.run("import --owner ada@example.com full.ndjson").is(0);
    folder.with("import -").stdin(&format!("{PLAIN}\n{}", PLAIN.replace("Water", "Ice"))).run().is(0);
    folder
}

#[test]
fn export_imported_elsewhere_gives_the_same_export() {
    let folder = folder_with_recipes();
    for (format, copy) in [("ndjson", "one.db"), ("json", "two.db")] {
        folder.run(&format!("export --format {format} -o {copy}.{format}")).is(0).says("");
        folder
            .run(&format!("import --database-url sqlite:{copy} {copy}.{format}"))
            .is(0)
            .says("3 recipes imported");
        let again = folder.run(&format!("--database-url sqlite:{copy} export --format {format}"));
        assert_eq!(again.stdout, folder.read(&format!("{copy}.{format}")));
        // Importing into the original database changes nothing.
        folder.run(&format!("import {copy}.{format}")).is(0).says("nothing imported, 3 already there");
    }
}

#[test]
fn export_has_uid_revision_and_times_and_no_owner() {
    let export = folder_with_recipes().run("export");
    let lines: Vec<_> = export.stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].ends_with(
            r#","uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":3,"createdAt":"2024-05-01T12:00:00Z","updatedAt":"2024-05-02T12:00:00.123456Z"}"#
        ),
        "{}",
        lines[0]
    );
    assert!(lines[0].contains(r#""visibility":"private""#) && lines[0].contains(r#""ownerId":5,"z""#));
    assert!(!lines[0].contains(r#""ownerId":1"#), "the owner is not exported");
}

#[test]
fn json_is_an_array_with_one_recipe_per_line() {
    let folder = folder_with_recipes();
    let json = folder.run("export --format json").stdout;
    let ndjson = folder.run("export").stdout;
    assert_eq!(json, format!("[\n{}\n]\n", ndjson.trim_end().replace('\n', ",\n")));
}

#[test]
fn empty_database_gives_an_empty_export() {
    let folder = Folder::new();
    folder.with("import -").run().is(0).says("nothing imported");
    assert_eq!(folder.run("export").is(0).stdout, "");
    assert_eq!(folder.run("export --format json").is(0).stdout, "[]\n");
}

#[test]
fn formats_for_others_name_what_they_leave_out() {
    let folder = folder_with_recipes();
    let graph = folder.run("export --format jsonld");
    graph.is(0).complains(&[
        "left out, because jsonld has no place for them: difficulty (1 recipe), extra (1 recipe), \
                             restTimeMinutes (1 recipe), visibility (1 recipe)",
    ]);
    let graph: serde_json::Value = serde_json::from_str(&graph.stdout).unwrap();
    assert_eq!(graph["@graph"].as_array().unwrap().len(), 3);
    assert_eq!(graph["@graph"][1]["suitableForDiet"][0], "https://schema.org/VeganDiet");
    for (format, extension, lost) in [
        ("zip", "json", ""),
        ("markdown", "md", "extra (1 recipe), visibility (1 recipe)"),
        ("text", "txt", "extra (1 recipe), visibility (1 recipe)"),
        ("cooklang", "cook", "extra (1 recipe), nutrition (1 recipe), visibility (1 recipe)"),
    ] {
        let export = folder.run(&format!("export --format {format} -o {format}.zip"));
        let line = format!("left out, because {format} has no place for them: {lost}");
        let complaints = [&*line];
        export.is(0).says("").complains(if lost.is_empty() { &[] } else { &complaints });
        let mut archive =
            zip::ZipArchive::new(fs::File::open(folder.path(&format!("{format}.zip"))).unwrap()).unwrap();
        assert_eq!(archive.len(), 3);
        assert!(archive.by_index(0).unwrap().name().unwrap().ends_with(&format!(".{extension}")));
    }
}

#[test]
fn missing_database_is_not_created() {
    let folder = Folder::new();
    let export = folder.run("export");
    export.is(1).says("").complains(&[
        "recipes: there is no database at sqlite:data/recipes.db; name another one with --data-dir or --database-url",
    ]);
    assert!(!folder.has("data"));
}

#[test]
fn file_is_replaced_only_by_a_complete_export() {
    let folder = folder_with_recipes();
    folder.write("out.ndjson", "the old export\n");
    folder.run("export -o out.ndjson").is(0);
    assert_eq!(folder.read("out.ndjson"), folder.run("export").stdout);
    assert!(!folder.has("out.ndjson.part"));
    let failed = folder.run("export -o nowhere/out.ndjson");
    failed.is(1);
    assert!(failed.stderr.starts_with("recipes: nowhere/out.ndjson cannot be written: "), "{failed:?}");
}

#[test]
fn new_file_is_private_and_existing_file_keeps_its_permissions() {
    let folder = folder_with_recipes();
    let mode = |name| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    folder.run("export -o new.ndjson").is(0);
    assert_eq!(mode("new.ndjson"), 0o600);
    fs::set_permissions(folder.path("new.ndjson"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("new.ndjson", folder.path("link")).unwrap();
    // A link in place of the draft is not followed.
    folder.write("elsewhere", "precious");
    symlink("elsewhere", folder.path("new.ndjson.part")).unwrap();
    folder.run("export --format json -o link").is(0);
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());
    assert!(folder.read("new.ndjson").starts_with("[\n"));
    assert_eq!((mode("new.ndjson"), folder.read("elsewhere").as_str()), (0o640, "precious"));
}

#[test]
fn device_is_written_to_and_not_replaced() {
    let folder = folder_with_recipes();
    let export = folder.run("export");
    assert_eq!(folder.run("export -o /dev/stdout").is(0).stdout, export.stdout);
    folder.run("export -o /dev/null").is(0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn closed_pipe_ends_the_export_without_an_error() {
    let folder = folder_with_recipes();
    let many = format!("{PLAIN}\n").repeat(2_000);
    folder.with("import -").stdin(&many).run().is(0);
    let mut child = folder.command("export").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // More than the pipe's buffer, so that the export is writing when the pipe is closed.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn several_pages_are_exported_in_order() {
    let folder = Folder::new();
    let lines: Vec<_> = (1..=1_234).map(|n| PLAIN.replace("Water", &format!("Water {n}"))).collect();
    folder.with("import -").stdin(&lines.join("\n")).run().is(0);
    let export = folder.run("export");
    let names: Vec<_> =
        export.stdout.lines().map(|line| line.split('"').nth(5).unwrap().to_owned()).collect();
    assert_eq!(names, (1..=1_234).map(|n| format!("Water {n}")).collect::<Vec<_>>());
}

#[test]
fn files_of_the_service_are_not_overwritten_by_any_name() {
    let folder = folder_with_recipes();
    folder.write("data/jwt-secret", "a secret for tests, of more than 32 bytes\n");
    symlink(folder.path("data/recipes.db"), folder.path("link")).unwrap();
    fs::hard_link(folder.path("data/jwt-secret"), folder.path("other-name")).unwrap();
    fs::create_dir_all(folder.path("data/search/parts")).unwrap();
    fs::create_dir_all(folder.path("data/search-2")).unwrap();
    folder.write("data/search/meta.json", "{}");
    symlink(folder.path("data/search"), folder.path("index")).unwrap();
    let files = || {
        ["data/recipes.db", "data/jwt-secret", "data/search/meta.json"]
            .map(|name| fs::read(folder.path(name)).unwrap())
    };
    let before = files();
    for target in [
        "data/recipes.db",
        "data/../data/recipes.db",
        "data/recipes.db-wal",
        "data/recipes.db-checkpoint",
        "data/jwt-secret",
        "link",
        "other-name",
        ".env",
        "data/search/meta.json",
        "data/search/parts/new",
        "data/search-2/new",
        "index/meta.json",
    ] {
        let refused = folder.run(&format!("export -o {target}"));
        refused.is(2).says("");
        assert!(refused.stderr.contains("is a file of the service"), "{refused:?}");
    }
    assert!(files() == before);
    // A database somewhere else is named by its setting.
    let refused =
        folder.run("export --database-url sqlite:data/recipes.db --data-dir elsewhere -o data/recipes.db");
    assert!(refused.is(2).stderr.contains("is a file of the service"), "{refused:?}");
    folder.run("export -o data/recipes.ndjson").is(0);
}
