//! Cooklang: ingredients, cookware and timers are marked inside the steps.

use serde_json::json;

use crate::assemble::{Found, Step, unique};
use crate::duration::Time;
use crate::format::Format;
use crate::front_matter::{front_matter, read_metadata};
use crate::program::join;
use crate::report::Item;
use crate::text::{line, paragraphs, window};

pub(crate) fn item(text: &str, file_stem: &str) -> Item {
    let (metadata, body) = front_matter(text);
    let mut found = Found::default();
    let mut metadata = metadata.unwrap_or_default();
    let body = without_comments(body);
    let mut notes = Vec::new();
    let mut section: Option<String> = None;
    let mut paragraph = String::new();
    for raw in body.lines().chain([""]) {
        let trimmed = raw.trim();
        if let Some((name, value)) = trimmed.strip_prefix(">>").and_then(|entry| entry.split_once(':')) {
            metadata.insert(name.trim().to_owned(), json!(value.trim()));
        } else if trimmed.is_empty() {
            add_step(&mut found, &std::mem::take(&mut paragraph), section.as_deref());
        } else if let Some(note) = trimmed.strip_prefix('>') {
            notes.push(note.trim().to_owned());
        } else if trimmed.starts_with('=') {
            add_step(&mut found, &std::mem::take(&mut paragraph), section.as_deref());
            section = Some(trimmed.trim_matches('=').trim().to_owned()).filter(|name| !name.is_empty());
        } else {
            paragraph.push_str(trimmed.trim_end_matches('\\'));
            paragraph.push(' ');
        }
    }
    unique(&mut found.tools);
    read_metadata(&mut found, &metadata);
    found.keep_in_extra("notes", json!(paragraphs(&notes.join("\n"))));
    if found.name.is_empty() {
        found.name = line(file_stem);
    }
    found.finish(Format::Cooklang)
}

/// `-- to the end of the line` and `[- between brackets -]`.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[-") {
        out.push_str(&rest[..at]);
        rest = rest[at..].find("-]").map_or("", |end| &rest[at + end + 2..]);
    }
    out.push_str(rest);
    let line = |line: &str| match line.find("--") {
        Some(at) if !line.starts_with("---") => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    out.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn add_step(found: &mut Found, text: &str, section: Option<&str>) {
    let (mut step, mut minutes, mut rest) = (String::new(), 0_u32, text.trim());
    while let Some(at) = rest.find(['@', '#', '~']) {
        step.push_str(&rest[..at]);
        let mark = rest.as_bytes()[at];
        let Some((component, length)) = Component::at_start_of(&rest[at + 1..], mark == b'~') else {
            step.push(char::from(mark));
            rest = &rest[at + 1..];
            continue;
        };
        rest = &rest[at + 1 + length..];
        match mark {
            b'@' => {
                step.push_str(&component.shown);
                let amount = component.amount();
                let note = component.note.map(|note| format!("({note})")).unwrap_or_default();
                // A later mention without an amount is the same ingredient.
                let line = join(&[&amount, &component.name, &note]);
                let is_again =
                    amount.is_empty() && found.ingredients.iter().any(|it| it.ends_with(&component.name));
                if !is_again && !component.is_reference && !found.ingredients.contains(&line) {
                    found.ingredients.push(line);
                }
            }
            b'#' => {
                step.push_str(&component.shown);
                found.tools.push(join(&[&component.amount(), &component.name]));
            }
            _ => {
                let amount = component.amount();
                let shown = if amount.is_empty() { component.name.clone() } else { amount };
                if let Time::Minutes(time) = Time::of_text(&shown) {
                    minutes = minutes.saturating_add(time);
                }
                step.push_str(&shown);
            }
        }
    }
    step.push_str(rest);
    let step = line(&step);
    if !step.is_empty() {
        let minutes = Some(minutes).filter(|minutes| (1..=525_600).contains(minutes));
        found.steps.push(Step { section: section.map(str::to_owned), text: step, minutes });
    }
}

/// `name`, `name with spaces{}`, `name{quantity%unit}(note)`.
struct Component {
    name: String,
    /// The name in the text: the alias if there is one.
    shown: String,
    quantity: String,
    unit: String,
    note: Option<String>,
    /// `@&name` refers to an ingredient that was listed before.
    is_reference: bool,
}

impl Component {
    fn at_start_of(text: &str, may_be_unnamed: bool) -> Option<(Self, usize)> {
        let text = window(text);
        let modifiers = text.find(|c: char| !matches!(c, '@' | '&' | '?' | '+' | '-')).unwrap_or(text.len());
        let is_reference = text[..modifiers].contains('&');
        let named = &text[modifiers..];
        // Braces belong to the name if no other mark is between them.
        let braces =
            named.find('{').filter(|at| !named[..*at].contains(['@', '#', '~', '\n', '.', ',', ';', '!']));
        let (name, inner, mut length) = if let Some(at) = braces {
            let end = at + named[at..].find('}')?;
            (&named[..at], &named[at + 1..end], end + 1)
        } else {
            let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '\''));
            let end = named.find(is_end).unwrap_or(named.len());
            (&named[..end], "", end)
        };
        if name.trim().is_empty() && !(may_be_unnamed && braces.is_some())
            || name.starts_with(char::is_whitespace)
        {
            return None;
        }
        let mut note = None;
        if braces.is_some()
            && let Some(inside) = named[length..].strip_prefix('(')
            && let Some(end) = inside.find(')')
        {
            note = Some(line(&inside[..end])).filter(|note| !note.is_empty());
            length += end + 2;
        }
        let (quantity, unit) = inner.split_once('%').unwrap_or((inner, ""));
        let quantity = line(quantity.trim().trim_start_matches('='));
        let (name, shown) = name.split_once('|').unwrap_or((name, name));
        let component = Self {
            name: line(name.rsplit('/').next().unwrap_or(name)),
            shown: line(shown.rsplit('/').next().unwrap_or(shown)),
            quantity,
            unit: line(unit),
            note,
            is_reference,
        };
        Some((component, modifiers + length))
    }

    fn amount(&self) -> String {
        join(&[&self.quantity, &self.unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Content;

    #[test]
    fn marks_become_ingredients_tools_and_times() {
        let text = ">> servings: 4\n>> source: https://example.com/soup\n>> time: 45 min\n\n-- a comment\n\
            Heat @olive oil{2%tbsp} in a #large pot{} and add @onion{1}(chopped).\nStir.\n\n\
            == Soup ==\nAdd @water{1 1/2%l}, @salt and @&onion. [- hidden -] Cook for ~{20%minutes}, then ~rest{5%min}.\n\n\
            > Better the next day.\nMail me @ home.\n";
        let item = item(text, "tomato soup");
        let Ok(Content::Recipe(recipe)) = &item.content else { panic!("{item:?}") };
        let content = recipe.draft.content();
        assert_eq!(content.name, "tomato soup");
        assert_eq!(content.ingredients, ["2 tbsp olive oil", "1 onion (chopped)", "1 1/2 l water", "salt"]);
        assert_eq!(content.tools.as_deref().unwrap(), ["large pot"]);
        assert_eq!(
            (content.servings.as_ref().unwrap().as_u64(), content.total_time_minutes),
            (Some(4), Some(45))
        );
        let steps = content.instructions.as_ref().unwrap();
        assert_eq!(steps[0].text, "Heat olive oil in a large pot and add onion. Stir.");
        assert_eq!(steps[1].text, "Add water, salt and onion. Cook for 20 minutes, then 5 min.");
        assert_eq!((steps[1].section.as_deref(), steps[1].minutes), (Some("Soup"), Some(25)));
        assert_eq!(steps[2].text, "Mail me @ home.");
        assert_eq!(content.extra.as_ref().unwrap()["notes"], "Better the next day.");
    }
}
