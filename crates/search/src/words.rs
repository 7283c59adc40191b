//! Splits text into the words of the index.
//!
//! A word is a run of letters and digits (UAX #29 without its exceptions), in lower case, without accents, and in the singular. Scripts that put no
//! space between words, such as Chinese, are split into characters and pairs of characters.

use crate::forms::Singular;
use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, TextAnalyzer, Token, TokenStream, Tokenizer,
};

/// Longer words are not indexed, in bytes: they are addresses and pasted data.
const LONGEST: usize = 60;

/// For which of the two uses text is split.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Each character of an unspaced script, and at the same position its pair with the next one.
    Index,
    /// Only pairs, which are rarer; a single character where it stands alone.
    Query,
}

pub(crate) fn analyzer(side: Side) -> TextAnalyzer {
    TextAnalyzer::builder(Words { side })
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(Singular)
        .build()
}

/// The words of a query with their positions.
pub(crate) fn query_words(text: &str) -> Vec<(usize, String)> {
    let mut analyzer = analyzer(Side::Query);
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while let Some(token) = stream.next() {
        words.push((token.position, token.text.clone()));
    }
    words
}

#[derive(Clone)]
struct Words {
    side: Side,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream {
            side: self.side,
            text,
            at: 0,
            position: 0,
            after_unspaced: false,
            pair: None,
            token: Token::default(),
        }
    }
}

struct WordStream<'a> {
    side: Side,
    text: &'a str,
    /// Where the next word is looked for, in bytes.
    at: usize,
    position: usize,
    /// Whether the character before `at` is of an unspaced script.
    after_unspaced: bool,
    /// The end of the pair that comes after the character that was the last token.
    pair: Option<usize>,
    token: Token,
}

impl WordStream<'_> {
    fn emit(&mut self, start: usize, end: usize, position: usize) -> bool {
        self.token.text.clear();
        self.token.text.extend(self.text[start..end].chars().filter(|c| !is_accent(*c)));
        self.token.offset_from = start;
        self.token.offset_to = end;
        self.token.position = position;
        true
    }

    /// Handles a character of an unspaced script. False if it is no token of its own.
    fn unspaced(&mut self, start: usize, end: usize) -> bool {
        let next = self.text[end..].chars().next().filter(|c| is_unspaced(*c));
        let pair = next.map(|c| end + c.len_utf8());
        let alone = !self.after_unspaced && pair.is_none();
        let position = self.position;
        (self.at, self.after_unspaced, self.position) = (end, true, position + 1);
        match (self.side, pair) {
            (Side::Index, _) => {
                self.pair = pair;
                self.emit(start, end, position)
            }
            (Side::Query, Some(end)) => self.emit(start, end, position),
            (Side::Query, None) => alone && self.emit(start, end, position),
        }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        if let Some(end) = self.pair.take() {
            return self.emit(self.token.offset_from, end, self.position - 1);
        }
        while let Some(c) = self.text[self.at..].chars().next() {
            let start = self.at;
            let end = start + c.len_utf8();
            if is_unspaced(c) {
                if self.unspaced(start, end) {
                    return true;
                }
            } else if c.is_alphanumeric() {
                let rest = &self.text[start..];
                let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
                (self.at, self.after_unspaced) = (start + length, false);
                self.position += 1;
                return self.emit(start, start + length, self.position - 1);
            } else {
                (self.at, self.after_unspaced) = (end, false);
            }
        }
        false
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

fn is_of_word(c: char) -> bool {
    (c.is_alphanumeric() || is_accent(c)) && !is_unspaced(c)
}

/// A combining mark: text may be decomposed, and a mark must not split a word.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Han, Kana, Hangul, and the scripts of South-East Asia that put no space between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' // Thai, Lao, Burmese, Khmer
        | '\u{3005}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' // Kana
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' // Han
        | '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7af}') // Hangul
        && c.is_alphanumeric()
        || matches!(c, '\u{30fc}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(side: Side, text: &str) -> Vec<(usize, String)> {
        let mut analyzer = analyzer(side);
        let mut stream = analyzer.token_stream(text);
        let mut words = Vec::new();
        while let Some(token) = stream.next() {
            words.push((token.position, token.text.clone()));
        }
        words
    }

    #[track_caller]
    fn check(side: Side, text: &str, want: &[(usize, &str)]) {
        let want: Vec<_> = want.iter().map(|(position, word)| (*position, (*word).to_owned())).collect();
        assert_eq!(words(side, text), want, "{text}");
    }

    #[test]
    fn words_are_folded_and_numbered() {
        for side in [Side::Index, Side::Query] {
            check(side, "Crème-Brûlée, 2 Eier", &[(0, "creme"), (1, "brulee"), (2, "2"), (3, "eier")]);
            check(side, "Cre\u{300}me", &[(0, "creme")]);
            check(side, "GROSSE Süßkartoffel", &[(0, "grosse"), (1, "susskartoffel")]);
            check(side, " \t\n—…!", &[]);
            check(side, &"x".repeat(LONGEST + 1), &[]);
        }
    }

    #[test]
    fn unspaced_scripts_are_characters_and_pairs_in_the_index() {
        check(Side::Index, "番茄 egg炒", &[(0, "番"), (0, "番茄"), (1, "茄"), (2, "egg"), (3, "炒")]);
    }

    #[test]
    fn unspaced_scripts_are_pairs_in_a_query() {
        check(Side::Query, "番茄炒蛋", &[(0, "番茄"), (1, "茄炒"), (2, "炒蛋")]);
        check(Side::Query, "蛋", &[(0, "蛋")]);
        check(Side::Query, "蛋 a 面", &[(0, "蛋"), (1, "a"), (2, "面")]);
    }
}
