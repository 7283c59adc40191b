//! Nutrition facts, with the unit that they are stated in.

use serde_json::{Map, Value, json};

use super::{Graph, Object, member};
use crate::text::{is_no_value, line};

pub(crate) const FACTS: [&str; 12] = [
    "calories",
    "carbohydrateContent",
    "cholesterolContent",
    "fatContent",
    "fiberContent",
    "proteinContent",
    "saturatedFatContent",
    "servingSize",
    "sodiumContent",
    "sugarContent",
    "transFatContent",
    "unsaturatedFatContent",
];

pub(super) fn facts<'a>(value: &'a Value, graph: &Graph<'a>) -> Map<String, Value> {
    let object = match value {
        Value::Object(object) => graph.resolve(object),
        Value::Array(values) => match values.iter().find_map(Value::as_object) {
            Some(object) => graph.resolve(object),
            None => return Map::new(),
        },
        _ => return Map::new(),
    };
    FACTS.iter().filter_map(|name| Some(((*name).to_owned(), fact(member(object, name)?)?))).collect()
}

/// A number, or a text with at least one digit: programs write "g" where they know nothing.
pub(crate) fn fact(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => {
            number.as_f64().filter(|it| (0.0..=1_000_000.0).contains(it)).map(|_| json!(number))
        }
        Value::String(text) => {
            let text = line(text);
            let is_stated = text.contains(|c: char| c.is_numeric())
                && !is_no_value(&text)
                && !["nan", "undefined", "null"].iter().any(|word| text.to_lowercase().contains(word));
            is_stated.then(|| json!(text))
        }
        Value::Object(object) => fact_of_object(object),
        Value::Array(values) => values.iter().filter(|it| !it.is_array()).find_map(fact),
        _ => None,
    }
}

fn fact_of_object(object: &Object) -> Option<Value> {
    let amount = ["value", "@value", "text", "name"].iter().find_map(|name| match member(object, name)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(line(text)),
        _ => None,
    })?;
    let unit =
        member(object, "unitText").or(member(object, "unitCode")).and_then(Value::as_str).unwrap_or_default();
    fact(&json!(format!("{amount} {unit}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_keep_their_unit() {
        for (value, expected) in [
            (json!("240 kcal"), json!("240 kcal")),
            (json!("9&nbsp;g"), json!("9 g")),
            (json!(240), json!(240)),
            (json!({"@type": "Energy", "value": 240, "unitText": "kcal"}), json!("240 kcal")),
            (json!(["240"]), json!("240")),
        ] {
            assert_eq!(fact(&value), Some(expected), "{value}");
        }
        for nothing in [
            json!(null),
            json!(""),
            json!("g"),
            json!("NaN g"),
            json!("undefined1"),
            json!(-1),
            json!({}),
            json!(true),
        ] {
            assert_eq!(fact(&nothing), None, "{nothing}");
        }
    }
}
