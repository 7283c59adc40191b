//! The rules that several fields share: text, lists and whole numbers.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::limits;
use crate::reader::{FieldReader, Reported, Rule, Scalars, trim};
use crate::schema::View;

/// A one-line text without a limit of its own.
pub(crate) const LINE: Text = Text { lines: Lines::One, max: limits::LINE };

pub(crate) const MINUTES: WholeNumber<u32> =
    WholeNumber { range: limits::MINUTES, expected: "a whole number of minutes" };

/// A text of at least one character. White space around it is removed, and the rest kept exactly as it was sent.
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

impl Text {
    /// Printable ASCII without spaces around it is the usual case. Checking bytes is ten times faster than checking
    /// characters, and testing all of them without an early exit lets the compiler check several at once.
    fn is_usual(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        (1..=self.max).contains(&bytes.len())
            && bytes.first() != Some(&b' ')
            && bytes.last() != Some(&b' ')
            && bytes.iter().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'))
    }

    /// Reads text that may not be usual.
    fn read_text(&self, r: &mut FieldReader, text: &str) -> Result<String, Reported> {
        let text = trim(text);
        if !(1..=self.max).contains(&text.chars().count()) {
            return r.error(format_args!("must be text of 1 to {} characters", self.max));
        }
        if text.contains(|c: char| c.is_control() && !self.lines.allow(c)) {
            return r.error(match self.lines {
                Lines::One => "must be one line, without control characters other than tabs",
                Lines::Many => "must be without control characters other than tabs and line ends",
            });
        }
        Ok(text.to_owned())
    }

    /// Reads one text for each line that is not blank.
    pub(crate) fn read_lines(
        &self,
        r: &mut FieldReader,
        text: &str,
        mut found: impl FnMut(String),
    ) -> Result<(), Reported> {
        if self.is_usual(text) {
            found(text.to_owned());
            return Ok(());
        }
        for line in stated_lines(text) {
            found(self.read_text(r, line)?);
        }
        Ok(())
    }
}

/// The lines that are not blank.
pub(crate) fn stated_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_line_end).filter(|line| !trim(line).is_empty())
}

/// The line ends of Unicode (UAX #14).
pub(crate) fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

impl Rule for Text {
    type Value = String;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<String, Reported> {
        match value.as_str() {
            Some(text) if self.is_usual(text) => Ok(text.to_owned()),
            text => self.read_text(r, text.unwrap_or_default()),
        }
    }

    fn read_items(
        &self,
        r: &mut FieldReader,
        value: &Value,
        items: &mut Vec<String>,
    ) -> Result<(), Reported> {
        match (value.as_str(), self.lines) {
            (Some(text), Lines::One) => self.read_lines(r, text, |line| items.push(line)),
            _ => self.read(r, value).map(|text| items.push(text)),
        }
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

    /// The same in a regular expression of JSON Schema, with at least one character that is not white space. Dialects
    /// differ in their white space: the characters that not all of them know are listed.
    fn pattern(self) -> &'static str {
        match self {
            Self::One => concat!(
                r"^[^\u0000-\u0008\u000a-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f\u200b\ufeff]",
                r"[^\u0000-\u0008\u000a-\u001f\u007f-\u009f]*$",
            ),
            Self::Many => concat!(
                r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*",
                r"[^\s\u0000-\u001f\u007f-\u009f\u200b\ufeff]",
                r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$",
            ),
        }
    }
}

pub(crate) struct List<R> {
    pub(crate) max: usize,
    pub(crate) item: R,
}

impl<R: Rule> Rule for List<R> {
    type Value = Vec<R::Value>;

    const IS_LIST: bool = true;

    fn read(&self, r: &mut FieldReader, value: &Value) -> Result<Vec<R::Value>, Reported> {
        let mut list = Vec::new();
        let items = match (value, r.scalars()) {
            (Value::Array(items), _) => items,
            (blank, Scalars::Text) if self.item.is_blank(blank) => return Ok(list),
            // The error's position is the list itself: the client sent no index.
            (Value::String(_) | Value::Object(_), Scalars::Text) => {
                self.item.read_items(r, value, &mut list)?;
                return self.within_limit(r, list);
            }
            _ => return self.error(r),
        };
        let is_stated = |(_, item): &(usize, &Value)| !self.item.is_blank(item);
        // Before the items are read, because each of them can cause an error.
        if items.len() > self.max && items.iter().enumerate().filter(is_stated).count() > self.max {
            return self.error(r);
        }
        let mut number = itoa::Buffer::new();
        let mut result = Ok(());
        list.reserve(items.len().min(self.max));
        for (i, item) in items.iter().enumerate().filter(is_stated) {
            result = result.and(r.at(number.format(i), |r| self.item.read_items(r, item, &mut list)));
        }
        result?;
        self.within_limit(r, list)
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

impl<R: Rule> List<R> {
    fn within_limit(&self, r: &mut FieldReader, list: Vec<R::Value>) -> Result<Vec<R::Value>, Reported> {
        if list.len() <= self.max { Ok(list) } else { self.error(r) }
    }

    fn error<T>(&self, r: &mut FieldReader) -> Result<T, Reported> {
        r.error(format_args!("must be a list of at most {} items", self.max))
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
