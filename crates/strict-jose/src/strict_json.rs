//! Reads one JSON object strictly, without building it: grammar, depth, and no duplicate members.
//!
//! `serde_json` alone is not enough. A reader that keeps the *last* of two equal members and a reader that keeps the
//! *first* see two different tokens in one text, such as `{"exp":1,"\u0065xp":9}`. `serde_json` accepts such a text as a
//! map, builds values that are not needed, and allows 128 levels. This reader scans the text once and shows each top-level
//! member to the caller. `serde_json` reads the typed claims afterwards.

mod text;

use smallvec::SmallVec;

pub(crate) use self::text::{SHORT, Text, unescape_in_place};
use crate::error::Malformed;

/// The deepest nesting that is read. [RFC 8259 §9](https://www.rfc-editor.org/rfc/rfc8259#section-9) allows a limit; honest
/// claims need five levels.
const MAX_DEPTH: u8 = 16;

/// The number of members that a text may have.
///
/// Each name is compared with the other names of its object. Without limits, a set of keys of 1 MiB could ask for a
/// billion comparisons.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// In all objects that are open at the same time.
    pub(crate) open: usize,
    /// In the whole text.
    pub(crate) all: usize,
    /// Names of one object must differ down to this depth. The objects below are read again, each by itself.
    unique_to: u8,
}

impl Limits {
    const fn new(open: usize, all: usize) -> Self {
        Self { open, all, unique_to: MAX_DEPTH }
    }
}

/// For a header, which is read before the signature is verified. An honest one has fewer than a dozen members.
pub(crate) const HEADER: Limits = Limits::new(32, 32);

/// For one key. An honest one has fewer than two dozen members.
pub(crate) const JWK: Limits = Limits::new(ON_STACK, 256);

/// For a set of keys, some of which may be meant for other programs. One key with a duplicate member must not make the whole
/// set unreadable.
pub(crate) const JWK_SET: Limits = Limits { unique_to: 1, ..JWK_OF_SET };

/// For one key of a set.
pub(crate) const JWK_OF_SET: Limits = Limits::new(256, 8192);

/// For the claims of a proof. A valid signature shows only that the sender has the key in the proof.
pub(crate) const PROOF: Limits = Limits::new(ON_STACK, 256);

/// For claims, which are read after the signature is verified.
pub(crate) const CLAIMS: Limits = Limits::new(1024, usize::MAX);

/// The number of names that fit on the stack.
pub(crate) const ON_STACK: usize = 64;

/// Reads `text` as one object and calls `member` with each of its members, in order.
///
/// Nested values are checked before `member` is called.
pub(crate) fn object<'a, E: From<Malformed>>(
    text: &'a str,
    limits: Limits,
    mut member: impl FnMut(Text<'a>, Value<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    if scanner.next() != Some(b'{') {
        return Err(Malformed::Json.into());
    }
    scanner.members(&mut Names::new(limits), 1, &mut member)?;
    scanner.skip_space();
    if scanner.at == text.len() { Ok(()) } else { Err(Malformed::Json.into()) }
}

/// A checked value, still as text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Text<'a>),
    Number(&'a str),
    /// Brackets included.
    Array(&'a str),
    /// Braces included.
    Object(&'a str),
    True,
    False,
    Null,
}

impl<'a> Value<'a> {
    pub(crate) fn text(self) -> Option<Text<'a>> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// The elements of a checked array: `None` for an element that is not a string.
pub(crate) fn texts(array: &str) -> impl Iterator<Item = Option<Text<'_>>> {
    elements(array).map(Value::text)
}

/// The elements of a checked array.
pub(crate) fn elements(array: &str) -> impl Iterator<Item = Value<'_>> {
    let mut scanner = Scanner { text: array, at: 0 };
    let mut names = Names::new(Limits { unique_to: 0, ..CLAIMS });
    std::iter::from_fn(move || {
        scanner.at += 1; // the opening bracket, or the comma after the last element
        scanner.skip_space();
        if matches!(scanner.peek(), None | Some(b']')) {
            return None;
        }
        let element = scanner.value(&mut names, 1).ok()?;
        scanner.skip_space();
        Some(element)
    })
}

/// A position in a text.
///
/// Its methods are inlined, which saves about a tenth of the time of a verification.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Reads the rest of an object, after its `{`.
    #[inline]
    fn members<E: From<Malformed>>(
        &mut self,
        names: &mut Names<'a>,
        depth: u8,
        member: &mut impl FnMut(Text<'a>, Value<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let outer = names.open.len();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.next() != Some(b'"') {
                return Err(Malformed::Json.into());
            }
            let name = self.string()?;
            names.insert(outer, name, depth)?;
            self.skip_space();
            if self.next() != Some(b':') {
                return Err(Malformed::Json.into());
            }
            self.skip_space();
            let value = self.value(names, depth)?;
            member(name, value)?;
            self.skip_space();
            match self.next() {
                Some(b',') => {}
                Some(b'}') => break,
                _ => return Err(Malformed::Json.into()),
            }
        }
        names.open.truncate(outer);
        Ok(())
    }

    #[inline]
    fn value(&mut self, names: &mut Names<'a>, depth: u8) -> Result<Value<'a>, Malformed> {
        let start = self.at;
        match self.next() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => {
                self.at = start;
                self.number()?;
                Ok(Value::Number(&self.text[start..self.at]))
            }
            Some(b'{') if depth < MAX_DEPTH => {
                self.members::<Malformed>(names, depth + 1, &mut |_, _| Ok(()))?;
                Ok(Value::Object(&self.text[start..self.at]))
            }
            Some(b'[') if depth < MAX_DEPTH => {
                self.elements(names, depth + 1)?;
                Ok(Value::Array(&self.text[start..self.at]))
            }
            Some(b'{' | b'[') => Err(Malformed::TooDeep),
            Some(b't') => self.word("rue", Value::True),
            Some(b'f') => self.word("alse", Value::False),
            Some(b'n') => self.word("ull", Value::Null),
            _ => Err(Malformed::Json),
        }
    }

    /// Reads the rest of an array, after its `[`.
    fn elements(&mut self, names: &mut Names<'a>, depth: u8) -> Result<(), Malformed> {
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            self.value(names, depth)?;
            self.skip_space();
            match self.next() {
                Some(b',') => {}
                Some(b']') => return Ok(()),
                _ => return Err(Malformed::Json),
            }
        }
    }

    /// Reads the rest of a string, after its opening quote.
    #[inline]
    fn string(&mut self) -> Result<Text<'a>, Malformed> {
        let text = Text::scan(self.text, self.at).ok_or(Malformed::Json)?;
        self.at = text.span().end + 1;
        Ok(text)
    }

    #[inline]
    fn number(&mut self) -> Result<(), Malformed> {
        /// The number of digits of the largest double. A shorter number without an exponent is never too large.
        const DIGITS: usize = 309;
        let start = self.at;
        let mut has_exponent = false;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            has_exponent = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        // Some readers take 1e400 for infinity and others refuse it. RFC 7493 §2.2 allows only doubles.
        let number = &self.text[start..self.at];
        let is_double = || number.parse().is_ok_and(f64::is_finite);
        if (has_exponent || number.len() >= DIGITS) && !is_double() { Err(Malformed::Json) } else { Ok(()) }
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Malformed::Json) }
    }

    #[inline]
    fn word(&mut self, rest: &str, value: Value<'a>) -> Result<Value<'a>, Malformed> {
        if !self.text.as_bytes()[self.at..].starts_with(rest.as_bytes()) {
            return Err(Malformed::Json);
        }
        self.at += rest.len();
        Ok(value)
    }
}

/// The member names of all open objects, those of the innermost object last.
struct Names<'a> {
    open: SmallVec<[Text<'a>; ON_STACK]>,
    max_open: usize,
    /// How many more members the text may have.
    left: usize,
    unique_to: u8,
}

impl<'a> Names<'a> {
    fn new(Limits { open, all, unique_to }: Limits) -> Self {
        Self { open: SmallVec::new(), max_open: open, left: all, unique_to }
    }

    /// Adds a name to the innermost object, whose names begin at `outer`.
    #[inline]
    fn insert(&mut self, outer: usize, name: Text<'a>, depth: u8) -> Result<(), Malformed> {
        if self.open.len() == self.max_open || self.left == 0 {
            return Err(Malformed::TooManyMembers);
        }
        if depth <= self.unique_to && self.open[outer..].contains(&name) {
            return Err(Malformed::Duplicate);
        }
        self.left -= 1;
        self.open.push(name);
        Ok(())
    }
}

#[cfg(test)]
mod no_duplicates;
#[cfg(test)]
mod tests;
