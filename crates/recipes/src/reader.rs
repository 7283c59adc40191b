//! Reads the fields of a body and collects every error, so that one response can report all of them.

use std::fmt;

use serde_json::{Map, Number, Value};

use crate::field_error::{FieldError, push_token};
use crate::schema::View;

/// How a body writes its scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalars {
    /// As JSON does: numbers, booleans and `null` have types of their own.
    Typed,
    /// As HTML forms do: everything is text. Decimal text is read as a number, a single value in place of a list as a
    /// list of one, and a missing list as an empty one, because browsers leave out unselected fields. Of several
    /// values for one scalar the last that is not blank counts.
    Text,
}

/// What a field accepts.
pub(crate) trait Rule {
    type Value;

    /// Whether the field is a list. Forms may leave out a list, and repeat any other field.
    const IS_LIST: bool = false;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Self::Value, Reported>;

    /// Reads an item of a list. One text may hold several items, a line each.
    fn read_items(
        &self,
        r: &mut FieldReader,
        value: &Value,
        items: &mut Vec<Self::Value>,
    ) -> Result<(), Reported> {
        items.push(self.read(r, value)?);
        Ok(())
    }

    /// Whether the value means "not stated": then a field is unset, and an item of a list is dropped.
    fn is_blank(&self, value: &Value) -> bool {
        is_blank(value)
    }

    /// Describes the values in JSON Schema, as clients should send them. [`read`](Self::read) also accepts blank values
    /// and surrounding white space.
    fn schema(&self, view: View) -> Value;

    /// Reports every member inside the value that [`read`](Self::read) ignores.
    fn report_unknown(&self, _: &mut FieldReader, _: &Value) {}
}

/// There is no value, because an error was reported to the [`FieldReader`]. Reading goes on with the next field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reported(());

/// A position in a body, and the errors found so far.
pub(crate) struct FieldReader {
    scalars: Scalars,
    /// JSON pointer (RFC 6901) to the value that is being read.
    pointer: String,
    errors: Vec<FieldError>,
}

impl FieldReader {
    pub(crate) fn new(scalars: Scalars) -> Self {
        Self { scalars, pointer: String::new(), errors: Vec::new() }
    }

    pub(crate) fn scalars(&self) -> Scalars {
        self.scalars
    }

    pub(crate) fn finish<T>(self, read: Result<T, Reported>) -> Result<T, Vec<FieldError>> {
        read.map_err(|Reported(())| self.errors)
    }

    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// Reads a member that must be present and not `null`.
    pub(crate) fn required<R: Rule>(
        &mut self,
        object: &Map<String, Value>,
        name: &str,
        rule: &R,
    ) -> Result<R::Value, Reported> {
        self.at(name, |r| match r.member::<R>(object, name) {
            Some(value) => rule.read(r, value),
            None if R::IS_LIST && r.scalars == Scalars::Text => rule.read(r, &Value::Array(Vec::new())),
            None => r.missing(rule),
        })
    }

    /// Reads a member that must be present and may be `null`.
    pub(crate) fn nullable<R: Rule>(
        &mut self,
        object: &Map<String, Value>,
        name: &str,
        rule: &R,
    ) -> Result<Option<R::Value>, Reported> {
        self.at(name, |r| match r.member::<R>(object, name) {
            Some(value) if rule.is_blank(value) => Ok(None),
            Some(value) => rule.read(r, value).map(Some),
            None => r.missing(rule).map(Some),
        })
    }

    /// Reads a member that may be missing; a blank one means the same.
    pub(crate) fn optional<R: Rule>(
        &mut self,
        object: &Map<String, Value>,
        name: &str,
        rule: &R,
    ) -> Result<Option<R::Value>, Reported> {
        match self.member::<R>(object, name) {
            Some(value) if !rule.is_blank(value) => self.at(name, |r| rule.read(r, value).map(Some)),
            _ => Ok(None),
        }
    }

    /// Reads a member that has a default when it is missing or blank.
    pub(crate) fn defaulted<R: Rule<Value: Default>>(
        &mut self,
        object: &Map<String, Value>,
        name: &str,
        rule: &R,
    ) -> Result<R::Value, Reported> {
        self.optional(object, name, rule).map(Option::unwrap_or_default)
    }

    /// Returns `found`, or reports what was expected.
    pub(crate) fn expect<T>(&mut self, found: Option<T>, expected: impl fmt::Display) -> Result<T, Reported> {
        found.map_or_else(|| self.error(expected), Ok)
    }

    /// Reports an error at the current position.
    pub(crate) fn error<T>(&mut self, message: impl fmt::Display) -> Result<T, Reported> {
        self.errors.push(FieldError { pointer: self.pointer.clone(), message: message.to_string() });
        Err(Reported(()))
    }

    /// Reports the members of the object at the current position that are not `known`.
    pub(crate) fn report_unknown_members(&mut self, object: &Map<String, Value>, known: &[&str]) {
        let unknown = object.keys().filter(|name| !known.contains(&name.as_str()));
        self.errors.extend(unknown.map(|name| FieldError::unknown(&self.pointer, name, known)));
    }

    fn member<'a, R: Rule>(&self, object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
        match object.get(name)? {
            Value::Array(values) if self.scalars == Scalars::Text && !R::IS_LIST => last_value(values),
            value => Some(value),
        }
    }

    /// A number, in its shortest form. `None` reports nothing, because the caller may accept other types too.
    pub(crate) fn number(&self, value: &Value) -> Option<Number> {
        match value {
            Value::Number(number) => Some(shortest(number)),
            Value::String(text) if self.scalars == Scalars::Text => decimal(trim(text)),
            _ => None,
        }
    }

    /// Reads with the position moved to a member or an index of the current value.
    pub(crate) fn at<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        push_token(&mut self.pointer, token);
        let found = read(self);
        self.pointer.truncate(length);
        found
    }

    /// Reports a missing member with the error that `null` would cause, which says what to send.
    fn missing<R: Rule>(&mut self, rule: &R) -> Result<R::Value, Reported> {
        let before = self.errors.len();
        let found = rule.read(self, &Value::Null);
        for error in &mut self.errors[before..] {
            error.message.insert_str(0, "is required and ");
        }
        found
    }
}

/// Of the values of a form that have one name, the last that is not blank. Frameworks put a hidden field before each
/// checkbox, with the value for "not ticked".
pub fn last_value(values: &[Value]) -> Option<&Value> {
    values.iter().rfind(|value| !is_blank(value)).or(values.last())
}

/// Whether the value is `null` or text that shows nothing.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => trim(text).is_empty(),
        _ => false,
    }
}

/// Whether the object has none of these members, or only blank ones.
pub(crate) fn is_blank_object(value: &Value, names: &[&str]) -> bool {
    let no_member =
        |object: &Map<String, Value>| names.iter().all(|name| object.get(*name).is_none_or(is_blank));
    is_blank(value) || value.as_object().is_some_and(no_member)
}

/// Without the white space around the text. A byte-order mark and zero-width spaces come from word processors.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'))
}

/// Writes `4.0` as `4`.
fn shortest(number: &Number) -> Number {
    /// Up to here an `f64` represents every whole number exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && (0.0..EXACT).contains(&float) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole, and in 0..2^53"
            )]
            let whole = float as u64;
            Number::from(whole)
        }
        _ => number.clone(),
    }
}

/// `90` or `2.5`, as people fill in forms: no signs, no exponents.
fn decimal(text: &str) -> Option<Number> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        None if digits(text) => text.parse::<u64>().ok().map(Number::from),
        Some((whole, part)) if digits(whole) && digits(part) => {
            text.parse().ok().and_then(Number::from_f64).as_ref().map(shortest)
        }
        _ => None,
    }
}
