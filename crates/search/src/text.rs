//! What a user types into the search field.

use crate::words::query_words;

/// Parts beyond this number are ignored: each costs time.
const PARTS: usize = 24;

/// Words of one part beyond this number are ignored.
const WORDS: usize = 32;

/// A prefix has at least this many characters: shorter ones have thousands of words.
const PREFIX: usize = 3;

/// The same while names are completed, of which there are fewer.
const SHORT_PREFIX: usize = 2;

/// A parsed query: words that must occur, phrases in double quotes, and words after a minus sign that must not occur.
///
/// Every text is a query: what has no special meaning is text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub(crate) required: Vec<Part>,
    pub(crate) excluded: Vec<Part>,
}

/// Words that must occur side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// With their positions. Not empty.
    pub(crate) words: Vec<(usize, String)>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In double quotes: exactly these words.
    Exact,
    Word,
    /// The last word, which may not be complete.
    Prefix,
}

impl Text {
    pub fn parse(query: &str) -> Self {
        Self::parse_with(query, PREFIX)
    }

    /// A text that is still being typed.
    pub(crate) fn parse_incomplete(query: &str) -> Self {
        Self::parse_with(query, SHORT_PREFIX)
    }

    fn parse_with(query: &str, shortest_prefix: usize) -> Self {
        let mut text = Self::default();
        let mut rest = query.trim_start();
        while !rest.is_empty() && text.required.len() + text.excluded.len() < PARTS {
            let (excluded, part) = match rest.strip_prefix('-') {
                Some(part) if part.starts_with(|c: char| c == '"' || c.is_alphanumeric()) => (true, part),
                _ => (false, rest),
            };
            let (words, kind, after) = if let Some(quoted) = part.strip_prefix('"') {
                let (phrase, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                (phrase, Kind::Exact, after)
            } else {
                let end = part.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(part.len());
                let kind = if end == part.len() && !excluded { Kind::Prefix } else { Kind::Word };
                (&part[..end], kind, &part[end..])
            };
            let list = if excluded { &mut text.excluded } else { &mut text.required };
            list.extend(Part::new(words, kind, shortest_prefix));
            rest = after.trim_start();
        }
        text
    }

    /// Words without meaning of quotes and minus signs, of which none is incomplete: the value of a filter.
    pub(crate) fn parse_words(words: &str) -> Self {
        let parts = words.split_whitespace().take(PARTS);
        Self {
            required: parts.filter_map(|part| Part::new(part, Kind::Word, PREFIX)).collect(),
            excluded: Vec::new(),
        }
    }

    /// Whether the query restricts nothing.
    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.excluded.is_empty()
    }
}

impl Part {
    fn new(text: &str, kind: Kind, shortest_prefix: usize) -> Option<Self> {
        let mut words = query_words(text);
        words.truncate(WORDS);
        let is_short =
            matches!(words.as_slice(), [(_, word)] if !word.is_ascii() || word.len() < shortest_prefix);
        let kind = match kind {
            Kind::Prefix if is_short || words.len() != 1 => Kind::Word,
            kind => kind,
        };
        (!words.is_empty()).then_some(Self { words, kind })
    }

    /// The only word.
    pub(crate) fn single(&self) -> Option<&str> {
        match self.words.as_slice() {
            [(_, word)] => Some(word),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Parts as `word`, `word*` for a prefix, `"two words"`.
    fn shown(parts: &[Part]) -> Vec<String> {
        let show = |part: &Part| {
            let words: Vec<_> = part.words.iter().map(|(_, word)| word.as_str()).collect();
            match part.kind {
                Kind::Exact => format!("{:?}", words.join(" ")),
                Kind::Word => words.join(" "),
                Kind::Prefix => format!("{}*", words.join(" ")),
            }
        };
        parts.iter().map(show).collect()
    }

    #[track_caller]
    fn check(query: &str, required: &[&str], excluded: &[&str]) {
        let text = Text::parse(query);
        assert_eq!(shown(&text.required), required, "{query}");
        assert_eq!(shown(&text.excluded), excluded, "{query}");
    }

    #[test]
    fn words_phrases_and_exclusions() {
        check("", &[], &[]);
        check("  Chicken  soup ", &["chicken", "soup"], &[]);
        check("chicken sou", &["chicken", "sou*"], &[]);
        check("tomato so", &["tomato", "so"], &[]);
        check(
            r#""olive oil" pasta -garlic -"red wine""#,
            &["\"olive oil\"", "pasta"],
            &["garlic", "\"red wine\""],
        );
        check(r#"say"cheese please"#, &["say", "\"cheese please\""], &[]);
        check("stir-fry", &["stir fry"], &[]);
        check("a - b -- c -", &["a", "b", "c"], &[]);
        check("-garlic", &[], &["garlic"]);
        check("番茄炒蛋", &["番茄 茄炒 炒蛋"], &[]);
        check("\"\" \"-\" ' OR AND NOT (x) name:y", &["or", "and", "not", "x", "name y"], &[]);
    }

    #[test]
    fn long_queries_are_cut() {
        assert_eq!(Text::parse(&"word ".repeat(1000)).required.len(), PARTS);
        assert_eq!(Text::parse(&format!("\"{}\"", "word ".repeat(1000))).required[0].words.len(), WORDS);
    }

    proptest! {
        #[test]
        fn every_text_is_a_query(query in ".{0,60}") {
            Text::parse(&query);
        }
    }
}
