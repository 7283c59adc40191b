//! Markdown for people, as `CommonMark`.

use std::fmt::Write as _;

use super::layout::{Fact, facts, nutrition, time};
use crate::content::Content;

pub(super) fn write(content: &Content) -> String {
    let mut out = format!("# {}\n", escaped(&content.name));
    if let Some(description) = &content.description {
        out.push('\n');
        for line in description.lines() {
            out.push_str(&escaped(line));
            out.push('\n');
        }
    }
    let facts = facts(content);
    if !facts.is_empty() {
        out.push('\n');
        for fact in &facts {
            out.push_str(&format_fact(fact));
        }
    }
    list(&mut out, "Ingredients", content.ingredients.iter().map(String::as_str));
    list(&mut out, "Tools", content.tools.iter().flatten().map(String::as_str));
    steps(&mut out, content);
    let nutrition = nutrition(content);
    if !nutrition.is_empty() {
        out.push_str("\n## Nutrition per serving\n\n");
        for (name, value) in nutrition {
            let _ = writeln!(out, "- {name}: {}", escaped(&value));
        }
    }
    out
}

fn format_fact(Fact { name, value, url }: &Fact) -> String {
    // Addresses contain no white space, no `<` and no `>`.
    let url = url.as_ref().map(|url| format!("<{url}>"));
    let value = Some(escaped(value)).filter(|value| !value.is_empty());
    let parts: Vec<String> = value.into_iter().chain(url).collect();
    format!("- {name}: {}\n", parts.join(" "))
}

fn list<'a>(out: &mut String, heading: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "\n## {heading}\n");
    for item in items {
        let _ = writeln!(out, "- {}", escaped(item));
    }
}

fn steps(out: &mut String, content: &Content) {
    let steps = content.instructions.as_deref().unwrap_or_default();
    if steps.is_empty() {
        return;
    }
    out.push_str("\n## Instructions\n");
    let mut section = None;
    let mut number = 0;
    for (index, step) in steps.iter().enumerate() {
        if index == 0 || step.section != section {
            section.clone_from(&step.section);
            number = 0;
            if let Some(name) = &section {
                let _ = writeln!(out, "\n### {}", escaped(name));
            }
            out.push('\n');
        }
        number += 1;
        let minutes = step.minutes.map(|minutes| format!(" ({})", time(minutes))).unwrap_or_default();
        let text = step.text.lines().map(escaped).collect::<Vec<_>>().join("\n   ");
        let _ = writeln!(out, "{number}. {text}{minutes}");
    }
}

/// The text with the characters escaped that would be markup: everywhere, or at the beginning of a line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, c) in text.char_indices() {
        let is_markup = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|')
            || (at == 0 && matches!(c, '#' | '+' | '-' | '=' | '~' | ':'))
            || (at == digits
                && at > 0
                && matches!(c, '.' | ')')
                && text.get(at + 1..).is_none_or(|rest| rest.is_empty() || rest.starts_with(' ')))
            || (c == '&' && is_entity(text.get(at + 1..).unwrap_or_default()));
        if is_markup {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `&amp;` and `&#38;` would be read as a character.
fn is_entity(rest: &str) -> bool {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '#')).unwrap_or(rest.len());
    end > 0 && rest.get(end..).is_some_and(|rest| rest.starts_with(';'))
}
