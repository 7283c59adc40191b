//! Splits a file of JSON into its items. It holds one item at a time and knows the line on which each begins.
//!
//! A streaming parser of one long array would lose its position at the first syntax error. This one only looks for the
//! ends of items: an item that is not JSON is one error, and reading continues with the next item.

use std::fmt;
use std::io::{self, BufRead};

/// The items of a JSON array, or of NDJSON: objects that each begin a line. An NDJSON object may span several lines if
/// they are indented.
pub struct JsonItems<R> {
    input: R,
    max_bytes: usize,
    layout: Layout,
    line: u64,
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Nothing was read yet.
    Unknown,
    Array,
    /// Inside the array, after a comma.
    ArrayAfterComma,
    Lines,
    Ended,
}

/// One item, or the reason why there is none.
#[derive(Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The line on which it begins, counted from 1.
    pub line: u64,
    pub text: Result<&'a [u8], ItemError>,
}

/// Why the text of an item could not be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemError {
    NotAList,
    TooLong { max_bytes: usize },
    Missing,
    NotClosed,
    TextAfterList,
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAList => {
                f.write_str("must begin with [ or {: a JSON array, or NDJSON with one object a line")
            }
            Self::TooLong { max_bytes } => write!(f, "is longer than {} KiB", max_bytes / 1024),
            Self::Missing => f.write_str("an item is missing here"),
            Self::NotClosed => f.write_str("the file ends before the list does"),
            Self::TextAfterList => f.write_str("there is more text after the end of the list"),
        }
    }
}

/// The syntax around a position inside an item.
#[derive(Default)]
struct Scan {
    depth: u64,
    in_string: bool,
    escaped: bool,
    begins_line: bool,
}

impl<R: BufRead> JsonItems<R> {
    /// Splits `input` into items of at most `max_bytes`.
    pub fn new(input: R, max_bytes: usize) -> Self {
        Self { input, max_bytes, layout: Layout::Unknown, line: 1, text: Vec::new() }
    }

    /// Reads the next item; `None` at the end.
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn next_item(&mut self) -> io::Result<Option<Item<'_>>> {
        if self.layout == Layout::Unknown {
            self.skip_byte_order_mark()?;
            self.layout = match self.skip_space()? {
                Some(b'[') => {
                    self.input.consume(1);
                    Layout::Array
                }
                Some(b'{') => Layout::Lines,
                Some(_) => return Ok(Some(self.end(ItemError::NotAList))),
                None => Layout::Ended,
            };
        }
        match (self.layout, self.skip_space()?) {
            (Layout::Ended | Layout::Unknown, _) | (Layout::Lines, None) => Ok(None),
            (Layout::Array | Layout::ArrayAfterComma, None) => Ok(Some(self.end(ItemError::NotClosed))),
            (Layout::Array, Some(b']')) => {
                self.input.consume(1);
                self.after_array()
            }
            (Layout::ArrayAfterComma, Some(b']')) => {
                self.layout = Layout::Array;
                Ok(Some(Item { line: self.line, text: Err(ItemError::Missing) }))
            }
            (Layout::Array | Layout::ArrayAfterComma, Some(b',')) => {
                self.input.consume(1);
                self.layout = Layout::ArrayAfterComma;
                Ok(Some(Item { line: self.line, text: Err(ItemError::Missing) }))
            }
            (Layout::Array | Layout::ArrayAfterComma | Layout::Lines, Some(_)) => self.item().map(Some),
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
            if self.text.len() < self.max_bytes {
                self.text.push(byte);
            } else {
                // Read on to find its end. White space at the end does not count.
                too_long |= !byte.is_ascii_whitespace();
            }
        }
        if self.layout != Layout::Lines {
            self.layout = match self.peek()? {
                Some(b',') => {
                    self.input.consume(1);
                    Layout::ArrayAfterComma
                }
                _ => Layout::Array,
            };
        }
        Ok(Item {
            line,
            text: if too_long {
                Err(ItemError::TooLong { max_bytes: self.max_bytes })
            } else {
                Ok(self.text.trim_ascii_end())
            },
        })
    }

    fn ends_before(&self, byte: u8, scan: &Scan) -> bool {
        match byte {
            _ if scan.in_string => false,
            b',' | b']' if scan.depth == 0 => self.layout != Layout::Lines,
            b'\n' if scan.depth == 0 => self.layout == Layout::Lines,
            // Lines inside an object are indented: an object begins here, and the previous one was not closed.
            b'{' if scan.begins_line => self.layout == Layout::Lines,
            _ => false,
        }
    }

    fn after_array(&mut self) -> io::Result<Option<Item<'_>>> {
        if self.skip_space()?.is_some() {
            return Ok(Some(self.end(ItemError::TextAfterList)));
        }
        self.layout = Layout::Ended;
        Ok(None)
    }

    fn end(&mut self, error: ItemError) -> Item<'_> {
        self.layout = Layout::Ended;
        Item { line: self.line, text: Err(error) }
    }

    /// Some editors write it at the start of every file.
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
            // JSON strings have no line breaks: the closing quote is missing, and the string ends here.
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
