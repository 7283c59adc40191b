use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::program::Folder;

const RECIPE: &str = r#"{"name":"Water","healthLabels":["Vegan"],"cookTimeMinutes":0,"prepTimeMinutes":1,"ingredients":["water"]}"#;

fn folder_with_data() -> Folder {
    let folder = Folder::new();
    folder.with("users add ada@example.com --password-stdin").stdin("ten little onions\n").run().is(0);
    folder
        .with("import --owner ada@example.com -")
        .stdin(&format!("{RECIPE}\n{}", RECIPE.replace("Water", "Ice")))
        .run()
        .is(0);
    folder
}

#[test]
fn backup_is_restored_into_another_database() {
    let folder = folder_with_data();
    folder
        .run("backup saved")
        .is(0)
        .complains(&[])
        .says("saved: 1 user, 2 recipes, 0 sessions, 0 API tokens, 0 invitations, 1 audit event");
    assert_eq!(fs::metadata(folder.path("saved")).unwrap().permissions().mode() & 0o777, 0o600);
    folder.run("restore --verify saved").is(0).complains(&[]).says(
        "saved is a good backup: 1 user, 2 recipes, 0 sessions, 0 API tokens, 0 invitations, 1 audit event",
    );
    folder.run("restore --database-url sqlite:deep/copy.db saved").is(0).complains(&[]).says(
        "sqlite:deep/copy.db was filled from saved: 1 user, 2 recipes, 0 sessions, 0 API tokens, 0 invitations, 1 audit event",
    );
    for command in ["export", "users list --json", "users show 1 --json", "audit --json"] {
        let copy = folder.run(&format!("--database-url sqlite:deep/copy.db {command}"));
        assert_eq!(copy.is(0).stdout, folder.run(command).is(0).stdout, "{command}");
    }
}

#[test]
fn backup_goes_through_a_pipe() {
    let folder = folder_with_data();
    let mut backup = folder.command("backup -");
    let archive = backup.output().unwrap();
    assert_eq!((archive.status.code(), archive.stderr.as_slice()), (Some(0), b"".as_slice()));
    folder.with("restore --database-url sqlite:copy.db -").stdin(&archive.stdout).run().is(0).complains(&[]);
    assert_eq!(folder.run("--database-url sqlite:copy.db export").stdout, folder.run("export").is(0).stdout);
    folder.with("restore --verify -").stdin(&archive.stdout[..100]).run().is(1);
}

#[test]
fn data_is_replaced_only_on_request_and_kept() {
    let folder = folder_with_data();
    folder.run("backup saved").is(0);
    folder.run("users delete ada@example.com --yes").is(0);
    folder.run("restore saved").is(1).says("").complains(&[
        "recipes: nothing was restored: sqlite:data/recipes.db has data; name another database with --database-url, or replace \
         what it has with --replace",
    ]);
    assert_eq!(folder.run("users list --json").stdout, "");
    let restored = folder.run("restore --replace saved");
    restored.is(0).complains(&[]);
    let kept = restored.stdout.lines().last().unwrap().strip_prefix("the former database is now ").unwrap();
    assert!(kept.contains("data/recipes.db.before-restore-"), "{restored:?}");
    assert!(folder.run("users list").stdout.contains("ada@example.com"));
    assert_eq!(folder.run(&format!("--database-url sqlite:{kept} users list --json")).is(0).stdout, "");
}

#[test]
fn bad_archive_is_one_clear_line_and_changes_nothing() {
    let folder = folder_with_data();
    folder.run("backup saved").is(0);
    let archive = fs::read(folder.path("saved")).unwrap();
    folder.write("cut", &archive[..archive.len() - 30]);
    folder.write("text", "Buy salt.\n".repeat(100));
    for (file, why) in [
        ("cut", "it is incomplete: it ends after "),
        ("text", "it is no backup that \"recipes backup\" has written"),
        ("data/recipes.db", "it is no backup that \"recipes backup\" has written"),
    ] {
        let verified = folder.run(&format!("restore --verify {file}"));
        let restored = folder.run(&format!("restore --database-url sqlite:copy/recipes.db {file}"));
        for (ended, begin) in [(verified, ""), (restored, "nothing was restored, ")] {
            let line = ended.is(1).says("").stderr.strip_suffix('\n').unwrap();
            assert!(line.starts_with(&format!("recipes: {begin}{file} is no good backup: {why}")), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
        assert_eq!(fs::read_dir(folder.path("copy")).unwrap().count(), 0, "{file}");
    }
    folder
        .run("restore --verify nowhere")
        .is(1)
        .says("")
        .complains(&["recipes: nowhere cannot be read: No such file or directory (os error 2)"]);
}

#[test]
fn files_of_the_service_are_not_overwritten_by_a_backup() {
    let folder = folder_with_data();
    let refused = folder.run("backup data/recipes.db");
    assert!(refused.is(2).says("").stderr.contains("is a file of the service"), "{refused:?}");
    folder.run("backup nowhere/saved").is(1);
    let missing = folder.run("backup --database-url sqlite:missing.db saved2");
    missing.is(1);
    assert!(missing.stderr.contains("there is no database at sqlite:missing.db") && !folder.has("saved2"));
}

#[test]
fn sessions_are_left_out_on_request() {
    let folder = folder_with_data();
    folder.run("backup saved").is(0);
    folder.run("restore --verify --replace saved").is(2);
    let restored = folder.run("restore --without-sessions --database-url sqlite:copy.db saved");
    assert!(restored.is(0).stdout.contains("0 sessions"), "{restored:?}");
}
