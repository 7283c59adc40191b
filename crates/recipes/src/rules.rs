//! The rules that several fields share: text, lists and whole numbers.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::limits;
use crate::reader::{FieldReader, Reported, Rule, Scalars};
use crate::schema::View;

/// A one-line text without a limit of its own.
pub(crate) const LINE: Text = Text { lines: Lines::One, max: limits::LINE };

pub(crate) const MINUTES: WholeNumber<u32> =
    WholeNumber { range: limits::MINUTES, expected: "a whole number of minutes" };

/// A text of at least one character, kept exactly as it was sent.
pub(crate) struct Text {
    pub(crate) lines: Lines,
    pub(crate) max: usize,
}

/// Which control characters a text may contain.
#[derive(Clone, Copy)]
pub(crate) enum Lines {
    /// Tabs: ingredients are pasted from tables.
    One,
    /// Tabs and line ends. Browsers send forms with carriage returns.
    Many,
}

impl Rule for Text {
    type Value = String;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<String, Reported> {
        let text = value.as_str();
        // Printable ASCII is the usual case. Checking bytes is ten times faster than checking characters, and testing
        // all of them without an early exit lets the compiler check several at once.
        let printable_ascii = |text: &&str| {
            (1..=self.max).contains(&text.len())
                && text.bytes().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'))
        };
        if let Some(text) = text.filter(printable_ascii) {
            return Ok(text.to_owned());
        }
        let Some(text) = text.filter(|text| (1..=self.max).contains(&text.chars().count())) else {
            return r.error(format_args!("must be text of 1 to {} characters", self.max));
        };
        if text.contains(|c: char| c.is_control() && !self.lines.allow(c)) {
            return r.error(match self.lines {
                Lines::One => "must be one line, without control characters other than tabs",
                Lines::Many => "must be without control characters other than tabs and line ends",
            });
        }
        Ok(text.to_owned())
    }

    fn schema(&self, view: View) -> Value {
        match view {
            View::Draft => json!({
                "type": "string", "minLength": 1, "maxLength": self.max, "pattern": self.lines.pattern(),
            }),
            View::Stored => json!({ "type": "string" }),
        }
    }
}

impl Lines {
    fn allow(self, c: char) -> bool {
        match self {
            Self::One => c == '\t',
            Self::Many => matches!(c, '\t' | '\n' | '\r'),
        }
    }

    /// The same in a regular expression of JSON Schema.
    fn pattern(self) -> &'static str {
        match self {
            Self::One => r"^[^\u0000-\u0008\u000a-\u001f\u007f-\u009f]*$",
            Self::Many => r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
        }
    }
}

pub(crate) struct List<R> {
    pub(crate) max: usize,
    pub(crate) item: R,
}

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Vec<R::Value>, Reported> {
        let items = match (value, r.scalars()) {
            (Value::Array(items), Scalars::Text) if matches!(&items[..], [one] if r.is_null(one)) => &[],
            (Value::Array(items), _) if items.len() <= self.max => &items[..],
            (Value::String(empty), Scalars::Text) if empty.is_empty() => &[],
            // The error's position is the list itself: the client sent no index.
            (Value::String(_) | Value::Object(_), Scalars::Text) => {
                return self.item.read(r, value).map(|item| vec![item]);
            }
            _ => return r.error(format_args!("must be a list of at most {}", self.max)),
        };
        let mut number = itoa::Buffer::new();
        let mut list = Vec::with_capacity(items.len());
        let mut result = Ok(());
        for (i, item) in items.iter().enumerate() {
            match r.at(number.format(i), |r| self.item.read(r, item)) {
                Ok(item) => list.push(item),
                Err(reported) => result = Err(reported),
            }
        }
        result.map(|()| list)
    }

    fn schema(&self, view: View) -> Value {
        let items = self.item.schema(view);
        match view {
            View::Draft => json!({ "type": "array", "maxItems": self.max, "items": items }),
            View::Stored => json!({ "type": "array", "items": items }),
        }
    }

    fn report_unknown(&self, r: &mut FieldReader, value: &Value) {
        let Value::Array(items) = value else { return self.item.report_unknown(r, value) };
        for (i, item) in items.iter().enumerate() {
            r.at(itoa::Buffer::new().format(i), |r| self.item.report_unknown(r, item));
        }
    }
}

/// A whole number. `60.0` is one too, because JSON has only one kind of number.
pub(crate) struct WholeNumber<T> {
    pub(crate) range: RangeInclusive<T>,
    /// For the error message: "a whole number of minutes".
    pub(crate) expected: &'static str,
}

impl<T: Copy + TryFrom<u64> + PartialOrd + fmt::Display + Into<u64>> Rule for WholeNumber<T> {
    type Value = T;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<T, Reported> {
        let number = r.number(value).and_then(|number| T::try_from(number.as_u64()?).ok());
        let (min, max) = (self.range.start(), self.range.end());
        r.expect(
            number.filter(|number| self.range.contains(number)),
            format_args!("must be {} from {min} to {max}, or null if not stated", self.expected),
        )
    }

    fn schema(&self, view: View) -> Value {
        let (min, max): (u64, u64) = ((*self.range.start()).into(), (*self.range.end()).into());
        match view {
            View::Draft => json!({ "type": "integer", "minimum": min, "maximum": max }),
            View::Stored => json!({ "type": "integer" }),
        }
    }
}
