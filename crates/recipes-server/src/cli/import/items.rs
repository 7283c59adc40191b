//! Takes a file of JSON apart into its items, of which it holds one at a time, and knows on which line each begins.
//!
//! A streaming reader of one long array would lose its place at the first fault. This one only looks for where items
//! end, so one that is no JSON is one item that is reported, and the next is read.

use std::io::{self, BufRead};

use crate::limits;

/// The items of a JSON array, or of a text of one object after the other, which each begin a line.
pub(super) struct Items<R> {
    input: R,
    form: Form,
    line: u64,
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Nothing was read yet.
    Unseen,
    Array,
    /// Within the array, behind a comma.
    ArrayGoesOn,
    Lines,
    Ended,
}

/// One item, or a piece of text where one should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item<'a> {
    /// Where it begins, counted from 1.
    pub(super) line: u64,
    pub(super) text: Result<&'a [u8], Flaw>,
}

/// What can be wrong with an item before it is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    NoItems,
    TooLong,
    Missing,
    NotClosed,
    TextBehind,
}

impl Flaw {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NoItems => "must begin with [ or {: a JSON array, or NDJSON with one object a line",
            Self::TooLong => "is longer than 256 KiB",
            Self::Missing => "an item is missing here",
            Self::NotClosed => "the file ends before the list does",
            Self::TextBehind => "there is more text behind the end of the list",
        }
    }
}

/// Where in an item the reader is.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
    begins_line: bool,
}

impl<R: BufRead> Items<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, form: Form::Unseen, line: 1, text: Vec::new() }
    }

    /// The next item, `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read any further.
    pub(super) fn next(&mut self) -> io::Result<Option<Item<'_>>> {
        if self.form == Form::Unseen {
            self.skip_byte_order_mark()?;
            self.form = match self.skip_space()? {
                Some(b'[') => {
                    self.input.consume(1);
                    Form::Array
                }
                Some(b'{') => Form::Lines,
                Some(_) => return Ok(Some(self.end(Flaw::NoItems))),
                None => Form::Ended,
            };
        }
        match (self.form, self.skip_space()?) {
            (Form::Ended | Form::Unseen, _) | (Form::Lines, None) => Ok(None),
            (Form::Array | Form::ArrayGoesOn, None) => Ok(Some(self.end(Flaw::NotClosed))),
            (Form::Array, Some(b']')) => {
                self.input.consume(1);
                self.behind_the_list()
            }
            (Form::ArrayGoesOn, Some(b']')) => {
                self.form = Form::Array;
                Ok(Some(Item { line: self.line, text: Err(Flaw::Missing) }))
            }
            (Form::Array | Form::ArrayGoesOn, Some(b',')) => {
                self.input.consume(1);
                self.form = Form::ArrayGoesOn;
                Ok(Some(Item { line: self.line, text: Err(Flaw::Missing) }))
            }
            (Form::Array | Form::ArrayGoesOn | Form::Lines, Some(_)) => self.item().map(Some),
        }
    }

    fn item(&mut self) -> io::Result<Item<'_>> {
        let line = self.line;
        let (mut scan, mut too_long) = (Scan::default(), false);
        self.text.clear();
        while let Some(byte) = self.peek()? {
            if self.ends_before(byte, &scan) {
                break;
            }
            self.input.consume(1);
            self.line += u64::from(byte == b'\n');
            scan.pass(byte);
            if self.text.len() < limits::BODY_BYTES {
                self.text.push(byte);
            } else {
                // Its end is still to be found. Space at its end does not count.
                too_long |= !byte.is_ascii_whitespace();
            }
        }
        if self.form != Form::Lines {
            self.form = match self.peek()? {
                Some(b',') => {
                    self.input.consume(1);
                    Form::ArrayGoesOn
                }
                _ => Form::Array,
            };
        }
        Ok(Item { line, text: if too_long { Err(Flaw::TooLong) } else { Ok(self.text.trim_ascii_end()) } })
    }

    fn ends_before(&self, byte: u8, scan: &Scan) -> bool {
        match byte {
            _ if scan.in_string => false,
            b',' | b']' if scan.depth == 0 => self.form != Form::Lines,
            b'\n' if scan.depth == 0 => self.form == Form::Lines,
            // An object over several lines is indented, so here one begins and the one before was never closed.
            b'{' if scan.begins_line => self.form == Form::Lines,
            _ => false,
        }
    }

    fn behind_the_list(&mut self) -> io::Result<Option<Item<'_>>> {
        if self.skip_space()?.is_some() {
            return Ok(Some(self.end(Flaw::TextBehind)));
        }
        self.form = Form::Ended;
        Ok(None)
    }

    fn end(&mut self, flaw: Flaw) -> Item<'_> {
        self.form = Form::Ended;
        Item { line: self.line, text: Err(flaw) }
    }

    /// Some editors begin every file with it.
    fn skip_byte_order_mark(&mut self) -> io::Result<()> {
        for expected in *b"\xef\xbb\xbf" {
            if self.peek()? != Some(expected) {
                break;
            }
            self.input.consume(1);
        }
        Ok(())
    }

    fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => {
                    self.line += u64::from(byte == b'\n');
                    self.input.consume(1);
                }
                byte => return Ok(byte),
            }
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Scan {
    fn pass(&mut self, byte: u8) {
        self.begins_line = byte == b'\n';
        match byte {
            // JSON has no line break in a string: the closing quote was forgotten. What follows is not one, too.
            b'\n' => (self.in_string, self.escaped) = (false, false),
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
