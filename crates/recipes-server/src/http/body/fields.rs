//! The fields of a small body, read one by one; what is wrong with any of them is gathered.

use recipes::FieldError;
use serde_json::{Map, Value};

/// Reads the fields of one body.
pub struct Fields<'a> {
    fields: &'a Map<String, Value>,
    problems: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    pub fn of(fields: &'a Map<String, Value>) -> Self {
        Self { fields, problems: Vec::new() }
    }

    /// A text that must be there.
    pub fn required<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        match self.fields.get(name) {
            None | Some(Value::Null) => self.problem(name, "is required"),
            Some(_) => self.optional(name, parse),
        }
    }

    /// A text that may be missing, but not `null`: what is said by a merge patch is that there shall be none.
    pub fn optional<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        match self.fields.get(name)? {
            Value::String(text) => parse(text).map_err(|message| self.problem::<T>(name, message)).ok(),
            Value::Null => self.problem(name, "cannot be removed"),
            _ => self.problem(name, "must be a text"),
        }
    }

    /// A yes or no that may be missing. Forms know only texts.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.fields.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text == "true" => Some(true),
            Value::String(text) if text == "false" => Some(false),
            _ => self.problem(name, "must be true or false"),
        }
    }

    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name)
    }

    /// Notes what is wrong with a field.
    pub fn problem<T>(&mut self, name: &str, message: impl Into<String>) -> Option<T> {
        self.problems.push(FieldError { pointer: format!("/{name}"), message: message.into() });
        None
    }

    /// What was found.
    pub fn problems(self) -> Vec<FieldError> {
        self.problems
    }
}

/// One error for every field that is not known.
pub fn unknown(fields: &Map<String, Value>, known: &[&str]) -> Vec<FieldError> {
    let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
    unknown.map(|name| FieldError::unknown("", name, known)).collect()
}
