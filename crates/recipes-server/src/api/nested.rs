//! Reads bodies of lists of objects, and collects the problems of all fields.

use ids::RecipeId;
use jiff::civil::Date;
use recipes::time::parse_date;
use recipes::{FieldError, Scalars, last_value};
use serde_json::{Map, Value};

use crate::use_cases::planning::Servings;

/// Reads the fields of an object at a place of the body.
pub(super) struct Nested<'a> {
    fields: &'a Map<String, Value>,
    pointer: String,
    encoding: Scalars,
}

pub(super) type Problems = Vec<FieldError>;

impl<'a> Nested<'a> {
    pub(super) fn body(fields: &'a Map<String, Value>, encoding: Scalars) -> Self {
        Self { fields, pointer: String::new(), encoding }
    }

    /// The objects of a list, which may be missing. Those that state nothing are left out, such as the spare row of a form.
    pub(super) fn objects(&self, name: &str, most: usize, problems: &mut Problems) -> Vec<Nested<'a>> {
        let mut objects = Vec::new();
        let list = self.list(name, most, problems).iter().enumerate();
        for (index, value) in list.filter(|(_, value)| !is_blank(value)) {
            let pointer = format!("{}/{name}/{index}", self.pointer);
            match value {
                Value::Object(fields) => objects.push(Nested { fields, pointer, encoding: self.encoding }),
                _ => problems.push(problem(pointer, "must be an object")),
            }
        }
        objects
    }

    /// The texts of a list, which may be missing. Each line is a text of its own, and blank ones are left out.
    pub(super) fn texts(&self, name: &str, limits: (usize, usize), problems: &mut Problems) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, value) in self.list(name, limits.0, problems).iter().enumerate() {
            let Some(lines) = value.as_str().map(|text| text.split(['\n', '\r'])) else {
                if !value.is_null() {
                    problems.push(problem(format!("/{name}/{index}"), "must be a text"));
                }
                continue;
            };
            match lines.map(|text| line(text, limits.1)).collect::<Result<Vec<_>, _>>() {
                Ok(lines) => texts.extend(lines.into_iter().filter(|text| !text.is_empty())),
                Err(message) => problems.push(problem(format!("/{name}/{index}"), message)),
            }
        }
        if texts.len() > limits.0 {
            problems.push(problem(self.at(name), format!("must have at most {} items", limits.0)));
        }
        texts
    }

    fn list(&self, name: &str, most: usize, problems: &mut Problems) -> &'a [Value] {
        let list = match self.fields.get(name) {
            None | Some(Value::Null) => return &[],
            Some(Value::Array(values)) => values.as_slice(),
            Some(value) if self.encoding == Scalars::Text => std::slice::from_ref(value),
            Some(_) => {
                problems.push(problem(self.at(name), "must be a list"));
                return &[];
            }
        };
        if list.len() > most {
            problems.push(problem(self.at(name), format!("must have at most {most} items")));
            return &[];
        }
        list
    }

    /// A date, which may be missing.
    pub(super) fn date(&self, name: &str, problems: &mut Problems) -> Option<Date> {
        match parse_date(self.get(name)?.as_str().unwrap_or_default()) {
            Ok(date) => Some(date),
            Err(expected) => {
                problems.push(problem(self.at(name), expected));
                None
            }
        }
    }

    /// The id of a recipe, which may be missing.
    pub(super) fn recipe(&self, name: &str, problems: &mut Problems) -> Option<RecipeId> {
        let id = match self.get(name)? {
            Value::Number(number) => number.as_i64().and_then(RecipeId::from_i64),
            Value::String(text) if self.encoding == Scalars::Text => RecipeId::parse(text.trim()),
            _ => None,
        };
        if id.is_none() {
            problems.push(problem(self.at(name), "must be the id of a recipe"));
        }
        id
    }

    /// A number of servings, which may be missing.
    pub(super) fn servings(&self, name: &str, problems: &mut Problems) -> Option<Servings> {
        let servings = match self.get(name)? {
            Value::Number(number) => Servings::parse(&number.to_string()),
            Value::String(text) if self.encoding == Scalars::Text => Servings::parse(text.trim()),
            _ => None,
        };
        if servings.is_none() {
            let message = format!(
                "must be a number above 0 and at most {}, with at most three decimals",
                Servings::MAX
            );
            problems.push(problem(self.at(name), message));
        }
        servings
    }

    /// A text of one line, which may be missing.
    pub(super) fn line(&self, name: &str, most: usize, problems: &mut Problems) -> Option<String> {
        match self.get(name)?.as_str().map(|text| line(text, most)) {
            Some(Ok(text)) => Some(text),
            Some(Err(message)) => {
                problems.push(problem(self.at(name), message));
                None
            }
            None => {
                problems.push(problem(self.at(name), "must be a text"));
                None
            }
        }
    }

    /// The value of a field. `null` and empty text are none.
    fn get(&self, name: &str) -> Option<&'a Value> {
        let value = match self.fields.get(name)? {
            Value::Array(values) if self.encoding == Scalars::Text => last_value(values)?,
            value => value,
        };
        let is_empty = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        (!is_empty).then_some(value)
    }

    pub(super) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }
}

pub(crate) fn problem(pointer: String, message: impl Into<String>) -> FieldError {
    FieldError { pointer, message: message.into() }
}

/// Whether the value states nothing: `null`, blank text, or only such values.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.iter().all(is_blank),
        Value::Object(fields) => fields.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A text of one line.
///
/// # Errors
/// The reason why the text is refused.
pub(crate) fn line(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > most || text.contains(char::is_control) {
        return Err(format!("must be a text of at most {most} characters, without control characters"));
    }
    Ok(text.to_owned())
}
