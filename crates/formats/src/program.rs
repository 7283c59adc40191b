//! What the JSON of other programs has in common.

use serde_json::{Map, Value};

use crate::assemble::{Found, has_content, unique};
use crate::duration::Time;
use crate::schema_org::{address, split_words};
use crate::text::{is_no_value, line, paragraphs};

pub(crate) type Object = Map<String, Value>;

/// A member under one of its names: programs change from `snake_case` to `camelCase` between versions.
pub(crate) fn get<'a>(object: &'a Object, names: &[&str]) -> Option<&'a Value> {
    names.iter().filter_map(|name| object.get(*name)).find(|value| has_content(value))
}

/// A text as one line.
pub(crate) fn text(object: &Object, names: &[&str]) -> String {
    get(object, names).map(text_of).unwrap_or_default()
}

/// Text with paragraphs.
pub(crate) fn long_text(object: &Object, names: &[&str]) -> String {
    match get(object, names) {
        Some(Value::String(text)) => Some(paragraphs(text)).filter(|it| !is_no_value(it)).unwrap_or_default(),
        _ => String::new(),
    }
}

/// The text of a value, or the name of an object.
pub(crate) fn text_of(value: &Value) -> String {
    let text = match value {
        Value::String(text) => line(text),
        Value::Number(number) => number.to_string(),
        Value::Object(object) => text(object, &["name", "label", "display", "text"]),
        _ => String::new(),
    };
    if is_no_value(&text) { String::new() } else { text }
}

/// The names of a list of texts or objects, or the words of one text.
pub(crate) fn words(object: &Object, names: &[&str]) -> Vec<String> {
    let mut words = match get(object, names) {
        Some(Value::Array(values)) => values.iter().map(text_of).collect(),
        Some(value) => split_words(value),
        None => Vec::new(),
    };
    unique(&mut words);
    words
}

pub(crate) fn minutes(found: &mut Found, object: &Object, names: &[&str]) -> Option<u32> {
    let (name, value) =
        names.iter().find_map(|name| Some((*name, object.get(*name).filter(|it| has_content(it))?)))?;
    found.minutes(name, Time::of_value(value))
}

/// A source that is a web address or a name.
pub(crate) fn set_source(found: &mut Found, name: &str, url: &str) {
    let link = address(url, None).or_else(|| address(name, None));
    if address(name, None).is_none() {
        name.clone_into(&mut found.source.name);
    }
    found.source.url = link.unwrap_or_default();
}

/// Keeps the address of a picture, until pictures are stored.
pub(crate) fn set_picture(found: &mut Found, name: &str, value: &str) {
    match address(value, None) {
        Some(url) => found.keep_in_extra("image", url.into()),
        None if !is_no_value(value) => found.leave_out(name),
        None => {}
    }
}

/// Names every member with content that the reader does not know.
pub(crate) fn leave_out_unknown(found: &mut Found, object: &Object, known: &[&str]) {
    for (name, value) in object {
        if has_content(value) && !known.contains(&name.as_str()) && *value != Value::Bool(false) {
            found.leave_out(name);
        }
    }
}

/// The step from easy to difficult, in words of several languages.
pub(crate) fn difficulty(text: &str) -> Option<u8> {
    const LEVELS: [(u8, &[&str]); 3] = [
        (
            1,
            &[
                "easy",
                "very easy",
                "simple",
                "beginner",
                "einfach",
                "leicht",
                "simpel",
                "facile",
                "fácil",
                "facil",
                "简单",
            ],
        ),
        (
            3,
            &[
                "medium",
                "moderate",
                "intermediate",
                "normal",
                "mittel",
                "moyen",
                "media",
                "medio",
                "average",
                "中等",
            ],
        ),
        (
            5,
            &[
                "hard",
                "difficult",
                "advanced",
                "expert",
                "schwer",
                "schwierig",
                "anspruchsvoll",
                "difficile",
                "difícil",
                "困难",
            ],
        ),
    ];
    let text = line(text).to_lowercase();
    if let Ok(number @ 1..=5) = text.parse() {
        return Some(number);
    }
    LEVELS.iter().find(|(_, words)| words.contains(&text.as_str())).map(|(level, _)| *level)
}

pub(crate) fn set_difficulty(found: &mut Found, name: &str, text: &str) {
    found.difficulty = difficulty(text);
    if found.difficulty.is_none() && !text.is_empty() {
        found.leave_out(name);
    }
}

const FRACTIONS: [(f64, &str); 9] = [
    (0.5, "1/2"),
    (0.25, "1/4"),
    (0.75, "3/4"),
    (1.0 / 3.0, "1/3"),
    (2.0 / 3.0, "2/3"),
    (0.125, "1/8"),
    (0.375, "3/8"),
    (0.625, "5/8"),
    (0.875, "7/8"),
];

/// A program's number as people write it: 0.5 is 1/2, 1.25 is 1 1/4.
pub(crate) fn amount(value: &Value) -> String {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.trim().replace(',', ".").parse() {
            Ok(number) => Some(number),
            Err(_) => return line(text),
        },
        _ => None,
    };
    let Some(number) = number.filter(|number| *number > 0.0 && *number < 1e9) else { return String::new() };
    let (whole, part) = (number.trunc(), number.fract());
    let near = |fraction: f64| (part - fraction).abs() < 0.004;
    match FRACTIONS.iter().find(|(fraction, _)| near(*fraction)) {
        Some((_, text)) if whole == 0.0 => (*text).to_owned(),
        Some((_, text)) if number < 10.0 => format!("{whole} {text}"),
        _ => {
            let rounded = format!("{number:.3}");
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// Parts with one space between them.
pub(crate) fn join(parts: &[&str]) -> String {
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        for (value, text) in [
            (json!(0.5), "1/2"),
            (json!(1.25), "1 1/4"),
            (json!(0.3333), "1/3"),
            (json!(2.0), "2"),
            (json!(250), "250"),
            (json!(12.5), "12.5"),
            (json!(0.2), "0.2"),
            (json!("1,5"), "1 1/2"),
            (json!("a pinch"), "a pinch"),
            (json!(0), ""),
            (json!(null), ""),
        ] {
            assert_eq!(amount(&value), text, "{value}");
        }
    }
}
