//! Plain text, as one would print it.

use super::layout::{facts, nutrition, time};
use crate::content::Content;

pub(super) fn write(content: &Content) -> String {
    let mut out = format!("{}\n", content.name);
    if let Some(description) = &content.description {
        out.push_str(&format!("\n{description}\n"));
    }
    let facts = facts(content);
    if !facts.is_empty() {
        out.push('\n');
    }
    for fact in facts {
        let value = Some(fact.value).filter(|value| !value.is_empty());
        let parts: Vec<String> = value.into_iter().chain(fact.url).collect();
        out.push_str(&format!("{}: {}\n", fact.name, parts.join(" ")));
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
    out.push_str(&format!("\n{heading}\n\n"));
    for item in items {
        out.push_str(&format!("{item}\n"));
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
                out.push_str(&format!("{name}:\n"));
            }
        }
        number += 1;
        let minutes = step.minutes.map(|minutes| format!(" ({})", time(minutes))).unwrap_or_default();
        out.push_str(&format!("{number}. {}{minutes}\n", step.text));
    }
}
