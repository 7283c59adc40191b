//! Reads a body and remembers what is wrong with it, and where.
//!
//! Every function answers `None` only after it has noted a problem (or for a `null` that is allowed),
//! so that reading goes on to the end and the client hears of everything at once.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Number, Value};

use crate::limits;
use crate::problem::{Problem, push_token};

/// How a body came to us, because forms can only say text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    /// Numbers may be decimal text, an empty text is `null` or an empty list, and one value where a
    /// list is expected is a list of one.
    Form,
}

pub(crate) struct Reader {
    encoding: Encoding,
    /// Where we are: RFC 6901.
    pointer: String,
    problems: Vec<Problem>,
}

/// How many lines a text may have.
#[derive(Clone, Copy)]
pub(crate) enum Lines {
    /// Tabs are welcome: ingredients are pasted from tables.
    One,
    /// Line ends in every fashion: browsers send forms with carriage returns.
    Many,
}

impl Reader {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self { encoding, pointer: String::new(), problems: Vec::new() }
    }

    pub(crate) fn finish<T>(self, whole: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() { Ok(whole) } else { Err(self.problems) }
    }

    /// A member that may be missing; `null` is the same as missing.
    pub(crate) fn optional<T>(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        read: impl FnOnce(&mut Self, &Value) -> Option<T>,
    ) -> Option<T> {
        let value = object.get(key).filter(|value| !self.is_null(value))?;
        self.at(key, |r| read(r, value))
    }

    /// A member that must be there and not be `null`. The default stands in for what is wrong, until
    /// [`finish`](Self::finish) throws it away.
    pub(crate) fn required<T: Default>(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        read: impl FnOnce(&mut Self, &Value) -> Option<T>,
    ) -> T {
        let found = self.at(key, |r| match object.get(key) {
            Some(value) => read(r, value),
            None => r.missing(read),
        });
        found.unwrap_or_default()
    }

    /// A member that must be there and may be `null`.
    pub(crate) fn nullable<T>(
        &mut self,
        object: &Map<String, Value>,
        key: &str,
        read: impl FnOnce(&mut Self, &Value) -> Option<T>,
    ) -> Option<T> {
        self.at(key, |r| match object.get(key) {
            Some(value) if r.is_null(value) => None,
            Some(value) => read(r, value),
            None => r.missing(read),
        })
    }

    pub(crate) fn object<'v>(&mut self, value: &'v Value, expected: &str) -> Option<&'v Map<String, Value>> {
        self.demand(value.as_object(), expected)
    }

    pub(crate) fn list<T>(
        &mut self,
        value: &Value,
        max: usize,
        mut read: impl FnMut(&mut Self, &Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match (value, self.encoding) {
            (Value::Array(items), Encoding::Form) if matches!(&items[..], [one] if self.is_null(one)) => &[],
            (Value::Array(items), _) => &items[..],
            (Value::String(empty), Encoding::Form) if empty.is_empty() => &[],
            // Its place is the list's own: there is no index in what was sent.
            (Value::String(_) | Value::Object(_), Encoding::Form) => {
                return read(self, value).map(|item| vec![item]);
            }
            _ => return self.refuse(format_args!("must be a list of at most {max}")),
        };
        if items.len() > max {
            return self.refuse(format_args!("must be a list of at most {max}"));
        }
        let number = &mut itoa::Buffer::new();
        let mut list = Vec::with_capacity(items.len());
        list.extend(
            items.iter().enumerate().filter_map(|(i, item)| self.at(number.format(i), |r| read(r, item))),
        );
        Some(list)
    }

    /// A text of at least one character, kept to the last space.
    pub(crate) fn text(&mut self, value: &Value, lines: Lines, max: usize) -> Option<String> {
        let text = value.as_str();
        // Most texts, and looking at bytes is ten times faster than at characters; not stopping at the first
        // that does not fit, several at once.
        let plain = |text: &&str| {
            (1..=max).contains(&text.len())
                && text.bytes().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'))
        };
        if let Some(plain) = text.filter(plain) {
            return Some(plain.to_owned());
        }
        let Some(text) = text.filter(|text| (1..=max).contains(&text.chars().count())) else {
            return self.refuse(format_args!("must be text of 1 to {max} characters"));
        };
        let allowed = |c: char| match lines {
            Lines::One => c == '\t',
            Lines::Many => matches!(c, '\t' | '\n' | '\r'),
        };
        if text.contains(|c: char| c.is_control() && !allowed(c)) {
            return self.refuse(match lines {
                Lines::One => "must be one line, without control characters other than tabs",
                Lines::Many => "must be without control characters other than tabs and line ends",
            });
        }
        Some(text.to_owned())
    }

    /// A whole number. `60.0` is one too: JSON has only one kind of number.
    pub(crate) fn whole<T: TryFrom<u64> + PartialOrd>(
        &mut self,
        value: &Value,
        range: &RangeInclusive<T>,
        expected: impl fmt::Display,
    ) -> Option<T> {
        let number = self.number(value).and_then(|number| number.as_u64());
        self.demand(number.and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n)), expected)
    }

    /// A number as it was sent, or `None` without noting a problem: the caller may expect something else.
    pub(crate) fn number(&self, value: &Value) -> Option<Number> {
        match value {
            Value::Number(number) => Some(shortest(number)),
            Value::String(text) if self.encoding == Encoding::Form => decimal(text),
            _ => None,
        }
    }

    /// Passes on what is there, and notes what was expected if nothing is.
    pub(crate) fn demand<T>(&mut self, found: Option<T>, expected: impl fmt::Display) -> Option<T> {
        found.or_else(|| self.refuse(expected))
    }

    /// Notes a problem here.
    pub(crate) fn refuse<T>(&mut self, message: impl fmt::Display) -> Option<T> {
        self.problems.push(Problem { pointer: self.pointer.clone(), message: message.to_string() });
        None
    }

    pub(crate) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// What is asked of `null` is what is asked of nothing, and says what to send.
    fn missing<T>(&mut self, read: impl FnOnce(&mut Self, &Value) -> Option<T>) -> Option<T> {
        let before = self.problems.len();
        let nothing = read(self, &Value::Null);
        for problem in &mut self.problems[before..] {
            problem.message.insert_str(0, "is required and ");
        }
        nothing
    }

    fn is_null(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) => self.encoding == Encoding::Form && text.is_empty(),
            _ => false,
        }
    }

    fn at<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let here = self.pointer.len();
        push_token(&mut self.pointer, token);
        let answer = read(self);
        self.pointer.truncate(here);
        answer
    }
}

/// `4.0` is the same number as `4`, and shorter.
fn shortest(number: &Number) -> Number {
    /// Up to here every whole number has its own `f64`.
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

/// `90` or `2.5`: what a person writes into a form. No signs, no exponents.
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

pub(crate) fn line(r: &mut Reader, value: &Value) -> Option<String> {
    r.text(value, Lines::One, limits::LINE)
}

pub(crate) fn minutes(r: &mut Reader, value: &Value) -> Option<u32> {
    let (min, max) = limits::MINUTES.into_inner();
    let expected =
        format_args!("must be a whole number of minutes from {min} to {max}, or null if not stated");
    r.whole(value, &limits::MINUTES, expected)
}
