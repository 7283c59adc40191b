//! Text of other programs as plain text: tags and character references removed, white space in order.
//!
//! Many programs escape twice, so that tags appear only after the references were decoded. Both steps are repeated
//! until nothing changes.

use markup5ever::data::NAMED_ENTITIES;

/// Passes over a text. Real exports escape up to three times.
const PASSES: usize = 4;

/// The text as one line.
pub(crate) fn line(text: &str) -> String {
    let plain = without_markup(text);
    let mut line = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The lines that are not blank, each in order.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let plain = without_markup(text);
    plain.split(is_line_end).map(line_of_words).filter(|line| !line.is_empty()).collect()
}

/// The text with its paragraphs: at most one blank line between two.
pub(crate) fn paragraphs(text: &str) -> String {
    let plain = without_markup(text);
    let mut out = String::with_capacity(plain.len());
    let mut blank_lines = 0;
    for line in plain.replace("\r\n", "\n").split(is_line_end).map(line_of_words) {
        if line.is_empty() {
            blank_lines += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blank_lines > 0 { "\n\n" } else { "\n" });
        }
        out.push_str(&line);
        blank_lines = 0;
    }
    out
}

/// Whether a program wrote the name of "no value" as text.
pub(crate) fn is_no_value(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || ["null", "undefined", "nan", "none", "[object object]", "n/a", "-"]
            .iter()
            .any(|name| text.eq_ignore_ascii_case(name))
}

/// At most this many characters, cut between two words where there is a space near the end.
pub(crate) fn cut(text: &str, max: usize) -> Option<String> {
    let (end, _) = text.char_indices().nth(max)?;
    let head = &text[..end];
    let at = head.rfind(char::is_whitespace).filter(|at| *at > end / 2).unwrap_or(end);
    Some(head[..at].trim_end().to_owned())
}

/// The text in pieces of at most this many characters, which end behind a sentence, a comma or a word.
pub(crate) fn pieces(text: &str, max: usize) -> Vec<String> {
    let (mut rest, mut pieces) = (text.trim(), Vec::new());
    while let Some((end, _)) = rest.char_indices().nth(max) {
        let head = &rest[..end];
        let after =
            |marks: &[&str]| marks.iter().filter_map(|mark| head.rfind(mark).map(|at| at + mark.len())).max();
        let at = after(&[". ", "! ", "? ", "\n", "。"])
            .or_else(|| after(&["; ", ", "]))
            .or_else(|| after(&[" "]))
            .filter(|at| *at > 0)
            .unwrap_or(end);
        pieces.push(rest[..at].trim().to_owned());
        rest = rest[at..].trim();
    }
    pieces.push(rest.to_owned());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// The start of a text in which the end of a mark is searched. Without it a text of nothing but opening marks would take a
/// time that grows with the square of its length.
pub(crate) fn window(text: &str) -> &str {
    &text[..text.floor_char_boundary(2_000)]
}

/// The line ends of Unicode (UAX #14).
pub(crate) fn is_line_end(c: char) -> bool {
    matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn line_of_words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without tags, comments, character references and characters that show nothing.
pub(crate) fn without_markup(text: &str) -> String {
    let mut plain = text.to_owned();
    for _ in 0..PASSES {
        let has_markup = plain.contains(['<', '&', '[']);
        if !has_markup {
            break;
        }
        let next = decode(&without_shortcodes(&without_tags(&plain)));
        if next == plain {
            break;
        }
        plain = next;
    }
    if plain.contains(is_invisible) || plain.contains('\u{a0}') {
        plain = plain
            .chars()
            .filter(|c| !is_invisible(*c))
            .map(|c| if c == '\u{a0}' { ' ' } else { c })
            .collect();
    }
    plain
}

fn is_invisible(c: char) -> bool {
    match c {
        '\u{200b}' | '\u{feff}' | '\u{ad}' | '\u{2060}' | '\u{fffc}' => true,
        '\t' => false,
        c => c.is_control() && !is_line_end(c),
    }
}

/// Elements that begin and end a line.
const BLOCKS: [&str; 30] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "section",
    "tr",
    "ul",
];

/// Whether the element begins and ends a line.
pub(crate) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name) || matches!(name, "table" | "tbody" | "pre" | "option")
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(tag) = Tag::at_start_of(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = &rest[tag.length..];
        let name = tag.name.to_ascii_lowercase();
        if matches!(name.as_str(), "script" | "style" | "template" | "noscript") && !tag.is_end {
            let end = find_ignoring_case(rest, &format!("</{name}")).unwrap_or(rest.len());
            rest = &rest[end..];
        } else if is_block(&name) {
            out.push('\n');
            if name == "p" {
                out.push('\n');
            }
        } else if matches!(name.as_str(), "td" | "th") {
            out.push(' ');
        }
    }
    out.push_str(rest);
    out
}

struct Tag<'a> {
    name: &'a str,
    is_end: bool,
    length: usize,
}

impl<'a> Tag<'a> {
    /// `None` if the `<` is a sign of comparison.
    fn at_start_of(text: &'a str) -> Option<Self> {
        let inner = text.get(1..)?;
        if let Some(comment) = inner.strip_prefix("!--") {
            let length = comment.find("-->").map_or(text.len(), |end| end + 7);
            return Some(Self { name: "", is_end: false, length });
        }
        let is_end = inner.starts_with('/');
        let named = inner.strip_prefix(['/', '!', '?']).unwrap_or(inner);
        if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let name_length = named
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | ':')))
            .unwrap_or(named.len());
        let name = &named[..name_length];
        let (mut quote, bytes) = (None, text.as_bytes());
        for (at, byte) in bytes.iter().enumerate().skip(1 + name_length) {
            match (quote, byte) {
                (None, b'>') => return Some(Self { name, is_end, length: at + 1 }),
                // Another tag begins: this one was not closed.
                (None, b'<') => break,
                (None, b'"' | b'\'') if bytes[at - 1] == b'=' => quote = Some(*byte),
                (Some(open), close) if open == *close => quote = None,
                _ => {}
            }
        }
        // A tag that the end of the text cut off.
        let is_known =
            is_block(name) || matches!(name, "a" | "b" | "i" | "em" | "strong" | "span" | "img" | "u");
        (is_known && !text[1..].contains(['<', '>'])).then_some(Self { name, is_end, length: text.len() })
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// WordPress: `[caption id="1"]` and the like.
fn without_shortcodes(text: &str) -> String {
    const NAMES: [&str; 12] = [
        "caption",
        "gallery",
        "embed",
        "audio",
        "video",
        "playlist",
        "wprm",
        "tasty",
        "mv_",
        "adthrive",
        "amd-",
        "social_warfare",
    ];
    if !text.contains('[') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = from[1..].strip_prefix('/').unwrap_or(&from[1..]);
        let is_known = NAMES.iter().any(|known| name.starts_with(known));
        let end = if is_known { window(from).find(']') } else { None };
        if let Some(end) = end {
            rest = &from[end + 1..];
        } else {
            out.push('[');
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}

/// Decodes character references: `&amp;`, `&#233;`, `&#xe9;`.
pub(crate) fn decode(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = reference(rest, &mut out);
        if length == 0 {
            out.push('&');
            rest = &rest[1..];
        } else {
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    out
}

/// Decodes the reference at the start of the text. Answers its length, 0 if there is none.
fn reference(text: &str, out: &mut String) -> usize {
    /// Longer than the longest name.
    const LONGEST: usize = 40;
    let name = &text[1..];
    let length =
        name.bytes().take(LONGEST).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
    let (name, has_end) = (&name[..length], name.as_bytes().get(length) == Some(&b';'));
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        };
        let Some(code) = code else { return 0 };
        out.push(windows_1252(code).or(char::from_u32(code)).filter(|c| *c != '\0').unwrap_or('\u{fffd}'));
        return 1 + length + usize::from(has_end);
    }
    let found = |name: &str| NAMED_ENTITIES.get(name).filter(|(first, _)| *first != 0);
    let (codes, used) = if has_end {
        match found(&format!("{name};")) {
            Some(codes) => (codes, length + 2),
            None => return 0,
        }
    } else {
        // Old names work without the semicolon. "&copyright" is not one of them.
        match found(name).filter(|_| !text[1 + length..].starts_with('=')) {
            Some(codes) => (codes, length + 1),
            None => return 0,
        }
    };
    out.extend([codes.0, codes.1].into_iter().filter(|code| *code != 0).filter_map(char::from_u32));
    used
}

/// Browsers read these numbers as Windows-1252: `&#150;` is a dash.
fn windows_1252(code: u32) -> Option<char> {
    let byte = u8::try_from(code).ok().filter(|byte| (0x80..=0x9f).contains(byte))?;
    encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[byte]).0.chars().next()
}

/// Bytes as text, in UTF-8 or in the encoding that their start names.
pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    if let Some((encoding, length)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[length..]).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let label = head.find("charset=").map(|at| {
        head[at + 8..]
            .trim_start_matches(['"', '\''])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect::<String>()
    });
    let named = label.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    if let Some(encoding) = named.filter(|encoding| *encoding != encoding_rs::UTF_8) {
        return encoding.decode(bytes).0.into_owned();
    }
    // A few wrong bytes in a text that is otherwise UTF-8, or a text of an old program.
    let text = String::from_utf8_lossy(bytes);
    let wrong = text.matches('\u{fffd}').count();
    if wrong * 50 > text.chars().filter(|c| !c.is_ascii()).count().max(1) * 40 {
        encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned()
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests;
