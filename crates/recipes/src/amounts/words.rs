//! The words of amounts: units, numerals and the small words around them, in six languages.
//!
//! The words are data, in `data/`, one file a language. A line is `KEY: WORD, WORD, ...`. The words of all languages are used
//! together, because many recipes do not name their language. The keys:
//!
//! * `unit CODE KIND`: a unit. `cup|cups` are its singular and plural. A word after `=` must be written in this case.
//! * `number VALUE`: a numeral in words.
//! * `article`: words that mean 1 before a noun, except before a `vague` word: "a carrot", but not "a few carrots".
//! * `halfmore`: "and a half" behind a unit.
//! * `range`, `or`, `and`, `about`, `of`: connecting words.
//! * `per`: the amount depends on something else: "4 g per sausage".
//! * `each`, `eachbefore`, `into`, `see`, `skip`, `size`: the number is not an amount of the food: the size of one piece, a
//!   step, a type of flour.
//! * `adjective`: words between a number and its unit.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::ratio::Ratio;

const FILES: [&str; 6] = [
    include_str!("data/en.txt"),
    include_str!("data/de.txt"),
    include_str!("data/fr.txt"),
    include_str!("data/es.txt"),
    include_str!("data/it.txt"),
    include_str!("data/zh.txt"),
];

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mass,
    Volume,
    /// A vessel or a gesture: glass, pinch.
    Household,
    /// Pieces: clove, slice.
    Count,
    /// A package with a size of its own: can, bottle.
    Container,
    Length,
    Time,
    Temperature,
    /// Percent, watt, persons: never an amount of the food.
    Other,
}

impl Kind {
    fn parse(text: &str) -> Self {
        match text {
            "mass" => Self::Mass,
            "volume" => Self::Volume,
            "household" => Self::Household,
            "count" => Self::Count,
            "container" => Self::Container,
            "length" => Self::Length,
            "time" => Self::Time,
            "temperature" => Self::Temperature,
            _ => Self::Other,
        }
    }

    pub(super) fn is_measure(self) -> bool {
        matches!(self, Self::Mass | Self::Volume)
    }
}

/// One way to write a unit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnitWord {
    pub(super) code: &'static str,
    pub(super) kind: Kind,
    pub(super) singular: &'static str,
    /// The same as the singular for abbreviations.
    pub(super) plural: &'static str,
    /// From this number on the plural is used; below, it is used above 1.
    pub(super) plural_from_two: bool,
}

/// Phrases that can stand at a place, by their first letter, the longest first.
struct Phrases<T>(HashMap<char, Vec<(&'static str, bool, T)>>);

impl<T: Copy> Phrases<T> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    fn add(&mut self, phrase: &'static str, value: T) {
        let (phrase, exact) = phrase.strip_prefix('=').map_or((phrase, false), |phrase| (phrase, true));
        let Some(first) = phrase.chars().flat_map(char::to_lowercase).next() else { return };
        let entry = self.0.entry(first).or_default();
        entry.push((phrase, exact, value));
        // Stable: of equal phrases the one of the first file wins.
        entry.sort_by_key(|(phrase, ..)| std::cmp::Reverse(phrase.len()));
    }

    /// The longest phrase at the start of the text, and its length there.
    fn find(&self, text: &str) -> Option<(T, usize)> {
        let first = text.chars().flat_map(char::to_lowercase).next()?;
        let mut candidates = self.0.get(&first)?.iter();
        candidates.find_map(|(phrase, exact, value)| Some((*value, prefix(text, phrase, *exact)?)))
    }

    /// The longest phrase at the end of the text, and its length there.
    fn find_at_end(&self, text: &str) -> Option<usize> {
        let starts = text.char_indices().rev().take(24);
        let found = starts.filter(|(start, _)| is_start_of_word(text, *start)).filter_map(|(start, _)| {
            let (_, length) = self.find(text.get(start..)?)?;
            (start + length == text.len()).then_some(length)
        });
        found.max()
    }
}

/// A list of phrases without a value.
pub(super) struct List(Phrases<()>);

impl List {
    /// The length of the longest phrase at the start of the text.
    pub(super) fn at_start(&self, text: &str) -> Option<usize> {
        self.0.find(text).map(|((), length)| length)
    }

    /// The length of the longest phrase at the end of the text.
    pub(super) fn at_end(&self, text: &str) -> Option<usize> {
        self.0.find_at_end(text)
    }

    /// Whether one of the phrases is in the text, as whole words.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.char_indices().any(|(start, _)| {
            is_start_of_word(text, start) && text.get(start..).and_then(|text| self.at_start(text)).is_some()
        })
    }
}

/// Declares the lists and their keys in the files.
macro_rules! lists {
    ($($field:ident)+) => {
        pub(super) struct Words {
            units: Phrases<&'static UnitWord>,
            numbers: Phrases<Ratio>,
            $(pub(super) $field: List,)+
        }

        impl Words {
            fn empty() -> Self {
                Self { units: Phrases::new(), numbers: Phrases::new(), $($field: List(Phrases::new()),)+ }
            }

            fn list(&mut self, key: &str) -> Option<&mut List> {
                match key {
                    $(stringify!($field) => Some(&mut self.$field),)+
                    _ => None,
                }
            }
        }
    };
}

lists! {
    article vague halfmore range or and about of per each eachbefore into see skip size adjective
}

impl Words {
    /// The unit at the start of the text, and the length of its word.
    pub(super) fn unit(&self, text: &str) -> Option<(&'static UnitWord, usize)> {
        self.units.find(text)
    }

    /// The numeral at the start of the text, and the length of its words.
    pub(super) fn number(&self, text: &str) -> Option<(Ratio, usize)> {
        self.numbers.find(text)
    }

    fn read(&mut self, file: &'static str) {
        let mut plural_from_two = false;
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, words)) = line.split_once(": ") else { continue };
            let words = words.split(", ").map(str::trim);
            let mut key = key.split(' ');
            match (key.next().unwrap_or_default(), key.next(), key.next()) {
                ("plural-from", ..) => plural_from_two = true,
                ("unit", Some(code), Some(kind)) => {
                    let kind = Kind::parse(kind);
                    for word in words {
                        let (singular, plural) = word.split_once('|').unwrap_or((word, word));
                        let unit: &'static UnitWord =
                            Box::leak(Box::new(UnitWord { code, kind, singular, plural, plural_from_two }));
                        self.units.add(singular, unit);
                        if plural != singular {
                            self.units.add(plural, unit);
                        }
                    }
                }
                ("number", Some(value), None) => {
                    if let Some(value) = Ratio::parse(value) {
                        words.for_each(|word| self.numbers.add(word, value));
                    }
                }
                (key, None, None) => {
                    if let Some(List(list)) = self.list(key) {
                        words.for_each(|word| list.add(word, ()));
                    }
                }
                _ => {}
            }
        }
    }
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words = Words::empty();
    for file in FILES {
        words.read(file);
    }
    words
});

/// Characters of scripts that are written without spaces between words.
pub(crate) fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

/// Whether a phrase may begin here: not in the middle of a word.
fn is_start_of_word(text: &str, at: usize) -> bool {
    let in_word = |c: char| c.is_alphanumeric() && !is_wide(c);
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    let first = text.get(at..).and_then(|text| text.chars().next());
    !(before.is_some_and(in_word) && first.is_some_and(in_word))
}

/// The length of `phrase` at the start of `text`, as whole words. A space stands for any white space.
pub(super) fn prefix(text: &str, phrase: &str, exact: bool) -> Option<usize> {
    let mut rest = text.char_indices().peekable();
    let mut last = ' ';
    for want in phrase.chars() {
        let (_, got) = rest.next()?;
        last = want;
        if want == ' ' {
            if !got.is_whitespace() {
                return None;
            }
            while rest.peek().is_some_and(|(_, c)| c.is_whitespace()) {
                rest.next();
            }
        } else if want != got && (exact || !is_same_letter(want, got)) {
            return None;
        }
    }
    let next = rest.peek().map(|(_, c)| *c);
    let continues = |c: char| c.is_alphabetic() && !is_wide(c);
    if last.is_alphanumeric() && !is_wide(last) && next.is_some_and(continues) {
        return None;
    }
    Some(rest.peek().map_or(text.len(), |(at, _)| *at))
}

/// Whether two characters differ in their case only. Most that are compared are different ASCII letters, so these come first.
fn is_same_letter(a: char, b: char) -> bool {
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(&b);
    }
    a.to_lowercase().eq(b.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_files_is_understood() {
        let mut words = Words::empty();
        for line in FILES.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
            let (key, _) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
            let mut parts = key.split(' ');
            match parts.next().unwrap() {
                "plural-from" => {}
                "unit" => {
                    let kind = parts.nth(1).unwrap();
                    assert!(
                        Kind::parse(kind) != Kind::Other || matches!(kind, "other" | "percent" | "person"),
                        "{line}"
                    );
                }
                "number" => assert!(Ratio::parse(parts.next().unwrap()).is_some(), "{line}"),
                _ => assert!(words.list(key).is_some(), "{line}"),
            }
        }
    }

    #[test]
    fn phrases_match_whole_words_and_the_longest_wins() {
        let unit = |text| WORDS.unit(text).map(|(unit, length)| (unit.code, length));
        assert_eq!(unit("cups flour"), Some(("cup", 4)));
        assert_eq!(unit("Tablespoons"), Some(("tbsp", 11)));
        assert_eq!(unit("fl  oz"), Some(("fl-oz", 6)));
        assert_eq!(unit("gherkins"), None);
        assert_eq!(unit("T salt"), Some(("tbsp", 1)));
        assert_eq!(unit("t salt"), Some(("tsp", 1)));
        assert_eq!(unit("el aceite"), None);
        assert_eq!(unit("c. à soupe de sucre"), Some(("tbsp", 11)));
        assert_eq!(unit("克盐"), Some(("g", 3)));
    }
}
