//! The index on disk.

use std::fs;

use search::RecipeIndex;
use serde_json::json;

use crate::kitchen::recipe;

#[test]
fn index_is_found_again_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search");
    let index = RecipeIndex::open(&path, "boot").unwrap();
    assert_eq!((index.position(), index.len()), (None, 0));
    let mut writer = index.writer().unwrap();
    assert!(index.writer().is_err(), "one writer at a time");
    writer.put(&recipe(1, json!({}))).unwrap();
    writer.commit(Some("17".into())).unwrap();
    drop((writer, index));
    for boot in ["boot", "another boot"] {
        let index = RecipeIndex::open(&path, boot).unwrap();
        assert_eq!((index.position(), index.len()), (Some("17".into()), 1));
    }
}

#[test]
fn damaged_or_foreign_index_is_made_anew() {
    type Damage = fn(&std::path::Path);
    let damages: [Damage; 4] = [
        |path| fs::write(path.join("meta.json"), "{").unwrap(),
        |path| fs::remove_file(path.join("meta.json")).unwrap(),
        |path| {
            let meta = fs::read_to_string(path.join("meta.json")).unwrap();
            fs::write(path.join("meta.json"), meta.replace(r#"\"version\":2"#, r#"\"version\":0"#)).unwrap();
        },
        |path| {
            let longest = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
            let longest =
                longest.filter(|file| file.extension().is_some_and(|end| end == "idx")).max().unwrap();
            let mut bytes = fs::read(&longest).unwrap();
            bytes[0] ^= 1;
            fs::write(longest, bytes).unwrap();
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search");
        let index = RecipeIndex::open(&path, "boot").unwrap();
        let mut writer = index.writer().unwrap();
        writer.put(&recipe(1, json!({}))).unwrap();
        writer.commit(Some("17".into())).unwrap();
        writer.finish().unwrap();
        drop(index);
        damage(&path);
        let index = RecipeIndex::open(&path, "another boot").unwrap();
        assert_eq!((index.position(), index.len()), (None, 0), "damage {number}");
        let mut writer = index.writer().unwrap();
        writer.put(&recipe(2, json!({}))).unwrap();
        writer.commit(None).unwrap();
        assert_eq!(index.len(), 1);
    }
}
