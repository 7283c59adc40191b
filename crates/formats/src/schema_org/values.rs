//! Values that may be text, a number, an object or a list of these.

use serde_json::Value;
use url::Url;

use super::{Graph, member};
use crate::text::{is_no_value, line};

/// Items of a list that are read.
const MAX_ITEMS: usize = 2_000;

/// The texts of a value, one for each item of a list. Tags and references are still in them.
pub(crate) fn raw_texts(value: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    collect(value, &mut texts, 6);
    texts
}

fn collect(value: &Value, texts: &mut Vec<String>, depth: usize) {
    if depth == 0 || texts.len() > MAX_ITEMS {
        return;
    }
    match value {
        Value::String(text) if !is_no_value(text) => texts.push(text.clone()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts, depth - 1)),
        Value::Object(object) => {
            let inner =
                ["@value", "text", "name", "title", "itemListElement", "item", "value", "@list", "label"];
            if let Some(value) = inner.iter().find_map(|name| member(object, name).filter(|it| has_text(it)))
            {
                collect(value, texts, depth - 1);
            }
        }
        _ => {}
    }
}

fn has_text(value: &Value) -> bool {
    !matches!(value, Value::Null) && value.as_str().is_none_or(|text| !is_no_value(text))
}

/// The texts of a value as plain lines. A text with several lines is one.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    raw_texts(value).iter().map(|text| line(text)).filter(|text| !is_no_value(text)).collect()
}

pub(crate) fn first_text(value: &Value) -> String {
    texts(value).into_iter().next().unwrap_or_default()
}

/// Words of a list, or of one text with commas.
pub(crate) fn split_words(value: &Value) -> Vec<String> {
    let texts = texts(value);
    match &texts[..] {
        [one] => {
            let separator: &[char] = if one.contains([',', ';', '|', '、', '，']) {
                &[',', ';', '|', '、', '，']
            } else {
                &['\n']
            };
            one.split(separator)
                .map(|word| line(word.trim_matches(['#', ' '])))
                .filter(|word| !is_no_value(word))
                .collect()
        }
        _ => texts.into_iter().filter(|text| !text.is_empty()).collect(),
    }
}

/// The names of people or organizations, and the first web address.
pub(crate) fn names(value: &Value, graph: &Graph<'_>) -> (Vec<String>, String) {
    let (mut names, mut url) = (Vec::new(), String::new());
    people(value, graph, &mut names, &mut url, 4);
    crate::assemble::unique(&mut names);
    (names, url)
}

fn people(value: &Value, graph: &Graph<'_>, names: &mut Vec<String>, url: &mut String, depth: usize) {
    if depth == 0 || names.len() > 20 {
        return;
    }
    match value {
        Value::String(text) => {
            let text = line(text);
            if text.starts_with("http://") || text.starts_with("https://") {
                if url.is_empty() {
                    *url = text;
                }
            } else if !is_no_value(&text) {
                names.push(text);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| people(value, graph, names, url, depth - 1)),
        Value::Object(object) => {
            // The graph lives as long as the documents, the object may be shorter-lived: look the id up by hand.
            let object = match object.get("@id").and_then(Value::as_str) {
                Some(id) if object.keys().all(|key| key.starts_with('@')) => {
                    graph.by_id.get(id).copied().unwrap_or(object)
                }
                _ => object,
            };
            for name in ["name", "legalName", "alternateName"] {
                if let Some(value) = member(object, name) {
                    let before = names.len();
                    names.extend(texts(value));
                    if names.len() > before {
                        break;
                    }
                }
            }
            let link = ["url", "sameAs"].iter().filter_map(|name| member(object, name)).flat_map(raw_texts);
            if let Some(link) = link.into_iter().find(|link| link.starts_with("http"))
                && url.is_empty()
            {
                *url = link;
            }
        }
        _ => {}
    }
}

/// An absolute web address, relative to that of the page if it has one.
pub(crate) fn address(text: &str, base: Option<&str>) -> Option<String> {
    let text = text.trim();
    if is_no_value(text) || matches!(text, "true" | "false" | "#" | "/") || text.contains(char::is_whitespace)
    {
        return None;
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(_) => Url::parse(base?).ok()?.join(text).ok()?,
    };
    let is_web =
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.'));
    // As it was written, if it was absolute.
    let is_absolute = text.starts_with("http://") || text.starts_with("https://");
    is_web.then(|| if is_absolute { text.to_owned() } else { url.into() })
}

/// The first picture of a text, an object or a list.
pub(crate) fn picture(value: &Value, graph: &Graph<'_>, base: Option<&str>) -> Option<String> {
    match value {
        Value::String(text) => address(text, base),
        Value::Array(values) => values.iter().take(MAX_ITEMS).find_map(|value| match value {
            Value::Array(_) => None,
            value => picture(value, graph, base),
        }),
        Value::Object(object) => {
            let object = match object.get("@id").and_then(Value::as_str) {
                Some(id) if object.keys().all(|key| key.starts_with('@')) => {
                    graph.by_id.get(id).copied().unwrap_or(object)
                }
                _ => object,
            };
            let names = ["url", "contentUrl", "@id", "thumbnailUrl", "@list"];
            names
                .iter()
                .filter_map(|name| member(object, name))
                .flat_map(raw_texts)
                .find_map(|it| address(&it, base))
        }
        _ => None,
    }
}
