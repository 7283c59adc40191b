//! Every link in the README and the guides is defined and leads to an existing file.

use std::collections::BTreeMap;
use std::path::Path;

const TEXTS: [&str; 4] =
    ["README.md", "docs/coming-from-passport.md", "docs/coming-from-axum-login.md", "docs/write-your-own.md"];

/// The authentication of the tutorial's API, printed beside that of Express. `examples.rs` compiles and runs it.
const AUTH: &str = include_str!("../../examples/recipes/auth.rs");

/// The text without its code blocks, and the targets of its links by name. Markdown ignores the case of names.
fn read(file: &str) -> (String, BTreeMap<String, String>) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let prose: Vec<_> = text.split("```").step_by(2).flat_map(str::lines).collect();
    let mut ends = BTreeMap::new();
    for line in &prose {
        if let Some((name, end)) = line.strip_prefix('[').and_then(|line| line.split_once("]: ")) {
            assert_eq!(ends.insert(name.to_lowercase(), end.to_owned()), None, "{file} defines {name} twice");
        }
    }
    (prose.join("\n"), ends)
}

#[test]
fn links_of_guides_lead_to_files() {
    for file in TEXTS {
        let (_, ends) = read(file);
        assert!(!ends.is_empty(), "{file}");
        for (name, end) in ends {
            let end = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).with_file_name(end);
            assert!(end.exists(), "{file} leads for {name} to {}", end.display());
        }
    }
}

/// rustdoc checks the targets in `links.md`. This checks that no link is missing there.
#[test]
fn links_have_the_same_names_on_both_sides() {
    let (_, items) = read("docs/links.md");
    for file in &TEXTS[1..] {
        let (prose, files) = read(file);
        for name in files.keys() {
            assert!(items.contains_key(name), "{file}: links.md does not know {name}");
        }
        for name in items.keys().filter(|name| prose.to_lowercase().contains(&format!("[{name}]"))) {
            assert!(files.contains_key(name), "{file} does not say where {name} is");
        }
        assert!(!prose.contains("](crate::"), "{file} has links that GitHub does not know");
    }
}

#[test]
fn the_passport_guide_prints_the_authentication_of_the_tutorial() {
    let guide = include_str!("../../docs/coming-from-passport.md");
    let lines = |code: &str| code.lines().filter(|line| !line.trim().is_empty()).count();
    let (_, rest) = guide.split_once("```js\n").unwrap();
    let (express, rest) = rest.split_once("```").unwrap();
    let (_, rest) = rest.split_once("```ignore\n").unwrap();
    let (ours, _) = rest.split_once("```").unwrap();
    assert_eq!(ours, AUTH, "the guide shows examples/recipes/auth.rs");
    assert!(lines(AUTH) <= 35, "{} lines", lines(AUTH));
    let counts = format!("{} lines there, {} here", lines(express), lines(AUTH));
    assert!(guide.contains(&counts), "{counts}");
}

/// `e2e/first-steps.py` builds and runs these blocks of the README word by word.
#[test]
fn the_readme_begins_with_a_manifest_and_a_program() {
    let readme = include_str!("../../README.md");
    let (first_screen, rest) = readme.split_once("```toml\n[dependencies]\n").unwrap();
    assert!(first_screen.contains("It does not"), "what it does not do comes first");
    let (manifest, rest) = rest.split_once("```").unwrap();
    assert!(manifest.contains(concat!(
        "tower-passport = \"",
        env!("CARGO_PKG_VERSION_MAJOR"),
        ".",
        env!("CARGO_PKG_VERSION_MINOR"),
        "\""
    )));
    let (_, program) = rest.split_once("```rust,no_run\n").unwrap();
    assert!(program.split_once("```").unwrap().0.contains("fn main()"));
}

/// Each feature of `Cargo.toml` is in the table of the README, except those that only other features need.
#[test]
fn the_readme_names_all_features() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, rest) = manifest.split_once("[features]\n").unwrap();
    let (features, _) = rest.split_once("\n[").unwrap();
    let readme = include_str!("../../README.md");
    for line in features.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        assert!(name == "default" || readme.contains(&format!("`{name}`")), "{name}");
    }
}
