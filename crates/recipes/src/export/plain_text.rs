//! Plain text, as one would print it.

use std::fmt::Write as _;

use super::layout::{facts, nutrition, time};
use crate::content::Content;

pub(super) fn write(content: &Content) -> String {
    let mut out = format!("{}\n", content.name);
    if let Some(description) = &content.description {
        let _ = writeln!(out, "\n{description}");
    }
    let facts = facts(content);
    if !facts.is_empty() {
        out.push('\n');
    }
    for fact in facts {
        let value = Some(fact.value).filter(|value| !value.is_empty());
        let parts: Vec<String> = value.into_iter().chain(fact.url).collect();
        let _ = writeln!(out, "{}: {}", fact.name, parts.join(" "));
    }
    list(&mut out, "Ingredients", content.ingredients.iter().cloned());
    list(&mut out, "Tools", content.tools.iter().flatten().cloned());
    steps(&mut out, content);
    list(
        &mut out,
        "Nutrition",
        nutrition(content).into_iter().map(|(name, value)| format!("{name}: {value}")),
    );
    out
}

fn list(out: &mut String, heading: &str, items: impl Iterator<Item = String>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "\n{heading}\n");
    for item in items {
        let _ = writeln!(out, "{item}");
    }
}

fn steps(out: &mut String, content: &Content) {
    let steps = content.instructions.as_deref().unwrap_or_default();
    if !steps.is_empty() {
        out.push_str("\nInstructions\n");
    }
    let mut section = None;
    let mut number = 0;
    for (index, step) in steps.iter().enumerate() {
        if index == 0 || step.section != section {
            section.clone_from(&step.section);
            number = 0;
            out.push('\n');
            if let Some(name) = &section {
                let _ = writeln!(out, "{name}:");
            }
        }
        number += 1;
        let minutes = step.minutes.map(|minutes| format!(" ({})", time(minutes))).unwrap_or_default();
        let _ = writeln!(out, "{number}. {}{minutes}", step.text);
    }
}
