//! Every link in the README and the guides is defined and leads to an existing file.

use std::collections::BTreeMap;
use std::path::Path;

const TEXTS: [&str; 4] =
    ["README.md", "docs/coming-from-passport.md", "docs/coming-from-axum-login.md", "docs/write-your-own.md"];

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
