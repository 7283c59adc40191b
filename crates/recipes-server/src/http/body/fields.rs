//! Reads the fields of a flat body one by one and collects the problems of all fields.

use accounts::TokenDigest;
use recipes::{FieldError, Scalars, last_value};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// The fields of one body.
pub struct Fields<'a> {
    body: &'a Map<String, Value>,
    encoding: Scalars,
    problems: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    pub fn of(body: &'a Map<String, Value>, encoding: Scalars) -> Self {
        Self { body, encoding, problems: Vec::new() }
    }

    /// A required text.
    pub fn required<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        match self.get(name) {
            None | Some(Value::Null) => self.invalid(name, "is required"),
            Some(_) => self.optional(name, parse),
        }
    }

    /// A text that may be missing, but not `null`: in a merge patch that would remove the field.
    pub fn optional<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        match self.get(name)? {
            Value::String(text) => parse(text).map_err(|message| self.invalid::<T>(name, message)).ok(),
            Value::Null => self.invalid(name, "cannot be removed"),
            _ => self.invalid(name, "must be a text"),
        }
    }

    /// A required text that is not checked, and must not be printed.
    pub fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.required(name, |text| Ok::<_, String>(SecretString::from(text)))
    }

    /// The digest of a required token, such as a link in a mail carries.
    pub fn digest(&mut self, name: &str) -> Option<TokenDigest> {
        self.required(name, |text| Ok::<_, String>(TokenDigest::of(text.as_bytes())))
    }

    /// A text that may be missing; `null` and empty text mean the same.
    pub fn stated<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        match self.get(name)? {
            Value::Null => None,
            Value::String(text) if text.trim().is_empty() => None,
            _ => self.optional(name, parse),
        }
    }

    /// A boolean that may be missing. In forms it is a text; a ticked checkbox without a value sends `on`.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.trim() {
                "" => None,
                "true" | "on" => Some(true),
                "false" | "off" => Some(false),
                _ => self.invalid(name, "must be true or false"),
            },
            _ => self.invalid(name, "must be true or false"),
        }
    }

    /// A required whole number. In forms it is a text.
    pub fn whole_number<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(i64) -> Option<T>,
        message: &'static str,
    ) -> Option<T> {
        let number = match self.get(name) {
            None | Some(Value::Null) => return self.invalid(name, "is required"),
            Some(Value::String(text)) if self.encoding == Scalars::Text => text.trim().parse().ok(),
            Some(value) => value.as_i64(),
        };
        number.and_then(parse).or_else(|| self.invalid(name, message))
    }

    /// A required list. In a form one value may stand for a list of one.
    ///
    /// # Errors
    /// What to send instead.
    pub fn list(&self, name: &str) -> Result<&'a [Value], String> {
        match self.body.get(name) {
            None | Some(Value::Null) => Err("is required".to_owned()),
            Some(Value::Array(values)) => Ok(values),
            Some(value) if self.encoding == Scalars::Text => Ok(std::slice::from_ref(value)),
            Some(_) => Err("must be a list of texts".to_owned()),
        }
    }

    pub fn get(&self, name: &str) -> Option<&'a Value> {
        match self.body.get(name)? {
            Value::Array(values) if self.encoding == Scalars::Text => last_value(values),
            value => Some(value),
        }
    }

    /// Notes a problem of a field.
    pub fn invalid<T>(&mut self, name: &str, message: impl Into<String>) -> Option<T> {
        self.problems.push(FieldError { pointer: format!("/{name}"), message: message.into() });
        None
    }

    /// What was `parsed`, unless there are problems.
    ///
    /// # Errors
    /// The problems of all fields.
    pub fn finish<T>(self, parsed: Option<T>) -> Result<T, Vec<FieldError>> {
        parsed.filter(|_| self.problems.is_empty()).ok_or(self.problems)
    }
}

/// One error for each field that is not `known`.
pub fn unknown(fields: &Map<String, Value>, known: &[&str]) -> Vec<FieldError> {
    let unknown = fields.keys().filter(|name| !known.contains(&name.as_str()));
    unknown.map(|name| FieldError::unknown("", name, known)).collect()
}
