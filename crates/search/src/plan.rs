//! From the text of a query to a query of the index.

use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use crate::error::SearchError;
use crate::fields::Fields;
use crate::forms::other_forms;
use crate::statistics::Statistics;
use crate::text::{Kind, Part, Text};

/// An incomplete word stands for at most so many words, the most frequent ones.
const EXPANSIONS: usize = 16;

/// So many words with a prefix are looked at in each part of the index.
const CANDIDATES: usize = 2_000;

/// Singular for plural and the reverse count a little less than the word itself.
const FORM: f32 = 0.8;

/// A word that only begins as the query's.
const EXPANSION: f32 = 0.3;

/// A text as queries, with the numbers for its scores.
pub(crate) struct Plan {
    /// All of them must match.
    pub(crate) required: Vec<Box<dyn Query>>,
    /// None of them may match. Tested document by document: a clause of the query would switch off that blocks of words with low
    /// scores are skipped.
    pub(crate) excluded: Vec<Box<dyn Query>>,
    pub(crate) statistics: Statistics,
}

impl Plan {
    /// With the statistics of a cursor the query has the same words as on the first page.
    pub(crate) fn new(
        searcher: &Searcher,
        fields: &Fields,
        text: &Text,
        frozen: Option<Statistics>,
    ) -> Result<Self, SearchError> {
        let is_frozen = frozen.is_some();
        let statistics = frozen.map_or_else(|| Statistics::of(searcher, fields.all), Ok)?;
        let mut planner = Planner { searcher, field: fields.all, statistics, is_frozen };
        let required = text.required.iter().map(|part| planner.part(part)).collect::<Result<_, _>>()?;
        let excluded = text.excluded.iter().map(|part| planner.part(part)).collect::<Result<_, _>>()?;
        Ok(Self { required, excluded, statistics: planner.statistics })
    }
}

/// Words in a field without a score: ingredients, names, authors.
pub(crate) fn unscored(
    searcher: &Searcher,
    field: Field,
    text: &Text,
) -> Result<Vec<Box<dyn Query>>, SearchError> {
    let statistics = Statistics::of(searcher, field)?;
    let mut planner = Planner { searcher, field, statistics, is_frozen: false };
    text.required.iter().map(|part| planner.part(part)).collect()
}

/// All queries as one, which matches where all of them do. Without a query, all recipes match.
pub(crate) fn all_of(mut queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    match queries.len() {
        0 => Box::new(AllQuery),
        1 => queries.remove(0),
        _ => Box::new(BooleanQuery::intersection(queries)),
    }
}

struct Planner<'a> {
    searcher: &'a Searcher,
    field: Field,
    statistics: Statistics,
    /// The statistics come from a cursor.
    is_frozen: bool,
}

impl Planner<'_> {
    fn part(&mut self, part: &Part) -> Result<Box<dyn Query>, SearchError> {
        let Some(word) = part.single() else { return self.phrase(part) };
        self.note(word, 0)?;
        // A rare form must not count more than the word itself.
        let least = self.statistics.frequency(word);
        let mut words = vec![(word.to_owned(), 1.0)];
        if part.kind != Kind::Exact {
            for form in other_forms(word) {
                if self.note(&form, least)? {
                    words.push((form, FORM));
                }
            }
        }
        if part.kind == Kind::Prefix {
            for expansion in self.expansions(word)? {
                if words.iter().all(|(word, _)| *word != expansion) {
                    self.note(&expansion, least)?;
                    words.push((expansion, EXPANSION));
                }
            }
        }
        let mut queries: Vec<Box<dyn Query>> =
            words.iter().map(|(word, factor)| self.word(word, *factor)).collect();
        Ok(if queries.len() == 1 { queries.remove(0) } else { Box::new(BooleanQuery::union(queries)) })
    }

    fn word(&self, word: &str, factor: f32) -> Box<dyn Query> {
        let term = Term::from_field_text(self.field, word);
        let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
        if factor < 1.0 { Box::new(BoostQuery::new(Box::new(query), factor)) } else { Box::new(query) }
    }

    fn phrase(&mut self, part: &Part) -> Result<Box<dyn Query>, SearchError> {
        let mut terms = Vec::new();
        for (position, word) in &part.words {
            self.note(word, 0)?;
            terms.push((*position, Term::from_field_text(self.field, word)));
        }
        Ok(Box::new(PhraseQuery::new_with_offset(terms)))
    }

    /// Remembers the frequency of a word, or `least` if it is rarer. Whether some recipe has it.
    fn note(&mut self, word: &str, least: u64) -> Result<bool, SearchError> {
        if !self.is_frozen {
            let frequency = self.searcher.doc_freq(&Term::from_field_text(self.field, word))?;
            if frequency > 0 {
                self.statistics.add(word, frequency.max(least));
            }
        }
        Ok(self.statistics.frequency(word) > 0)
    }

    /// The most frequent words that begin so.
    fn expansions(&self, prefix: &str) -> Result<Vec<String>, SearchError> {
        if self.is_frozen {
            return Ok(self
                .statistics
                .words_with_prefix(prefix)
                .take(EXPANSIONS)
                .map(str::to_owned)
                .collect());
        }
        words_with_prefix(self.searcher, self.field, prefix, EXPANSIONS)
    }
}

/// The most frequent words of a field that begin so, the most frequent first.
pub(crate) fn words_with_prefix(
    searcher: &Searcher,
    field: Field,
    prefix: &str,
    limit: usize,
) -> Result<Vec<String>, SearchError> {
    let mut found = std::collections::BTreeMap::<String, u64>::new();
    for segment in searcher.segment_readers() {
        let words = segment.inverted_index(field)?;
        let mut stream = words.terms().range().ge(prefix).into_stream()?;
        let mut looked_at = 0;
        while let Some((word, info)) = stream.next() {
            if looked_at == CANDIDATES || !word.starts_with(prefix.as_bytes()) {
                break;
            }
            looked_at += 1;
            if let Ok(word) = std::str::from_utf8(word) {
                *found.entry(word.to_owned()).or_default() += u64::from(info.doc_freq);
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by(|(a, fa), (b, fb)| fb.cmp(fa).then_with(|| a.cmp(b)));
    Ok(found.into_iter().take(limit).map(|(word, _)| word).collect())
}
