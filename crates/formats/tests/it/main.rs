//! Files of other programs, in the shape of their exports, and files of strangers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed unwrap fails the test")]

mod hostile;
mod pages;
mod programs;
mod properties;

use std::io::{Cursor, Write as _};

use formats::{Content, Input, Item, Options, Reader};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The items of a file with this name.
fn read(name: &str, bytes: &[u8]) -> Vec<Item> {
    let options = Options { file_name: name.to_owned(), ..Options::default() };
    let mut reader = Reader::open(Input::bytes(bytes), options).unwrap();
    let mut items = Vec::new();
    while let Some(item) = reader.next_item().unwrap() {
        items.push(item);
    }
    items
}

/// The recipe of an item as JSON.
fn recipe(item: &Item) -> Value {
    let Ok(Content::Recipe(recipe)) = &item.content else { panic!("{item:?}") };
    serde_json::to_value(recipe.draft.content()).unwrap()
}

/// The only recipe of a file.
fn only(name: &str, bytes: &[u8]) -> Value {
    let items = read(name, bytes);
    assert_eq!(items.len(), 1, "{items:#?}");
    recipe(&items[0])
}

fn left_out(item: &Item) -> Vec<&str> {
    item.left_out.iter().map(|field| field.pointer.as_str()).collect()
}

fn errors(items: &[Item]) -> Vec<String> {
    let errors = items.iter().filter_map(|item| item.content.as_ref().err());
    errors.flatten().map(|error| error.message.clone()).collect()
}

/// A zip archive of these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
