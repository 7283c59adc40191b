//! Cooklang (<https://cooklang.org/docs/spec/>).
//!
//! Cooklang marks ingredients inside the steps; our recipes list them apart. So the first section lists all of them, one mark
//! each, and the steps are text. A line that a mark cannot hold completely is repeated in its note.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::layout::time;
use crate::amounts::IngredientLine;
use crate::attribution::Attribution;
use crate::content::Content;

pub(super) fn write(content: &Content) -> String {
    let mut out = front_matter(content);
    if let Some(description) = &content.description {
        for line in description.lines().filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(out, "> {}", escaped(line));
        }
        out.push('\n');
    }
    let tools = content.tools.as_deref().unwrap_or_default();
    if !content.ingredients.is_empty() || !tools.is_empty() {
        out.push_str("== Ingredients ==\n\n");
        let ingredients = content.ingredients.iter().map(|line| ingredient(line));
        let tools = tools.iter().map(|tool| format!("#{}{{}}", name(tool)));
        for mark in ingredients.chain(tools) {
            out.push_str(&mark);
            out.push('\n');
        }
    }
    let mut section = None;
    for (index, step) in content.instructions.iter().flatten().enumerate() {
        if index == 0 || step.section != section {
            section.clone_from(&step.section);
            let heading = section.as_deref().unwrap_or("Steps");
            let _ = writeln!(out, "\n== {} ==", heading.replace('=', "-"));
        }
        let text: Vec<String> = step.text.lines().map(escaped).filter(|line| !line.is_empty()).collect();
        let _ = write!(out, "\n{}", text.join("\n"));
        if let Some(minutes) = step.minutes {
            let _ = write!(out, " (~{{{minutes}%minutes}})");
        }
        out.push('\n');
    }
    out
}

/// The canonical metadata of Cooklang, as YAML. A text in JSON's quotes is YAML, too.
fn front_matter(content: &Content) -> String {
    let mut out = "---\n".to_owned();
    let mut set = |name: &str, value: Value| {
        let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            let _ = writeln!(out, "{name}: {value}");
        }
    };
    let minutes = |minutes: Option<u32>| json!(minutes.map(time));
    let attribution = |attribution: &Option<Attribution>, member: fn(&Attribution) -> &Option<String>| {
        json!(attribution.as_ref().and_then(|attribution| member(attribution).clone()))
    };
    set("title", json!(content.name));
    set("servings", json!(content.servings));
    set("yield", json!(content.yields));
    set("prep time", minutes(content.prep_time_minutes));
    set("cook time", minutes(content.cook_time_minutes));
    set("rest time", minutes(content.rest_time_minutes));
    set("time required", minutes(content.total_time_minutes));
    set("difficulty", json!(content.difficulty));
    set("course", json!(content.category));
    set("cuisine", json!(content.cuisine));
    set("tags", json!(content.keywords));
    set("diet", json!(content.health_labels));
    set("author", attribution(&content.author, |it| &it.name));
    set("author.url", attribution(&content.author, |it| &it.url));
    set("source", attribution(&content.source, |it| &it.name));
    set("source.url", attribution(&content.source, |it| &it.url));
    set("license", json!(content.license));
    set("locale", json!(content.language));
    out.push_str("---\n\n");
    out
}

/// `@olive oil{2%tbsp}(sifted)`.
fn ingredient(line: &str) -> String {
    let parsed = IngredientLine::parse(line);
    let (quantity, unit, rest) = parsed.written_parts().unwrap_or_default();
    let rest = if rest.is_empty() { parsed.to_parsed().food.unwrap_or_default() } else { rest.to_owned() };
    let food = name(&rest);
    let after = if quantity.is_empty() { line.strip_prefix(&*food) } else { rest.strip_prefix(&*food) };
    let after = after.map(|after| after.trim_start_matches([',', ' ']));
    let note = match after {
        Some("") => String::new(),
        Some(after) if !after.contains(['(', ')', '{', '}']) => format!("({after})"),
        _ => format!("({})", line.replace(['(', '{'], "[").replace([')', '}'], "]")),
    };
    let food = if food.is_empty() { "ingredient".to_owned() } else { food };
    match (quantity, unit) {
        ("", _) => format!("@{food}{{}}{note}"),
        (quantity, "") => format!("@{food}{{{quantity}}}{note}"),
        (quantity, unit) => format!("@{food}{{{quantity}%{unit}}}{note}"),
    }
}

/// A name without the characters that end it.
fn name(text: &str) -> String {
    let end = text.find([',', ';', '(', ':', '!']).filter(|end| *end > 0).unwrap_or(text.len());
    let plain = |c: char| {
        if matches!(c, '@' | '#' | '~' | '{' | '}' | '(' | ')' | '|' | '%' | '.' | ',' | ';' | '!') {
            ' '
        } else {
            c
        }
    };
    let text: String = text.get(..end).unwrap_or_default().chars().map(plain).collect();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_start_matches(['&', '?', '+', '-', '='])
        .trim_start()
        .to_owned()
}

/// Text without the marks of Cooklang. Its specification has no way to escape them.
fn escaped(text: &str) -> String {
    let text = text.trim().replace("--", "–").replace("[-", "[ -");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if matches!(c, '@' | '#' | '~') && rest.peek().is_some_and(|next| !next.is_whitespace()) {
            out.push(' ');
        }
    }
    // Such a line would be a note, metadata or a heading.
    out.trim_start_matches(['>', '=', ' ']).to_owned()
}
