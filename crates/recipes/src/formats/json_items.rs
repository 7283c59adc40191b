//! Splits a file of JSON into its items. It holds one item at a time and knows the line on which each begins.
//!
//! A streaming parser of one long array would lose its position at the first syntax error. This one only looks for the
//! ends of items: an item that is not JSON is one error, and reading continues with the next item.

mod envelope;

use std::fmt;
use std::io::{self, BufRead};

/// The items of a JSON array, of NDJSON (objects that each begin a line), or of an envelope. An NDJSON object may span
/// several lines if they are indented.
pub struct JsonItems<R> {
    input: R,
    max_bytes: usize,
    layout: Layout,
    line: u64,
    text: Vec<u8>,
    /// The start of the next item, read to find out what the file is; and its line.
    head: Vec<u8>,
    head_line: u64,
    in_envelope: bool,
    skipped_members: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Nothing was read yet.
    Unknown,
    Array,
    /// Inside the array, after a comma.
    ArrayAfterComma,
    Lines,
    /// Inside an envelope, before an object that is an item.
    Member,
    /// Inside an envelope, after a member.
    AfterMember,
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
    NotJson,
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
            Self::NotJson => f.write_str("is not valid JSON; the rest of the file is not read"),
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
        Self {
            input,
            max_bytes,
            layout: Layout::Unknown,
            line: 1,
            text: Vec::new(),
            head: Vec::new(),
            head_line: 1,
            in_envelope: false,
            skipped_members: Vec::new(),
        }
    }

    /// Reads the next item; `None` at the end.
    ///
    /// # Errors
    /// If the input cannot be read.
    pub fn next_item(&mut self) -> io::Result<Option<Item<'_>>> {
        loop {
            let error = match (self.layout, self.next_byte()?) {
                (Layout::Ended, _) | (Layout::Unknown | Layout::Lines, None) => return Ok(None),
                (Layout::Unknown, Some(b'[')) => {
                    self.input.consume(1);
                    self.layout = Layout::Array;
                    None
                }
                (Layout::Unknown, Some(b'{')) => self.begin_object()?,
                (Layout::Unknown, Some(_)) => Some(ItemError::NotAList),
                (Layout::AfterMember, _) => self.next_member()?,
                (_, None) => Some(ItemError::NotClosed),
                (Layout::Array, Some(b']')) => {
                    self.input.consume(1);
                    self.after_array()?
                }
                (Layout::ArrayAfterComma, Some(b']')) => {
                    self.layout = Layout::Array;
                    return Ok(Some(Item { line: self.line, text: Err(ItemError::Missing) }));
                }
                (Layout::Array | Layout::ArrayAfterComma, Some(b',')) => {
                    self.input.consume(1);
                    self.layout = Layout::ArrayAfterComma;
                    return Ok(Some(Item { line: self.line, text: Err(ItemError::Missing) }));
                }
                (Layout::Array | Layout::ArrayAfterComma | Layout::Lines | Layout::Member, Some(_)) => {
                    return self.item().map(Some);
                }
            };
            if let Some(error) = error {
                self.layout = Layout::Ended;
                return Ok(Some(Item { line: self.line, text: Err(error) }));
            }
        }
    }

    /// The first byte of the next item or of the syntax around it.
    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        if !self.head.is_empty() {
            return Ok(Some(self.head[0]));
        }
        if self.layout == Layout::Unknown {
            self.skip_byte_order_mark()?;
        }
        self.skip_space()
    }

    fn item(&mut self) -> io::Result<Item<'_>> {
        let (mut scan, mut too_long) = (Scan::default(), false);
        let line = if self.head.is_empty() { self.line } else { self.head_line };
        self.text.clear();
        self.text.append(&mut self.head);
        self.text.iter().for_each(|byte| scan.pass(*byte));
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
        if self.layout == Layout::Member {
            self.layout = Layout::AfterMember;
        } else if self.layout != Layout::Lines {
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
            b'}' if scan.depth == 0 => self.layout == Layout::Member,
            b',' | b']' if scan.depth == 0 => self.layout != Layout::Lines,
            b'\n' if scan.depth == 0 => self.layout == Layout::Lines,
            // Lines inside an object are indented: an object begins here, and the previous one was not closed.
            b'{' if scan.begins_line => self.layout == Layout::Lines,
            _ => false,
        }
    }

    fn after_array(&mut self) -> io::Result<Option<ItemError>> {
        if self.in_envelope {
            self.layout = Layout::AfterMember;
            return Ok(None);
        }
        let has_more = self.skip_space()?.is_some();
        self.layout = Layout::Ended;
        Ok(has_more.then_some(ItemError::TextAfterList))
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
