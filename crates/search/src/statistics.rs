//! The numbers from which scores are computed, kept in a cursor: with them a recipe has the same score on every page, whatever was
//! written meanwhile, and on every server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use crate::error::SearchError;

/// How many recipes and words there are, and how many recipes have each word of the query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statistics {
    #[serde(rename = "n")]
    documents: u64,
    #[serde(rename = "t")]
    words: u64,
    #[serde(rename = "f")]
    frequencies: BTreeMap<String, u64>,
}

impl Statistics {
    pub(crate) fn of(searcher: &Searcher, field: Field) -> Result<Self, SearchError> {
        Ok(Self {
            documents: searcher.total_num_docs()?,
            words: searcher.total_num_tokens(field)?,
            frequencies: BTreeMap::new(),
        })
    }

    /// Remembers how many recipes have the word.
    pub(crate) fn add(&mut self, word: &str, frequency: u64) {
        self.frequencies.insert(word.to_owned(), frequency);
    }

    /// How many recipes had the word when the first page was read; 0 if it was no word of the query.
    pub(crate) fn frequency(&self, word: &str) -> u64 {
        self.frequencies.get(word).copied().unwrap_or(0)
    }

    /// The words that begin with the prefix.
    pub(crate) fn words_with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.frequencies
            .range(prefix.to_owned()..)
            .map(|(word, _)| word.as_str())
            .take_while(move |word| word.starts_with(prefix))
    }
}

impl Bm25StatisticsProvider for Statistics {
    fn total_num_tokens(&self, _: Field) -> tantivy::Result<u64> {
        Ok(self.words)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.documents)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let frequency = term.value().as_str().map_or(0, |word| self.frequency(word));
        // The formula needs a frequency up to the number of documents; a cursor may say anything.
        Ok(frequency.min(self.documents))
    }
}
