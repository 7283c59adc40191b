use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Stdio,
};

use crate::program::Folder;

/// Every field there is, with texts that are easily broken on the way.
const FULL: &str = r#"{"name":"Älplermagronen \"à la\" \\ 🧀","healthLabels":[],"cookTimeMinutes":30,"prepTimeMinutes":null,"ingredients":["~150g (1/3 lb) bacon","½ Zwiebel\tgehackt"],"totalTimeMinutes":45,"restTimeMinutes":0,"description":"Zeile 1\nZeile 2","servings":2.5,"yield":"4","instructions":["Peel.",{"section":"Sauce","text":"Stir.","minutes":5}],"category":["main"],"cuisine":["swiss"],"keywords":["pasta","swiss"],"tools":[],"nutrition":{"calories":"300 kcal"},"author":{"name":"A. Bocken"},"source":{"url":"https://example.com/a?b=c&d"},"license":"Unlicense","language":"gsw-CH","difficulty":2,"visibility":"private","extra":{"z":1.50,"a":[null,true,"\u2028"],"ownerId":5},"uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":3,"createdAt":"2024-05-01T12:00:00Z","updatedAt":"2024-05-02T12:00:00.123456Z"}"#;
const PLAIN: &str = r#"{"name":"Water","healthLabels":["Vegan"],"cookTimeMinutes":0,"prepTimeMinutes":1,"ingredients":["water"]}"#;

/// Three recipes, of which one is private, one somebody's and one everybody's.
fn kitchen() -> Folder {
    let folder = Folder::new();
    folder.with("users add ada@example.com --password-stdin").stdin("ten little onions\n").run().is(0);
    folder.write("full.ndjson", FULL);
    folder.run("import --owner ada@example.com full.ndjson").is(0);
    folder.with("import -").stdin(&format!("{PLAIN}\n{}", PLAIN.replace("Water", "Ice"))).run().is(0);
    folder
}

#[test]
fn what_was_imported_and_exported_again_is_the_same_byte_for_byte() {
    let folder = kitchen();
    for (format, copy) in [("ndjson", "one.db"), ("json", "two.db")] {
        folder.run(&format!("export --format {format} -o {copy}.{format}")).is(0).says("");
        folder
            .run(&format!("import --database-url sqlite:{copy} {copy}.{format}"))
            .is(0)
            .says("3 recipes imported");
        let again = folder.run(&format!("--database-url sqlite:{copy} export --format {format}"));
        assert_eq!(again.stdout, folder.read(&format!("{copy}.{format}")));
        // Into the database where they come from: nothing changes.
        folder.run(&format!("import {copy}.{format}")).is(0).says("nothing imported, 3 already there");
    }
}

#[test]
fn the_past_of_a_recipe_is_kept_and_the_owner_is_not() {
    let export = kitchen().run("export");
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
    assert!(!lines[0].contains(r#""ownerId":1"#), "a number that is somebody else elsewhere");
}

#[test]
fn json_is_an_array_with_a_recipe_a_line() {
    let folder = kitchen();
    let json = folder.run("export --format json").stdout;
    let ndjson = folder.run("export").stdout;
    assert_eq!(json, format!("[\n{}\n]\n", ndjson.trim_end().replace('\n', ",\n")));
}

#[test]
fn nothing_is_exported_as_nothing() {
    let folder = Folder::new();
    folder.with("import -").run().is(0).says("nothing imported");
    assert_eq!(folder.run("export").is(0).stdout, "");
    assert_eq!(folder.run("export --format json").is(0).stdout, "[]\n");
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = Folder::new();
    let export = folder.run("export");
    export.is(1).says("").complains(&[
        "recipes: there is no database at sqlite:data/recipes.db; name another with --database-url or DATABASE_URL",
    ]);
    assert!(!folder.has("data"));
}

#[test]
fn a_file_is_replaced_only_by_a_whole_one() {
    let folder = kitchen();
    folder.write("out.ndjson", "the one of yesterday\n");
    folder.run("export -o out.ndjson").is(0);
    assert_eq!(folder.read("out.ndjson"), folder.run("export").stdout);
    assert!(!folder.has("out.ndjson.part"));
    let failed = folder.run("export -o nowhere/out.ndjson");
    failed.is(1);
    assert!(failed.stderr.starts_with("recipes: nowhere/out.ndjson cannot be written: "), "{failed:?}");
}

#[test]
fn a_new_file_is_its_owners_and_an_old_one_stays_where_and_as_open_as_it_is() {
    let folder = kitchen();
    let mode = |name| fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777;
    folder.run("export -o new.ndjson").is(0);
    assert_eq!(mode("new.ndjson"), 0o600);
    fs::set_permissions(folder.path("new.ndjson"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("new.ndjson", folder.path("link")).unwrap();
    // What lies where the draft goes is not written through.
    folder.write("elsewhere", "precious");
    symlink("elsewhere", folder.path("new.ndjson.part")).unwrap();
    folder.run("export --format json -o link").is(0);
    assert!(fs::symlink_metadata(folder.path("link")).unwrap().is_symlink());
    assert!(folder.read("new.ndjson").starts_with("[\n"));
    assert_eq!((mode("new.ndjson"), folder.read("elsewhere").as_str()), (0o640, "precious"));
}

#[test]
fn what_is_no_file_is_written_to_and_not_replaced() {
    let folder = kitchen();
    let export = folder.run("export");
    assert_eq!(folder.run("export -o /dev/stdout").is(0).stdout, export.stdout);
    folder.run("export -o /dev/null").is(0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let folder = kitchen();
    let many = format!("{PLAIN}\n").repeat(2_000);
    folder.with("import -").stdin(&many).run().is(0);
    let mut child = folder.command("export").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // More than a pipe holds, so that it is writing when the reader goes.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn more_than_a_page_is_exported_in_order() {
    let folder = Folder::new();
    let lines: Vec<_> = (1..=1_234).map(|n| PLAIN.replace("Water", &format!("Water {n}"))).collect();
    folder.with("import -").stdin(&lines.join("\n")).run().is(0);
    let export = folder.run("export");
    let names: Vec<_> =
        export.stdout.lines().map(|line| line.split('"').nth(5).unwrap().to_owned()).collect();
    assert_eq!(names, (1..=1_234).map(|n| format!("Water {n}")).collect::<Vec<_>>());
}
