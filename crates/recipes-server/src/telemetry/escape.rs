//! Makes text from outside safe to write to a log or a terminal.
//!
//! A client chooses paths, names and error messages. Control characters in them move the cursor of a terminal, start a log
//! line of their own, or show text in another order than it has.

use std::{borrow::Cow, fmt::Write as _};

/// The text with each invisible character as `\u{9b}`, and line breaks as `\n`.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_if(text, is_invisible, |out, c| out.extend(c.escape_default()))
}

/// The same for text of several lines: its line breaks stay.
pub fn escape_lines(text: &str) -> Cow<'_, str> {
    escape_if(text, |c| c != '\n' && is_invisible(c), |out, c| out.extend(c.escape_default()))
}

/// A JSON document with each invisible character as `\u009b`. Strings in JSON have no raw C0 control characters, so those of
/// the document are its white space.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    escape_if(
        json,
        |c| c >= ' ' && is_invisible(c),
        |out, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        },
    )
}

fn escape_if(
    text: &str,
    unsafe_char: impl Fn(char) -> bool,
    write: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    // Nearly every text is printable ASCII. Looking at its bytes costs a tenth of looking at its characters.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let Some(first) = text.find(&unsafe_char) else { return Cow::Borrowed(text) };
    let (safe, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(safe);
    for c in rest.chars() {
        if unsafe_char(c) { write(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and format characters: bidirectional controls, zero-width
/// characters, tags (Unicode categories Cc, Zl, Zp and the default-ignorable part of Cf).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The shortest part of a secret that is recognized. Shorter ones are in most texts by chance.
const MIN_PART: usize = 8;

/// A foreign text without the secrets in it: each is replaced by `***`, also if the text has only a part of it.
pub fn mask(text: &str, secrets: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let longest = secrets.iter().map(|secret| secret_at_start(rest, secret)).max().unwrap_or(0);
        if longest > 0 {
            out.push_str("***");
            rest = rest.get(longest..).unwrap_or_default();
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// How many bytes at the start of `text` are the secret, or a part of it that is long enough.
fn secret_at_start(text: &str, secret: &str) -> usize {
    let shared = |part: &str| {
        let pairs = text.chars().zip(part.chars());
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>()
    };
    let longest =
        secret.char_indices().map(|(start, _)| shared(secret.get(start..).unwrap_or_default())).max();
    longest.filter(|&length| length > 0 && length >= MIN_PART.min(secret.len())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind: C0, DEL, C1 (NEL, CSI, OSC), separators, bidirectional controls, zero-width characters, a tag.
    const INVISIBLE: &str = "\0\u{7}\t\r\n\u{1b}\u{7f}\u{85}\u{9b}\u{9d}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\
                             \u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}\u{fffb}\u{e0041}";

    #[test]
    fn every_invisible_character_is_escaped() {
        for c in INVISIBLE.chars() {
            let escaped = escape(&format!("a{c}b")).into_owned();
            assert!(
                escaped.starts_with("a\\") && escaped.ends_with('b') && escaped.is_ascii(),
                "{escaped:?}"
            );
        }
        assert_eq!(escape("a\u{9b}2J\u{202e}\n"), "a\\u{9b}2J\\u{202e}\\n");
        assert_eq!(escape_lines("a\u{9b}\nb"), "a\\u{9b}\nb");
    }

    #[test]
    fn visible_text_is_left_alone() {
        for text in ["Grüße", "e\u{301}", "日本語", "שלום", "मूँग", "🍲", "a \\ \"b\""] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({ INVISIBLE: [INVISIBLE, "Grüße \u{1f372}"] });
        for json in [value.to_string(), format!("{value:#}")] {
            let escaped = escape_json(&json).into_owned();
            assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
            assert!(!escaped.contains(|c| c != '\n' && is_invisible(c)), "{escaped:?}");
        }
    }

    #[test]
    fn secrets_and_their_parts_are_masked() {
        let secrets = ["hunter2".to_owned(), "AGFkYUBleGFtcGxlLm9yZwBodW50ZXIy".to_owned()];
        for (text, masked) in [
            ("535 AUTH PLAIN AGFkYUBleGFtcGxlLm9yZwBodW50ZXIy refused", "535 AUTH PLAIN *** refused"),
            ("535 AGFkYUBleGFtcGxl.. refused", "535 ***.. refused"),
            ("535 ...xlLm9yZwBodW50ZXIy", "535 ...***"),
            ("hunter2hunter2 and hunter", "****** and hunter"),
            ("a Grüße", "a Grüße"),
        ] {
            assert_eq!(mask(text, &secrets), masked);
        }
        assert_eq!(mask("nothing", &[]), "nothing");
        assert_eq!(mask("nothing", &[String::new()]), "nothing");
    }
}
