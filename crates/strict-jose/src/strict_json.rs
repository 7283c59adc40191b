//! Reads one JSON object without building it: grammar, depth, and no member twice.
//!
//! Why our own: a reader that keeps the *last* of two equal members and one that keeps the *first* see two different
//! tokens in one text, and `{"exp":1,"\u0065xp":9}` is such a pair. `serde_json` does not refuse them in a map, would
//! build what is then thrown away, and accepts 128 levels. This reads the text once, allocates nothing for up to
//! [`FEW`] members, and shows the top-level members to the caller; the typed claims are `serde_json`'s afterwards.

use crate::error::Malformed;

/// [RFC 8259 §9](https://www.rfc-editor.org/rfc/rfc8259#section-9) lets a reader limit depth; honest claims need five.
const DEPTH: u8 = 16;

/// How many members a text may have.
///
/// Each is compared with those of its object, so what is read for strangers needs both ends: a set of keys of 1 MiB could
/// otherwise ask for a billion comparisons.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// In all objects that are open at a time.
    pub(crate) open: usize,
    pub(crate) all: usize,
}

/// No honest header has a dozen, and a header is read before anything is proved.
pub(crate) const HEADER: Limits = Limits { open: 32, all: 32 };

/// A key that is for us. None has two dozen.
pub(crate) const JWK: Limits = Limits { open: FEW, all: 256 };

/// A set of keys, some of which may be for others.
pub(crate) const JWK_SET: Limits = Limits { open: 256, all: 8192 };

/// Claims are read only after their signature was found good.
pub(crate) const CLAIMS: Limits = Limits { open: 1024, all: usize::MAX };

/// Members of all open objects that are remembered on the stack.
pub(crate) const FEW: usize = 64;

/// Reads `text` as one object and shows each member of it, in order.
///
/// Nested values have been checked when they are shown.
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

/// A value, checked, still as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(Text<'a>),
    Number(&'a str),
    /// With its brackets.
    Array(&'a str),
    /// With its braces.
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

/// The elements of an array that [`object`] has shown: `None` for one that is not a string.
pub(crate) fn texts(array: &str) -> impl Iterator<Item = Option<Text<'_>>> {
    elements(array).map(Value::text)
}

/// The elements of an array that [`object`] has shown.
pub(crate) fn elements(array: &str) -> impl Iterator<Item = Value<'_>> {
    let mut scanner = Scanner { text: array, at: 0 };
    let mut names = Names::new(CLAIMS);
    std::iter::from_fn(move || {
        scanner.at += 1; // the bracket, or the comma that stood behind the last element
        scanner.skip_space();
        if matches!(scanner.peek(), None | Some(b']')) {
            return None;
        }
        let element = scanner.value(&mut names, 1).ok()?;
        scanner.skip_space();
        Some(element)
    })
}

/// As long as `crit`. All registered claims and all header parameters that matter are not longer.
pub(crate) const SHORT: usize = 4;

/// A string as it stands between its quotes, escapes and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    /// Where `raw` begins in the text that was scanned.
    start: usize,
    escapes: Escapes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escapes {
    None,
    Some,
}

impl<'a> Text<'a> {
    /// Whether this means `other`, however it is written.
    pub(crate) fn is(self, other: &str) -> bool {
        match self.escapes {
            Escapes::None => self.raw == other,
            Escapes::Some => self.chars().eq(other.chars()),
        }
    }

    /// What stands between the quotes, if there are no escapes in it.
    pub(crate) fn plain(self) -> Option<&'a str> {
        if self.escapes == Escapes::None { Some(self.raw) } else { None }
    }

    /// What this means.
    pub(crate) fn unescaped(self) -> String {
        self.chars().collect()
    }

    /// What this means, if that is no longer than the longest name this crate looks for: for a `match`.
    ///
    /// `place` is needed only when there are escapes: `"\u0065xp"` is `exp` here too.
    #[inline]
    pub(crate) fn short<'b>(self, place: &'b mut [u8; SHORT]) -> Option<&'b str>
    where
        'a: 'b,
    {
        if self.escapes == Escapes::None {
            return (self.raw.len() <= SHORT).then_some(self.raw);
        }
        let mut len = 0;
        for char in self.chars() {
            let free = place.get_mut(len..).filter(|free| free.len() >= char.len_utf8())?;
            len += char.encode_utf8(free).len();
        }
        std::str::from_utf8(&place[..len]).ok()
    }

    /// Where it stands in the scanned text, quotes excluded.
    pub(crate) fn span(self) -> std::ops::Range<usize> {
        self.start..self.start + self.raw.len()
    }

    fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let (char, used) = if first == '\\' {
                // Checked when it was scanned, so it is an escape.
                unescape(rest.as_bytes())?
            } else {
                (first, first.len_utf8())
            };
            rest = &rest[used..];
            Some(char)
        })
    }

    /// A cheap sign that two names differ: length, first and last byte of what they mean.
    #[inline]
    fn mark(self) -> Mark {
        let mark = |len: usize, first: u8, last: u8| {
            let [low, high, ..] = len.to_le_bytes();
            Mark([low, high, first, last])
        };
        match (self.escapes, self.raw.as_bytes()) {
            (Escapes::None, [first, .., last]) => mark(self.raw.len(), *first, *last),
            (Escapes::None, [only]) => mark(1, *only, *only),
            (Escapes::None, []) => Mark::default(),
            (Escapes::Some, _) => {
                let (mut len, mut first, mut last) = (0, None, 0);
                for char in self.chars() {
                    let mut place = [0; 4];
                    let bytes = char.encode_utf8(&mut place).as_bytes();
                    len += bytes.len();
                    first.get_or_insert(bytes[0]);
                    last = bytes[bytes.len() - 1];
                }
                mark(len, first.unwrap_or_default(), last)
            }
        }
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Mark([u8; 4]);

/// How many bytes stand before the first quote, backslash or control character; `None` if there is none of these.
///
/// Eight at a time. A subtraction marks, in the high bit, each byte that is below what is subtracted; a borrow can mark
/// wrongly only bytes behind the first one marked.
fn ordinary_bytes(bytes: &[u8]) -> Option<usize> {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    let below = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word & (EACH << 7);
    let equal = |word: u64, byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = below(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if marks != 0 {
            return Some(place * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let behind = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    Some(bytes.len() - rest.len() + behind)
}

/// Resolves the escapes of a checked string where it stands, and returns how many bytes it has now.
///
/// No escape is shorter than the character it means, so what is written never overtakes what is read.
pub(crate) fn unescape_in_place(string: &mut [u8]) -> usize {
    let Some(first) = string.iter().position(|&byte| byte == b'\\') else { return string.len() };
    let (mut read, mut written) = (first, first);
    while read < string.len() {
        if let Some((char, used)) = unescape(&string[read..]) {
            written += char.encode_utf8(&mut string[written..]).len();
            read += used;
        } else {
            string[written] = string[read];
            written += 1;
            read += 1;
        }
    }
    written
}

/// The character that the escape at the start of `bytes` means, and the escape's length.
///
/// `None` when there is none, or a lone surrogate, which no UTF-8 text can hold
/// ([RFC 8259 §8.2](https://www.rfc-editor.org/rfc/rfc8259#section-8.2)).
fn unescape(bytes: &[u8]) -> Option<(char, usize)> {
    let char = match bytes {
        [b'\\', char @ (b'"' | b'\\' | b'/'), ..] => char::from(*char),
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{c}',
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        [b'\\', b'u', ..] => {
            let high = code_unit(bytes)?;
            if let Some(char) = char::from_u32(high) {
                return Some((char, 6));
            }
            let low = code_unit(&bytes[6..])?;
            let mut pair = char::decode_utf16([u16::try_from(high).ok()?, u16::try_from(low).ok()?]);
            return Some((pair.next()?.ok()?, 12));
        }
        _ => return None,
    };
    Some((char, 2))
}

/// The number of a `\u` escape at the start of `bytes`.
fn code_unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

/// Its methods ask to be inlined: together that is a tenth of the time of a whole verification.
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

    /// The rest of an object behind its `{`.
    #[inline]
    fn members<E: From<Malformed>>(
        &mut self,
        names: &mut Names,
        depth: u8,
        member: &mut impl FnMut(Text<'a>, Value<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let outer = names.len;
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
            names.insert(self.text, outer, name)?;
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
        names.forget_down_to(outer);
        Ok(())
    }

    #[inline]
    fn value(&mut self, names: &mut Names, depth: u8) -> Result<Value<'a>, Malformed> {
        let start = self.at;
        match self.next() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => {
                self.at = start;
                self.number()?;
                Ok(Value::Number(&self.text[start..self.at]))
            }
            Some(b'{') if depth < DEPTH => {
                self.members::<Malformed>(names, depth + 1, &mut |_, _| Ok(()))?;
                Ok(Value::Object(&self.text[start..self.at]))
            }
            Some(b'[') if depth < DEPTH => {
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

    /// The rest of an array behind its `[`.
    fn elements(&mut self, names: &mut Names, depth: u8) -> Result<(), Malformed> {
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

    /// The rest of a string behind its first quote.
    #[inline]
    fn string(&mut self) -> Result<Text<'a>, Malformed> {
        let start = self.at;
        let mut escapes = Escapes::None;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let ordinary = ordinary_bytes(rest).ok_or(Malformed::Json)?;
            self.at += ordinary;
            match rest[ordinary] {
                b'"' => break,
                b'\\' => {
                    escapes = Escapes::Some;
                    let (_, used) = unescape(&rest[ordinary..]).ok_or(Malformed::Json)?;
                    self.at += used;
                }
                _ => return Err(Malformed::Json),
            }
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(Text { raw, start, escapes })
    }

    #[inline]
    fn number(&mut self) -> Result<(), Malformed> {
        /// Digits of the largest double: without an exponent, a shorter number is no larger.
        const DIGITS: usize = 309;
        let start = self.at;
        let mut exponent = false;
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
            exponent = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        // One reader calls 1e400 infinite and another none: RFC 7493 section 2.2 keeps to doubles.
        let number = &self.text[start..self.at];
        let is_double = || number.parse().is_ok_and(f64::is_finite);
        if (exponent || number.len() >= DIGITS) && !is_double() { Err(Malformed::Json) } else { Ok(()) }
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

/// The names of the members of all open objects, the innermost object's last.
struct Names {
    few: [Name; FEW],
    /// Those beyond [`FEW`]; no token comes so far before its signature was found good.
    more: Vec<Name>,
    len: usize,
    open: usize,
    left: usize,
}

#[derive(Clone, Copy, Default)]
struct Name {
    mark: Mark,
    start: u32,
}

impl Names {
    fn new(Limits { open, all }: Limits) -> Self {
        Self { few: [Name::default(); FEW], more: Vec::new(), len: 0, open, left: all }
    }

    /// Adds a name to the innermost object, whose names begin at `outer`.
    #[inline]
    fn insert(&mut self, text: &str, outer: usize, name: Text<'_>) -> Result<(), Malformed> {
        if self.len == self.open || self.left == 0 {
            return Err(Malformed::TooManyMembers);
        }
        self.left -= 1;
        let mark = name.mark();
        let is_same = |seen: &Name| seen.mark == mark && same(text, seen.start, name);
        let twice = match self.few.get(outer..self.len) {
            Some(few) => few.iter().any(is_same),
            None => self
                .few
                .iter()
                .skip(outer)
                .chain(self.more.iter().skip(outer.saturating_sub(FEW)))
                .any(is_same),
        };
        if twice {
            return Err(Malformed::Duplicate);
        }
        // A text that does not fit into 32 bits is above any cap a caller could mean.
        let start = u32::try_from(name.start).map_err(|_| Malformed::TooLong)?;
        match self.few.get_mut(self.len) {
            Some(place) => *place = Name { mark, start },
            None => self.more.push(Name { mark, start }),
        }
        self.len += 1;
        Ok(())
    }

    fn forget_down_to(&mut self, len: usize) {
        self.len = len;
        self.more.truncate(len.saturating_sub(FEW));
    }
}

/// Whether the string that begins at `start` means the same as `name`. Rare: only when their marks agree.
fn same(text: &str, start: u32, name: Text<'_>) -> bool {
    let mut seen = Scanner { text, at: start as usize };
    seen.string().is_ok_and(|seen| match (seen.escapes, name.escapes) {
        (Escapes::None, Escapes::None) => seen.raw == name.raw,
        _ => seen.chars().eq(name.chars()),
    })
}

#[cfg(test)]
mod no_duplicates;
#[cfg(test)]
mod tests;
