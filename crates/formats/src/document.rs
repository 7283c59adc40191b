//! The items of one file that is in memory.

use serde_json::Value;

use crate::format::Format;
use crate::layout::Layout;
use crate::options::Options;
use crate::report::Item;
use crate::schema_org::{self, Page};
use crate::{cooklang, csv, html, lenient_json, markdown, objects, plain, recipe_keeper, text};

pub(crate) struct Document<'a> {
    pub(crate) layout: Layout,
    pub(crate) bytes: &'a [u8],
    pub(crate) name: &'a str,
    pub(crate) options: &'a Options,
}

/// Empty if the file has no recipe.
pub(crate) fn items(document: &Document<'_>) -> Vec<Item> {
    let Document { layout, bytes, name, options } = document;
    let url = options.url.as_deref();
    let text = || text::of_bytes(bytes);
    let stem = || {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        file.rsplit_once('.').map_or(file, |(stem, _)| stem).replace(['_', '-'], " ")
    };
    match layout {
        Layout::Json => json(document, &text()),
        Layout::Html => {
            let text = text();
            recipe_keeper::items(&text).unwrap_or_else(|| html::items(&text, url))
        }
        Layout::Csv => csv::items(bytes, &options.limits),
        Layout::Cooklang => vec![cooklang::item(&text(), &stem())],
        Layout::Markdown => markdown::items(&text(), &stem()),
        Layout::Text => plain::items(&text(), &stem()),
        Layout::Zip | Layout::Gzip | Layout::Other(_) => Vec::new(),
    }
}

fn json(document: &Document<'_>, text: &str) -> Vec<Item> {
    let Document { bytes, name, options, .. } = document;
    if objects::is_ndjson(text) {
        return ndjson(text, options);
    }
    let Some(value) = lenient_json::parse(text) else {
        return vec![Item::refused(Format::Json, "is not valid JSON")];
    };
    let is_nextcloud = name.rsplit(['/', '\\']).next() == Some("recipe.json");
    let page = Page { url: options.url.clone(), ..Page::default() };
    if schema_org::is_document(&value) {
        let format = match (options.format, is_nextcloud) {
            (Some(format), _) => format,
            (None, true) => Format::Nextcloud,
            (None, false) => Format::JsonLd,
        };
        let found = schema_org::recipes(std::slice::from_ref(&value), &page);
        return found.into_iter().map(|recipe| recipe.finish(format)).collect();
    }
    let values = match &value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    // Another program's settings are no recipes.
    let is_recipe = |value: &&Value| objects::is_recognized(value);
    let size = bytes.len();
    values
        .iter()
        .filter(is_recipe)
        .flat_map(|value| objects::items(value, size, options.format, &options.limits))
        .collect()
}

/// One object a line, in an archive.
fn ndjson(text: &str, options: &Options) -> Vec<Item> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(number, line): (usize, &str)| {
        let items = objects::of_json(line.as_bytes(), number as u64 + 1, options.format, &options.limits);
        items.into_iter().map(move |mut item| {
            item.place.line = item.place.line.or(Some(number as u64 + 1));
            item
        })
    };
    lines.flat_map(read).collect()
}
