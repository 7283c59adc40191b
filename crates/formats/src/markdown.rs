//! Markdown with or without front matter: Chowdown, Hugo, and what people write by hand.

use crate::format::Format;
use crate::front_matter::{front_matter, read_metadata};
use crate::plain;
use crate::report::Item;
use crate::text::{line, paragraphs};

pub(crate) fn items(text: &str, file_stem: &str) -> Vec<Item> {
    let (metadata, body) = front_matter(text);
    let mut found = plain::read(body);
    if let Some(metadata) = metadata {
        let mut description = std::mem::take(&mut found.description);
        let has_heading = body.trim_start().starts_with('#');
        if metadata.keys().any(|name| name.eq_ignore_ascii_case("title")) && !has_heading {
            // The first line of the text is no title.
            description = paragraphs(&format!("{}\n\n{description}", found.name));
        }
        read_metadata(&mut found, &metadata);
        if found.description.is_empty() {
            found.description = description;
        } else if !description.is_empty() {
            found.description = format!("{}\n\n{description}", found.description);
        }
    }
    if found.is_empty() {
        return Vec::new();
    }
    if found.name.is_empty() {
        found.name = line(file_stem);
    }
    vec![found.finish(Format::Markdown)]
}
