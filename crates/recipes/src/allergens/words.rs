//! The words that stand for allergens, in six languages.
//!
//! The words are data, in `data/`, one file a language. A line is `KEY: WORD, WORD, ...`:
//!
//! * The code of an allergen: these words stand for it. A phrase may stand in several lines.
//! * `none`: phrases that contain such a word and mean something else: "coconut milk".
//! * `free CODE`: a line with one of these words does not contain the allergen: "vegan butter".
//!
//! Words match as a whole and with a plural in `s`, `es` or `x`. `weizen*` matches at the beginning of a word, `*milch` at its end.
//! Of several phrases at one place the longest wins, so "peanut butter" is not butter.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Allergen;
use crate::amounts::is_wide;

const FILES: [&str; 6] = [
    include_str!("data/en.txt"),
    include_str!("data/de.txt"),
    include_str!("data/fr.txt"),
    include_str!("data/es.txt"),
    include_str!("data/it.txt"),
    include_str!("data/zh.txt"),
];

/// A set of allergens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Allergens(u16);

impl Allergens {
    pub(super) fn contains(self, allergen: Allergen) -> bool {
        self.0 & (1 << allergen as u16) != 0
    }

    fn insert(&mut self, allergen: Allergen) {
        self.0 |= 1 << allergen as u16;
    }
}

/// Words of one file by their first letter, lower case.
#[derive(Default)]
struct Phrases(HashMap<char, Vec<(String, Allergens)>>);

impl Phrases {
    fn add(&mut self, phrase: &str, allergen: Option<Allergen>) {
        let Some(first) = phrase.chars().next() else { return };
        let phrases = self.0.entry(first).or_default();
        let index = phrases.iter().position(|(known, _)| known == phrase).unwrap_or_else(|| {
            phrases.push((phrase.to_owned(), Allergens::default()));
            phrases.len() - 1
        });
        if let (Some((_, allergens)), Some(allergen)) = (phrases.get_mut(index), allergen) {
            allergens.insert(allergen);
        }
    }

    /// The longest phrase at the start of a text in lower case, and its length.
    fn longest(&self, text: &str) -> Option<(Allergens, usize)> {
        let phrases = text.chars().next().and_then(|first| self.0.get(&first)).into_iter().flatten();
        let matching = phrases
            .filter_map(|(phrase, allergens)| Some((*allergens, length_of(text, phrase)?, phrase.len())));
        // Of `butter*` and `butternuss*` the second one says more.
        let longest = matching.max_by_key(|(_, length, phrase)| (*length, *phrase));
        longest.map(|(allergens, length, _)| (allergens, length))
    }
}

pub(super) struct Words {
    phrases: Phrases,
    /// The ends of words, without their `*`.
    ends: Vec<(String, Allergens)>,
    free: Phrases,
}

impl Words {
    fn read(files: &[&str]) -> Self {
        let mut words = Self { phrases: Phrases::default(), ends: Vec::new(), free: Phrases::default() };
        for line in files.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
            let Some((key, list)) = line.split_once(": ") else { continue };
            let (is_free, code) = key.strip_prefix("free ").map_or((false, key), |code| (true, code));
            let allergen = Allergen::ALL.into_iter().find(|allergen| allergen.code() == code);
            for phrase in list.split(", ").map(str::trim) {
                match (is_free, phrase.strip_prefix('*'), allergen) {
                    (true, _, allergen) => words.free.add(phrase, allergen),
                    (false, Some(end), Some(allergen)) => {
                        let mut allergens = Allergens::default();
                        allergens.insert(allergen);
                        words.ends.push((end.to_owned(), allergens));
                    }
                    (false, _, allergen) => words.phrases.add(phrase, allergen),
                }
            }
        }
        words
    }

    /// The phrases of a line that stand for allergens.
    pub(super) fn find_all<'a>(&self, line: &'a str) -> Vec<(Allergens, &'a str)> {
        let lower = lower_case(line);
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(rest) = lower.get(at..).filter(|rest| !rest.is_empty()) {
            let word = self.phrases.longest(rest).or_else(|| self.end_of_word(rest));
            let length = word.map_or_else(|| step(rest), |(_, length)| length);
            if let Some((allergens, length)) =
                word.filter(|(allergens, _)| *allergens != Allergens::default())
            {
                found.extend(line.get(at..at + length).map(|word| (allergens, word)));
            }
            at += length;
        }
        found
    }

    /// The allergens that the line says it is free of.
    pub(super) fn free_of(&self, line: &str) -> Allergens {
        let lower = lower_case(line);
        let (mut free, mut at) = (Allergens::default(), 0);
        while let Some(rest) = lower.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some((allergens, _)) = self.free.longest(rest) {
                free.0 |= allergens.0;
            }
            at += step(rest);
        }
        free
    }

    fn end_of_word(&self, text: &str) -> Option<(Allergens, usize)> {
        let word = text.get(..word_length(text))?;
        let ends = self.ends.iter().filter(|(end, _)| word.len() > end.len() && word.ends_with(end.as_str()));
        ends.max_by_key(|(end, _)| end.len()).map(|(_, allergens)| (*allergens, word.len()))
    }
}

/// From one place where a word may begin to the next.
fn step(text: &str) -> usize {
    match text.chars().next() {
        Some(c) if c.is_alphanumeric() && !is_wide(c) => word_length(text),
        Some(c) => c.len_utf8(),
        None => 1,
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() || is_wide(c)).unwrap_or(text.len())
}

/// The length of the phrase at the start of the text, with a plural.
fn length_of(text: &str, phrase: &str) -> Option<usize> {
    if let Some(start) = phrase.strip_suffix('*') {
        return text.starts_with(start).then(|| word_length(text));
    }
    let rest = text.strip_prefix(phrase)?;
    if phrase.ends_with(is_wide) {
        return Some(phrase.len());
    }
    ["", "s", "es", "x"].into_iter().find_map(|plural| {
        let after = rest.strip_prefix(plural)?;
        let is_end = !after.starts_with(|c: char| c.is_alphanumeric() && !is_wide(c));
        is_end.then_some(phrase.len() + plural.len())
    })
}

/// The text in lower case, character by character of the same length, so that places are the same in both.
fn lower_case(text: &str) -> String {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        let first = lower.next().filter(|it| it.len_utf8() == c.len_utf8());
        first.filter(|_| lower.next().is_none()).unwrap_or(c)
    };
    text.chars().map(lower).collect()
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| Words::read(&FILES));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_files_is_understood() {
        for line in FILES.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
            let (key, list) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
            let code = key.strip_prefix("free ").unwrap_or(key);
            assert!(code == "none" || Allergen::ALL.iter().any(|allergen| allergen.code() == code), "{line}");
            for phrase in list.split(", ") {
                assert_eq!(phrase, lower_case(phrase.trim()), "{line}");
                assert!(!phrase.is_empty() && !phrase.contains(','), "{line}");
            }
        }
    }

    #[test]
    fn every_language_names_all_allergens() {
        for file in FILES {
            for allergen in Allergen::ALL {
                assert!(
                    file.lines().any(|line| line.starts_with(&format!("{}: ", allergen.code()))),
                    "{}",
                    allergen.code()
                );
            }
        }
    }
}
