//! The objects that the API answers around recipes: `{"data":[..]}` of a list, `{"data":{..}}` of one recipe, and the
//! export of an account, whose recipes are in `recipes`; and a graph of JSON-LD, `{"@context":"..","@graph":[..]}`.
//!
//! The first name of the first object tells an envelope from a recipe. Recipes inside are read one at a time, like those
//! of an array. A file may have several envelopes, because a long list has several pages.

use std::io::{self, BufRead};

use super::{ItemError, JsonItems, Layout, Scan};

/// The first members of an envelope, whether or not another program has sorted them.
const FIRST_MEMBERS: [&str; 4] = ["data", "recipes", "account", "exportedAt"];
/// The members whose value is recipes.
const RECIPES: [&str; 3] = ["data", "recipes", GRAPH];
const GRAPH: &str = "@graph";
const CONTEXT: &str = "@context";
/// Longer names are cut.
const NAME_BYTES: usize = 64;

impl<R: BufRead> JsonItems<R> {
    /// The members of envelopes that are not recipes, in the order of the file. They are not read.
    pub fn skipped_members(&self) -> &[String] {
        &self.skipped_members
    }

    /// Reads the start of the first object. If it is no envelope, the next item begins with what was read.
    pub(super) fn begin_object(&mut self) -> io::Result<Option<ItemError>> {
        self.head_line = self.line;
        self.input.consume(1);
        self.head.push(b'{');
        let Some(name) = self.first_name()? else {
            self.layout = Layout::Lines;
            return Ok(None);
        };
        self.head.clear();
        self.begin_member(&name)
    }

    /// The first name of an envelope; all bytes that were read to find it are in the head.
    fn first_name(&mut self) -> io::Result<Option<String>> {
        let mut name = self.read_name()?;
        // One recipe of JSON-LD also begins with its context.
        if name.as_deref() == Some(CONTEXT) {
            self.read_value()?;
            if self.peek()? != Some(b',') {
                return Ok(None);
            }
            self.read_head(|byte| byte == b',')?;
            name = self.read_name()?.filter(|name| name == GRAPH);
        }
        Ok(name.filter(|name| name == GRAPH || FIRST_MEMBERS.contains(&name.as_str())))
    }

    /// A name and its colon.
    fn read_name(&mut self) -> io::Result<Option<String>> {
        self.read_head(|byte| byte.is_ascii_whitespace())?;
        let start = self.head.len();
        if self.peek()? != Some(b'"') {
            return Ok(None);
        }
        let mut is_first = true;
        self.read_head(|byte| std::mem::take(&mut is_first) || byte.is_ascii_alphabetic() || byte == b'@')?;
        let name = String::from_utf8_lossy(&self.head[start + 1..]).into_owned();
        if self.peek()? != Some(b'"') {
            return Ok(None);
        }
        self.read_head(|byte| byte == b'"')?;
        self.read_head(|byte| byte.is_ascii_whitespace())?;
        if self.peek()? != Some(b':') {
            return Ok(None);
        }
        self.read_head(|byte| byte == b':')?;
        Ok(Some(name))
    }

    /// The value after a colon, and the space behind it.
    fn read_value(&mut self) -> io::Result<()> {
        let mut scan = Scan::default();
        self.read_head(|byte| {
            let belongs = scan.in_string || scan.depth > 0 || !matches!(byte, b',' | b'}');
            scan.pass(byte);
            belongs
        })
    }

    fn read_head(&mut self, mut belongs: impl FnMut(u8) -> bool) -> io::Result<()> {
        while let Some(byte) = self.peek()?.filter(|byte| belongs(*byte)) {
            if self.head.len() >= self.max_bytes {
                break;
            }
            self.input.consume(1);
            self.line += u64::from(byte == b'\n');
            self.head.push(byte);
        }
        Ok(())
    }

    /// After the colon of a member.
    fn begin_member(&mut self, name: &str) -> io::Result<Option<ItemError>> {
        self.in_envelope = true;
        match self.skip_space()? {
            Some(b'[') if RECIPES.contains(&name) => {
                self.input.consume(1);
                self.layout = Layout::Array;
            }
            Some(b'{') if RECIPES.contains(&name) => self.layout = Layout::Member,
            None => return Ok(Some(ItemError::NotClosed)),
            Some(_) => {
                self.skipped_members.push(name.to_owned());
                self.skip_value()?;
                self.layout = Layout::AfterMember;
            }
        }
        Ok(None)
    }

    /// After the value of a member: the next member, or the end of the envelope.
    pub(super) fn next_member(&mut self) -> io::Result<Option<ItemError>> {
        match self.skip_space()? {
            Some(b'}') => {
                self.input.consume(1);
                self.in_envelope = false;
                self.layout = Layout::Unknown;
                return Ok(None);
            }
            Some(b',') => self.input.consume(1),
            other => return Ok(Some(unexpected(other))),
        }
        let next = self.skip_space()?;
        if next != Some(b'"') {
            return Ok(Some(unexpected(next)));
        }
        self.input.consume(1);
        let mut name = Vec::new();
        while let Some(byte) = self.peek()?.filter(|byte| !matches!(byte, b'"' | b'\n')) {
            self.input.consume(1);
            if name.len() < NAME_BYTES {
                name.push(byte);
            }
        }
        if self.peek()? == Some(b'"') {
            self.input.consume(1);
        }
        let next = self.skip_space()?;
        if next != Some(b':') {
            return Ok(Some(unexpected(next)));
        }
        self.input.consume(1);
        self.begin_member(&String::from_utf8_lossy(&name))
    }

    fn skip_value(&mut self) -> io::Result<()> {
        let mut scan = Scan::default();
        while let Some(byte) = self.peek()? {
            if !scan.in_string && scan.depth == 0 && matches!(byte, b',' | b'}') {
                break;
            }
            self.input.consume(1);
            self.line += u64::from(byte == b'\n');
            scan.pass(byte);
        }
        Ok(())
    }
}

fn unexpected(byte: Option<u8>) -> ItemError {
    if byte.is_none() { ItemError::NotClosed } else { ItemError::NotJson }
}
