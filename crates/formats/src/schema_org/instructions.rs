//! The steps of a recipe: texts, lists, `HowToStep`, `HowToSection`, and all of them inside each other.

use serde_json::Value;

use super::{Object, has_type, member, values::raw_texts};
use crate::assemble::Step;
use crate::duration::Time;
use crate::text::{is_no_value, line, lines};

const MAX_DEPTH: usize = 8;
/// Steps that are read: more than a recipe may have, so that a warning can be given.
const MAX_STEPS: usize = 1_000;

/// The steps of a value of `recipeInstructions`, and whether steps had pictures.
pub(super) struct Instructions {
    pub(super) steps: Vec<Step>,
    pub(super) has_pictures: bool,
}

impl Instructions {
    pub(super) fn of(value: &Value) -> Self {
        let mut instructions = Self { steps: Vec::new(), has_pictures: false };
        instructions.read(value, None, true, MAX_DEPTH);
        remove_numbers(&mut instructions.steps);
        instructions
    }

    /// `is_only`: nothing stands beside the value, so that a text with several lines is several steps.
    fn read(&mut self, value: &Value, section: Option<&str>, is_only: bool, depth: usize) {
        if depth == 0 || self.steps.len() > MAX_STEPS {
            return;
        }
        match value {
            Value::String(text) if is_only => self.add_text(text, section),
            Value::String(text) => self.add(&lines(text).join(" "), section, None),
            Value::Number(number) => self.add(&number.to_string(), section, None),
            Value::Array(values) => {
                let is_stated = |value: &&Value| match value {
                    Value::String(text) => !lines(text).is_empty(),
                    Value::Null => false,
                    _ => true,
                };
                let stated: Vec<&Value> = values.iter().filter(is_stated).take(MAX_STEPS).collect();
                let is_only = is_only && stated.len() == 1 || stated.len() == 1;
                for value in stated {
                    self.read(value, section, is_only, depth - 1);
                }
            }
            Value::Object(object) => self.read_object(object, section, is_only, depth),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn read_object(&mut self, object: &Object, section: Option<&str>, is_only: bool, depth: usize) {
        self.has_pictures |= member(object, "image").is_some_and(crate::assemble::has_content);
        let text = |name: &str| {
            let texts = member(object, name).map(raw_texts).unwrap_or_default();
            texts.join("\n")
        };
        let name = line(&text("name"));
        let inner = ["itemListElement", "item", "steps", "step", "@list", "recipeInstructions"]
            .iter()
            .find_map(|name| member(object, name).filter(|value| crate::assemble::has_content(value)));
        if let Some(inner) = inner {
            let is_step = has_type(object, "HowToStep") || has_type(object, "ListItem");
            if is_step && !holds_steps(inner) {
                return self.read_directions(object, inner, section);
            }
            let heading = Some(name.trim_end_matches(':').trim())
                .filter(|name| !is_no_value(name) && !is_step_number(name));
            return self.read(inner, heading.or(section), true, depth - 1);
        }
        let minutes = minutes(object);
        let body = ["text", "description", "@value", "value"]
            .iter()
            .map(|name| text(name))
            .find(|it| !lines(it).is_empty());
        match body {
            Some(body) if is_only && minutes.is_none() => self.add_text(&body, section),
            Some(body) => self.add(&lines(&body).join(" "), section, minutes),
            None if !is_step_number(&name) => self.add(&name, section, minutes),
            None => {}
        }
    }

    /// A step whose directions and tips are objects of their own.
    fn read_directions(&mut self, step: &Object, inner: &Value, section: Option<&str>) {
        let own = member(step, "text").map(raw_texts).unwrap_or_default().join("\n");
        let texts = raw_texts(inner).join("\n");
        let text = if lines(&own).is_empty() { texts } else { own };
        self.add(&lines(&text).join(" "), section, minutes(step));
    }

    /// One long text.
    fn add_text(&mut self, text: &str, section: Option<&str>) {
        for mut step in steps_of_text(text) {
            step.section = step.section.or_else(|| section.map(str::to_owned));
            self.steps.push(step);
        }
    }

    fn add(&mut self, text: &str, section: Option<&str>, minutes: Option<u32>) {
        if !is_no_value(text) && !is_step_number(text) {
            self.steps.push(Step { section: section.map(str::to_owned), text: text.to_owned(), minutes });
        }
    }
}

fn minutes(object: &Object) -> Option<u32> {
    let times = ["totalTime", "performTime", "timeRequired"];
    times.iter().filter_map(|name| member(object, name)).find_map(|value| match Time::of_value(value) {
        Time::Minutes(minutes) => Some(minutes),
        _ => None,
    })
}

/// Whether the list has steps of their own, and not the directions of one step.
fn holds_steps(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(holds_steps),
        Value::Object(object) => has_type(object, "HowToStep") || has_type(object, "HowToSection"),
        _ => false,
    }
}

/// The steps of one long text: its lines, or its numbered parts. Short lines that end with a colon are headings.
pub(crate) fn steps_of_text(text: &str) -> Vec<Step> {
    let lines = lines(text);
    let lines = match &lines[..] {
        [one] => numbered_parts(one).unwrap_or(lines),
        _ => lines,
    };
    let mut steps = sections_of_lines(lines);
    remove_numbers(&mut steps);
    steps
}

/// Lines as steps, with headings as sections.
fn sections_of_lines(lines: Vec<String>) -> Vec<Step> {
    let (mut steps, mut section) = (Vec::new(), None);
    let number = lines.len();
    for (at, line) in lines.into_iter().enumerate() {
        let is_heading = line.ends_with([':', '：'])
            && line.chars().count() <= 60
            && at + 1 < number
            && !line.contains(". ")
            && !is_step_number(&line);
        if is_heading {
            section = Some(line.trim_end_matches([':', '：']).trim().to_owned());
        } else if !is_step_number(&line) && !is_no_value(&line) {
            steps.push(Step { section: section.clone(), text: line, minutes: None });
        }
    }
    steps
}

/// "Step 1", "1.", "2": a number without a text.
fn is_step_number(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', ':', ')', '-', '–']).trim().to_lowercase();
    let rest = STEP_WORDS.iter().find_map(|word| text.strip_prefix(word)).unwrap_or(&text).trim();
    let rest = rest.trim_start_matches('#');
    text.is_empty() || rest.len() <= 3 && rest.chars().all(|c| c.is_ascii_digit())
}

const STEP_WORDS: [&str; 11] =
    ["step", "schritt", "étape", "etape", "paso", "passo", "stap", "steg", "trin", "krok", "步骤"];

/// The number at the start of a text, and the rest: "1. Mix", "Step 1: Mix", "1) Mix".
fn leading_number(text: &str) -> Option<(u32, &str)> {
    let lower = text[..text.floor_char_boundary(16)].to_lowercase();
    let word = STEP_WORDS.iter().find(|word| lower.starts_with(**word) && text.is_char_boundary(word.len()));
    let rest = word.map_or(text, |word| text[word.len()..].trim_start());
    let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| (1..=2).contains(digits))?;
    let number = rest[..digits].parse().ok()?;
    let after = &rest[digits..];
    let mark = after.chars().next()?;
    let is_marked =
        matches!(mark, '.' | ')' | ':' | '、' | '．') || word.is_some() && matches!(mark, ' ' | '-' | '–');
    // 1.5 cups is no number of a step.
    let behind = after.get(mark.len_utf8()..)?;
    let is_decimal = mark == '.' && behind.starts_with(|c: char| c.is_ascii_digit());
    let text = behind.trim_start_matches([' ', '.', '-', '–', ':', ')']);
    (is_marked && !is_decimal && !text.is_empty()).then_some((number, text))
}

/// The parts of "1. Mix. 2. Bake.": numbers that count up from 1.
fn numbered_parts(text: &str) -> Option<Vec<String>> {
    let (first, _) = leading_number(text)?;
    if first != 1 {
        return None;
    }
    let (mut parts, mut start, mut next) = (Vec::new(), 0, 2);
    let mut from = 1;
    while let Some(found) =
        text.get(from..)?.find(|c: char| c.is_ascii_digit() || c.is_alphabetic()).map(|at| from + at)
    {
        // A number stands behind a space or the end of a sentence.
        let begins_word = text[..found]
            .ends_with(|c: char| c.is_whitespace() || matches!(c, '.' | '!' | '?' | ')' | ';' | '。'));
        if begins_word && leading_number(&text[found..]).is_some_and(|(number, _)| number == next) {
            parts.push(text[start..found].trim().to_owned());
            (start, next) = (found, next + 1);
        }
        from =
            found + text[found..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - found).max(1);
    }
    parts.push(text[start..].trim().to_owned());
    (parts.len() > 1).then_some(parts)
}

/// Removes the numbers of steps that count up from 1; in a section they may begin anew.
fn remove_numbers(steps: &mut [Step]) {
    let mut expected = 1;
    let numbered = steps.iter().all(|step| match leading_number(&step.text) {
        Some((number, _)) if number == expected || number == 1 => {
            expected = number + 1;
            true
        }
        _ => false,
    });
    let count = steps.len();
    for step in steps.iter_mut().filter(|_| numbered && count > 0) {
        if let Some((_, rest)) = leading_number(&step.text) {
            step.text = rest.trim().to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(value: &Value, expected: &[(&str, &str)]) {
        let steps = Instructions::of(value).steps;
        let read: Vec<_> =
            steps.iter().map(|it| (it.section.as_deref().unwrap_or_default(), it.text.as_str())).collect();
        assert_eq!(read, expected, "{value}");
    }

    #[test]
    fn every_shape_becomes_steps() {
        let two = [("", "Mix."), ("", "Bake.")];
        for value in [
            json!(["Mix.", "Bake."]),
            json!("Mix.\nBake."),
            json!("<ol><li>Mix.</li><li>Bake.</li></ol>"),
            json!("<p>1. Mix.</p><p>2. Bake.</p>"),
            json!("1. Mix. 2. Bake."),
            json!("1. Mix.2. Bake."),
            json!("Step 1: Mix. Step 2: Bake."),
            json!("Step 1\nMix.\nStep 2\nBake."),
            json!(["Mix.\nBake."]),
            json!(["1. Mix.", "2. Bake."]),
            json!([["Mix."], ["Bake."]]),
            json!({"@type": "ItemList", "itemListElement": ["Mix.", "Bake."]}),
            json!([{"@type": "HowToStep", "text": "Mix."}, {"@type": "HowToStep", "name": "Bake."}]),
            json!([{"@type": "HowToStep", "name": "Step 1", "text": "Mix.", "url": "#1"}, {"text": "<p>Bake.</p>"}, ""]),
            json!([{"@type": "HowToStep", "text": "Mix.\r\nBake."}]),
            json!([{"@type": "ListItem", "item": {"@type": "HowToStep", "text": "Mix."}}, {"@type": "HowToStep", "text": "Bake."}]),
            json!([{"@type": "HowToStep", "itemListElement": {"@type": "HowToDirection", "text": "Mix."}},
                   {"@type": "HowToStep", "itemListElement": [{"@type": "HowToDirection", "text": "Bake."}]}]),
            json!([{"@type": "HowToSection", "itemListElement": [{"@type": "HowToStep", "text": "Mix."}, {"@type": "HowToStep", "text": "Bake."}]}]),
            json!([[{"@type": "HowToStep", "text": "Mix."}, {"@type": "HowToStep", "text": "Bake."}]]),
        ] {
            check(&value, &two);
        }
    }

    #[test]
    fn sections_are_kept() {
        let sections = [("Dough", "Knead."), ("Dough", "Rest."), ("Sauce", "Stir.")];
        for value in [
            json!([{"@type": "HowToSection", "name": "Dough", "itemListElement": [{"text": "Knead."}, {"text": "Rest."}]},
                   {"@type": ["HowToSection"], "name": "Sauce:", "itemListElement": "Stir."}]),
            json!("Dough:\nKnead.\nRest.\n\nSauce:\nStir."),
            json!([{"@type": "HowToSection", "name": "Dough", "itemListElement": [{"@type": "HowToStep", "text": "Knead.\nRest."}]},
                   {"@type": "HowToSection", "name": "Sauce", "steps": [{"@type": "HowToStep", "text": "Stir."}]}]),
        ] {
            check(&value, &sections);
        }
    }

    #[test]
    fn numbers_that_are_amounts_stay() {
        check(&json!("1.5 cups of water are boiled."), &[("", "1.5 cups of water are boiled.")]);
        check(&json!(["2 eggs are beaten.", "Eat."]), &[("", "2 eggs are beaten."), ("", "Eat.")]);
        check(&json!("Bake for 1. Then 3. wait"), &[("", "Bake for 1. Then 3. wait")]);
        check(&json!(["1. Mix.", "Bake."]), &[("", "1. Mix."), ("", "Bake.")]);
        check(
            &json!({"@type": "HowToStep", "text": "Bake at 350. 20 minutes."}),
            &[("", "Bake at 350. 20 minutes.")],
        );
        for value in
            [json!(null), json!(""), json!([]), json!({}), json!([null, "", {"text": ""}]), json!(true)]
        {
            check(&value, &[]);
        }
    }

    #[test]
    fn a_step_of_several_stays_one_step() {
        check(&json!([{"text": "Mix.\nWell."}, {"text": "Bake."}]), &[("", "Mix. Well."), ("", "Bake.")]);
        let steps = Instructions::of(
            &json!([{"text": "Bake.", "totalTime": "PT20M"}, {"text": "Eat.", "image": "x.jpg"}]),
        );
        assert_eq!((steps.steps[0].minutes, steps.has_pictures), (Some(20), true));
    }
}
