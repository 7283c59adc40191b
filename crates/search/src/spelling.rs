//! Words that a user may have meant, and words that complete the typed text. Only words of recipes that the user may read:
//! otherwise they would tell the content of private ones.

use std::collections::BTreeMap;

use tantivy::Searcher;
use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Term, tokenizer::TokenStream as _};

use crate::error::SearchError;
use crate::words::{Side, analyzer};

/// From this length on, in characters, two letters may be wrong; below, one.
const LONG: usize = 6;

/// Shorter words have too many neighbours.
const SHORTEST: usize = 4;

/// A word that is at most so many times wrong letters away, the nearest and then the most frequent first.
pub(crate) fn similar_words(
    searcher: &Searcher,
    field: Field,
    word: &str,
    limit: usize,
) -> Result<Vec<String>, SearchError> {
    let length = word.chars().count();
    if length < SHORTEST || !word.is_ascii() {
        return Ok(Vec::new());
    }
    let mut found = BTreeMap::<String, (u8, u64)>::new();
    for distance in 1..=if length >= LONG { 2 } else { 1 } {
        let query = FuzzyTermQuery::new(Term::from_field_text(field, word), distance, true);
        let Ok(automaton) = query.automaton() else { break };
        for segment in searcher.segment_readers() {
            let words = segment.inverted_index(field)?;
            let mut stream = words.terms().search(&automaton).into_stream()?;
            while let Some((candidate, info)) = stream.next() {
                let Ok(candidate) = std::str::from_utf8(candidate) else { continue };
                if candidate != word {
                    let (_, frequency) = found.entry(candidate.to_owned()).or_insert((distance, 0));
                    *frequency += u64::from(info.doc_freq);
                }
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(a, (da, fa)), (b, (db, fb))| da.cmp(db).then(fb.cmp(fa)).then_with(|| a.cmp(b)));
    Ok(found.into_iter().take(limit).map(|(word, _)| word).collect())
}

/// The query with some of its words replaced. Everything else stays as the user has typed it.
pub(crate) fn corrected(query: &str, replacements: &BTreeMap<String, String>) -> String {
    let mut analyzer = analyzer(Side::Query);
    let mut stream = analyzer.token_stream(query);
    let (mut text, mut end) = (String::new(), 0);
    while let Some(token) = stream.next() {
        if let Some(replacement) = replacements.get(&token.text) {
            text.push_str(&query[end..token.offset_from]);
            text.push_str(replacement);
            end = token.offset_to;
        }
    }
    text.push_str(&query[end..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_are_replaced() {
        let replacements = BTreeMap::from([("chiken".to_owned(), "chicken".to_owned())]);
        assert_eq!(
            corrected("  \"Chiken soup\" -garlic, chiken", &replacements),
            "  \"chicken soup\" -garlic, chicken"
        );
        assert_eq!(corrected("soup", &replacements), "soup");
        assert_eq!(corrected("", &replacements), "");
    }
}
