//! A disk without room, played by a limit of file sizes: one line, and nothing that was reported as written is lost.

use std::process::Command;

use crate::program::{Ended, Folder};

/// Runs the program where no file can grow beyond this many KiB.
fn limited(folder: &Folder, kibibytes: u32, arguments: &str) -> Ended {
    let program = folder.command(arguments);
    let mut limited = Command::new("bash");
    limited.args(["-c", &format!("ulimit -f {kibibytes} && exec \"$0\" \"$@\"")]);
    limited.arg(program.get_program()).args(program.get_args());
    let folder = program.get_current_dir().unwrap();
    limited.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap().into()
}

fn recipes(count: usize) -> String {
    let recipe = |number: usize| {
        format!(
            r#"{{"name":"Soup {number}","healthLabels":[],"cookTimeMinutes":1,"prepTimeMinutes":1,"ingredients":["{}"]}}"#,
            "salt ".repeat(100)
        ) + "\n"
    };
    (0..count).map(recipe).collect()
}

#[test]
fn import_says_where_it_stopped_and_keeps_what_it_reported() {
    let folder = Folder::new();
    folder.write("recipes.ndjson", recipes(5_000));
    let ended = limited(&folder, 1_500, "import recipes.ndjson");
    let line = ended.is(1).stderr.strip_suffix('\n').unwrap();
    assert!(
        line.starts_with("recipes: recipes.ndjson:") && line.contains(": the import stopped here: "),
        "{ended:?}"
    );
    assert!(!line.contains('\n'), "{ended:?}");
    let reported: usize = ended.stdout.split(' ').next().unwrap().parse().unwrap();
    assert!((1..5_000).contains(&reported), "{ended:?}");
    assert_eq!(folder.run("export").is(0).stdout.lines().count(), reported);
    let again = folder.run("import recipes.ndjson");
    assert!(again.is(0).stdout.contains(&format!("{reported} already there")), "{again:?}");
}

#[test]
fn backup_and_export_that_do_not_fit_leave_the_former_files() {
    let folder = Folder::new();
    folder.write("recipes.ndjson", recipes(2_000));
    folder.run("import recipes.ndjson").is(0);
    for command in ["backup saved", "export -o saved"] {
        folder.write("saved", "the former file");
        // The index of the log, which every reader makes, has 32 KiB.
        let ended = limited(&folder, 40, command);
        let line = ended.is(1).stderr.strip_suffix('\n').unwrap();
        assert!(
            line.starts_with("recipes: ") && line.contains("File too large") && !line.contains('\n'),
            "{ended:?}"
        );
        assert_eq!(folder.read("saved"), "the former file", "{command}");
        let names = std::fs::read_dir(folder.path("")).unwrap().count();
        assert_eq!(names, 3, "{command}: nothing is left beside the data and the two files");
    }
}
