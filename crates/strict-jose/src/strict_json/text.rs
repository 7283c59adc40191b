//! Strings in JSON and their escapes ([RFC 8259 §7](https://www.rfc-editor.org/rfc/rfc8259#section-7)).

use std::ops::Range;

/// The length of the longest name that [`Text::short`] yields, `crit`.
pub(crate) const SHORT: usize = 4;

/// A checked string, as it is written between its quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    /// The position of `raw` in the scanned text.
    start: usize,
    has_escapes: bool,
}

impl PartialEq for Text<'_> {
    /// Compares what the strings mean: `"\u0065xp"` equals `"exp"`.
    fn eq(&self, other: &Self) -> bool {
        if self.has_escapes || other.has_escapes {
            self.chars().eq(other.chars())
        } else {
            self.raw == other.raw
        }
    }
}

impl<'a> Text<'a> {
    /// Scans the string whose opening quote is before `start`. `None` if the string is not valid.
    #[inline]
    pub(super) fn scan(text: &'a str, start: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut end = start;
        let mut has_escapes = false;
        loop {
            match bytes.get(end)? {
                b'"' => return Some(Self { raw: &text[start..end], start, has_escapes }),
                b'\\' => {
                    has_escapes = true;
                    end += unescape(&bytes[end..])?.len;
                }
                ..0x20 => return None,
                _ => end += 1,
            }
        }
    }

    /// Whether this string means `other`.
    #[inline]
    pub(crate) fn is(self, other: &str) -> bool {
        if self.has_escapes { self.chars().eq(other.chars()) } else { self.raw == other }
    }

    /// The one of `names` that this string means.
    pub(crate) fn one_of(self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.is(name))
    }

    /// The string, if it has at most [`SHORT`] bytes. `buffer` holds it if it is written with escapes.
    #[inline]
    pub(crate) fn short<'b>(self, buffer: &'b mut [u8; SHORT]) -> Option<&'b str>
    where
        'a: 'b,
    {
        if !self.has_escapes {
            return (self.raw.len() <= SHORT).then_some(self.raw);
        }
        let mut len = 0;
        for char in self.chars() {
            let free = buffer.get_mut(len..).filter(|free| free.len() >= char.len_utf8())?;
            len += char.encode_utf8(free).len();
        }
        std::str::from_utf8(&buffer[..len]).ok()
    }

    /// The string, if it is written without escapes.
    pub(crate) fn plain(self) -> Option<&'a str> {
        (!self.has_escapes).then_some(self.raw)
    }

    /// The string with its escapes resolved.
    pub(crate) fn unescaped(self) -> String {
        self.chars().collect()
    }

    /// The position in the scanned text, without the quotes.
    pub(crate) fn span(self) -> Range<usize> {
        self.start..self.start + self.raw.len()
    }

    pub(crate) fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut rest = self.raw;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let Unescaped { char, len } = if first == '\\' {
                unescape(rest.as_bytes())?
            } else {
                Unescaped { char: first, len: first.len_utf8() }
            };
            rest = &rest[len..];
            Some(char)
        })
    }
}

/// Resolves the escapes of a checked string in place, and returns its new length in bytes.
///
/// No escape is shorter than the character that it means, so writing never overtakes reading.
pub(crate) fn unescape_in_place(string: &mut [u8]) -> usize {
    let (mut read, mut written) = (0, 0);
    while read < string.len() {
        if let Some(Unescaped { char, len }) = unescape(&string[read..]) {
            written += char.encode_utf8(&mut string[written..]).len();
            read += len;
        } else {
            string[written] = string[read];
            written += 1;
            read += 1;
        }
    }
    written
}

/// A character and the length of its escape in bytes.
struct Unescaped {
    char: char,
    len: usize,
}

/// The character that the escape at the start of `bytes` means.
///
/// `None` if there is no escape, or a lone surrogate, which no UTF-8 text can hold
/// ([RFC 8259 §8.2](https://www.rfc-editor.org/rfc/rfc8259#section-8.2)).
fn unescape(bytes: &[u8]) -> Option<Unescaped> {
    let char = match bytes {
        [b'\\', char @ (b'"' | b'\\' | b'/'), ..] => char::from(*char),
        [b'\\', b'b', ..] => '\u{8}',
        [b'\\', b'f', ..] => '\u{c}',
        [b'\\', b'n', ..] => '\n',
        [b'\\', b'r', ..] => '\r',
        [b'\\', b't', ..] => '\t',
        [b'\\', b'u', ..] => {
            let high = code_unit(bytes)?;
            if let Some(char) = char::from_u32(u32::from(high)) {
                return Some(Unescaped { char, len: 6 });
            }
            let low = code_unit(&bytes[6..])?;
            let char = char::decode_utf16([high, low]).next()?.ok()?;
            return Some(Unescaped { char, len: 12 });
        }
        _ => return None,
    };
    Some(Unescaped { char, len: 2 })
}

/// The number in the `\u` escape at the start of `bytes`.
fn code_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let unit = digits.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))?;
    u16::try_from(unit).ok()
}
