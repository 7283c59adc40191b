//! Searches: pages of recipes, counts, and suggestions.

use std::collections::BTreeMap;

use ids::RecipeId;
use recipes::Viewer;
use serde::{Deserialize, Serialize};
use tantivy::query::{ConstScoreQuery, EnableScoring, Query, TermQuery, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet as _, Searcher, SegmentReader, TERMINATED, Term};

use crate::columns::{Columns, first};
use crate::error::SearchError;
use crate::facets::{Counter, Facets};
use crate::fields::column;
use crate::filter::Filter;
use crate::index::RecipeIndex;
use crate::plan::{Plan, all_of, unscored, words_with_prefix};
use crate::recipe_ids::RecipeIds;
use crate::relevance::{Best, Rank};
use crate::sorted::{Direction, First, Place, SortKey, for_each};
use crate::spelling::{corrected, similar_words};
use crate::statistics::Statistics;
use crate::text::{Kind, Text};

/// So many words are tried for one that the viewer can read.
const CANDIDATES: usize = 20;

/// Which recipes are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// What the user has typed; empty for all recipes.
    pub text: &'a str,
    pub filter: &'a Filter,
    pub viewer: Viewer,
}

/// The order of the recipes on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The best first. Without words that are required: the newest first.
    Relevance,
    By(SortKey, Direction),
}

/// A page of recipes.
#[derive(Clone, Debug, PartialEq)]
pub struct Hits {
    pub ids: Vec<RecipeId>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<Cursor>,
}

/// A place between two pages. It is good for the search and the order from which it came; for others the page is arbitrary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cursor(After);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum After {
    #[serde(rename = "r")]
    Rank { score: u32, ord: u64, statistics: Statistics },
    #[serde(rename = "p")]
    Place(Place),
}

/// Completions of a text that is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// Recipes with all words in their name; the last word may be incomplete.
    pub recipes: Vec<RecipeId>,
    /// Words of ingredients that complete the last one, in the form in which words are compared.
    pub ingredients: Vec<String>,
}

impl RecipeIndex {
    /// A page of at most `limit` recipes that the viewer may read.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn search(
        &self,
        search: Search<'_>,
        order: Order,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Hits, SearchError> {
        let text = Text::parse(search.text);
        let searcher = self.reader.searcher();
        match order {
            Order::Relevance if !text.required.is_empty() => {
                let after = match after {
                    Some(Cursor(After::Rank { score, ord, statistics })) => {
                        Some((Rank { score, ord }, statistics))
                    }
                    _ => None,
                };
                self.best(&searcher, search, &text, limit, after)
            }
            Order::Relevance => self.sorted(
                &searcher,
                search,
                &text,
                (SortKey::UpdatedAt, Direction::Descending),
                limit,
                after,
            ),
            Order::By(key, direction) => {
                self.sorted(&searcher, search, &text, (key, direction), limit, after)
            }
        }
    }

    /// How many recipes there are.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn count(&self, search: Search<'_>) -> Result<u64, SearchError> {
        let mut count = 0;
        self.each_segment(search, |weight, segment, columns| {
            for_each(weight, segment, columns, |_| count += 1)
        })?;
        Ok(count)
    }

    /// All recipes, as they are in one commit of the index.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn all(&self, search: Search<'_>) -> Result<RecipeIds, SearchError> {
        let mut all = RecipeIds::default();
        self.each_segment(search, |weight, segment, columns| {
            let ids = segment.fast_fields().u64(column::ID)?;
            for_each(weight, segment, columns, |doc| all.insert(first(&ids, doc)))
        })?;
        Ok(all)
    }

    /// How many of the recipes have which label, cuisine, category and keyword: at most `limit` of each kind.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn facets(&self, search: Search<'_>, limit: usize) -> Result<Facets, SearchError> {
        let mut counter = Counter::new(&self.fields);
        self.each_segment(search, |weight, segment, columns| counter.collect(weight, segment, columns))?;
        Ok(counter.finish(limit))
    }

    /// The text with its unknown words replaced by similar ones; `None` if there is nothing to replace.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn did_you_mean(&self, text: &str, viewer: Viewer) -> Result<Option<String>, SearchError> {
        let searcher = self.reader.searcher();
        let mut replacements = BTreeMap::new();
        for (_, word) in Text::parse(text).required.iter().flat_map(|part| &part.words) {
            if self.can_read(&searcher, self.fields.all, word, viewer)? {
                continue;
            }
            for candidate in similar_words(&searcher, self.fields.all, word, CANDIDATES)? {
                if self.can_read(&searcher, self.fields.all, &candidate, viewer)? {
                    replacements.insert(word.clone(), candidate);
                    break;
                }
            }
        }
        Ok((!replacements.is_empty()).then(|| corrected(text, &replacements)))
    }

    /// At most `limit` recipes and `limit` ingredients that complete the text.
    ///
    /// # Errors
    /// [`SearchError`] if the index cannot be read.
    pub fn suggest(&self, text: &str, viewer: Viewer, limit: usize) -> Result<Suggestions, SearchError> {
        let searcher = self.reader.searcher();
        let parsed = Text::parse_incomplete(text);
        let Some(last) = parsed.required.last() else { return Ok(Suggestions::default()) };
        let conditions =
            Conditions { required: unscored(&searcher, self.fields.name, &parsed)?, excluded: Vec::new() };
        let search = Search { text: "", filter: &Filter::default(), viewer };
        let mut first = First::new(SortKey::UpdatedAt, Direction::Descending, limit, None);
        self.each_segment_of(&searcher, conditions, search, |weight, segment, columns| {
            first.collect(weight, segment, columns)
        })?;
        let mut ingredients = Vec::new();
        if let Some(prefix) = last.single().filter(|_| last.kind == Kind::Prefix) {
            for word in words_with_prefix(&searcher, self.fields.ingredients, prefix, CANDIDATES.max(limit))?
            {
                if ingredients.len() < limit
                    && self.can_read(&searcher, self.fields.ingredients, &word, viewer)?
                {
                    ingredients.push(word);
                }
            }
        }
        Ok(Suggestions { recipes: recipe_ids(first.into_sorted().iter().map(|place| place.id)), ingredients })
    }

    fn best(
        &self,
        searcher: &Searcher,
        search: Search<'_>,
        text: &Text,
        limit: usize,
        after: Option<(Rank, Statistics)>,
    ) -> Result<Hits, SearchError> {
        let (after, frozen) = after.unzip();
        let Plan { mut required, mut excluded, statistics } =
            Plan::new(searcher, &self.fields, text, frozen)?;
        let conditions = self.conditions_of(searcher, search.filter)?;
        required.extend(conditions.required);
        excluded.extend(conditions.excluded);
        let excluded = weights(searcher, &excluded)?;
        let weight = all_of(required)
            .weight(EnableScoring::enabled_from_statistics_provider(&statistics, searcher))?;
        // One more tells whether there is a next page.
        let mut best = Best::new(limit + 1, after);
        for segment in searcher.segment_readers() {
            let columns = Columns::open(segment, &self.fields, search.filter, search.viewer, &excluded)?;
            if let Some(mut columns) = columns {
                best.collect(&*weight, segment, &mut columns)?;
            }
        }
        let mut found = best.into_sorted();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found
            .last()
            .filter(|_| has_more)
            .map(|(rank, _)| Cursor(After::Rank { score: rank.score, ord: rank.ord, statistics }));
        Ok(Hits { ids: recipe_ids(found.into_iter().map(|(_, id)| id)), next })
    }

    fn sorted(
        &self,
        searcher: &Searcher,
        search: Search<'_>,
        text: &Text,
        (key, direction): (SortKey, Direction),
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Hits, SearchError> {
        let after = match after {
            Some(Cursor(After::Place(place))) => Some(place),
            _ => None,
        };
        let mut first = First::new(key, direction, limit + 1, after);
        let conditions = self.conditions(searcher, text, search.filter)?;
        self.each_segment_of(searcher, conditions, search, |weight, segment, columns| {
            first.collect(weight, segment, columns)
        })?;
        let mut found = first.into_sorted();
        let has_more = found.len() > limit;
        found.truncate(limit);
        let ids = recipe_ids(found.iter().map(|place| place.id));
        let next = found.pop().filter(|_| has_more).map(|place| Cursor(After::Place(place)));
        Ok(Hits { ids, next })
    }

    fn each_segment(
        &self,
        search: Search<'_>,
        each: impl FnMut(&dyn Weight, &SegmentReader, &mut Columns<'_>) -> Result<(), SearchError>,
    ) -> Result<(), SearchError> {
        let searcher = self.reader.searcher();
        let conditions = self.conditions(&searcher, &Text::parse(search.text), search.filter)?;
        self.each_segment_of(&searcher, conditions, search, each)
    }

    /// Calls the function for each segment that may have a match, without scores.
    fn each_segment_of(
        &self,
        searcher: &Searcher,
        conditions: Conditions,
        search: Search<'_>,
        mut each: impl FnMut(&dyn Weight, &SegmentReader, &mut Columns<'_>) -> Result<(), SearchError>,
    ) -> Result<(), SearchError> {
        let excluded = weights(searcher, &conditions.excluded)?;
        let weight = all_of(conditions.required).weight(EnableScoring::disabled_from_searcher(searcher))?;
        for segment in searcher.segment_readers() {
            let columns = Columns::open(segment, &self.fields, search.filter, search.viewer, &excluded)?;
            if let Some(mut columns) = columns {
                each(&*weight, segment, &mut columns)?;
            }
        }
        Ok(())
    }

    /// All conditions, where nothing has a score.
    fn conditions(
        &self,
        searcher: &Searcher,
        text: &Text,
        filter: &Filter,
    ) -> Result<Conditions, SearchError> {
        let Plan { required, excluded, .. } = Plan::new(searcher, &self.fields, text, None)?;
        let mut conditions = self.conditions_of(searcher, filter)?;
        conditions.required.extend(required);
        conditions.required.extend(filter.tag_clauses(&self.fields));
        conditions.excluded.extend(excluded);
        Ok(conditions)
    }

    /// The conditions of a filter that columns cannot test. They add nothing to a score.
    fn conditions_of(&self, searcher: &Searcher, filter: &Filter) -> Result<Conditions, SearchError> {
        let words = |field, text: &String| -> Result<Option<Box<dyn Query>>, SearchError> {
            let words = unscored(searcher, field, &Text::parse_words(text))?;
            Ok((!words.is_empty()).then(|| all_of(words)))
        };
        let mut required = filter.clauses(&self.fields);
        for text in &filter.ingredients {
            required.extend(words(self.fields.ingredients, text)?);
        }
        if let Some(author) = &filter.author {
            required.extend(words(self.fields.author, author)?);
        }
        let mut excluded = Vec::new();
        for text in &filter.without_ingredients {
            excluded.extend(words(self.fields.ingredients, text)?);
        }
        let required = required
            .into_iter()
            .map(|query| -> Box<dyn Query> { Box::new(ConstScoreQuery::new(query, 0.0)) });
        Ok(Conditions { required: required.collect(), excluded })
    }

    /// Whether a recipe that the viewer may read has the word.
    fn can_read(
        &self,
        searcher: &Searcher,
        field: Field,
        word: &str,
        viewer: Viewer,
    ) -> Result<bool, SearchError> {
        let query = TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::Basic);
        let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
        for segment in searcher.segment_readers() {
            let columns = Columns::open(segment, &self.fields, &Filter::default(), viewer, &[])?;
            let Some(mut columns) = columns else {
                continue;
            };
            let mut matches = weight.scorer(segment, 1.0)?;
            let mut doc = matches.doc();
            while doc != TERMINATED {
                if columns.pass(doc) {
                    return Ok(true);
                }
                doc = matches.advance();
            }
        }
        Ok(false)
    }
}

/// What must match, and what must not.
struct Conditions {
    required: Vec<Box<dyn Query>>,
    excluded: Vec<Box<dyn Query>>,
}

fn weights(searcher: &Searcher, queries: &[Box<dyn Query>]) -> Result<Vec<Box<dyn Weight>>, SearchError> {
    let weights = queries.iter().map(|query| query.weight(EnableScoring::disabled_from_searcher(searcher)));
    Ok(weights.collect::<Result<_, _>>()?)
}

fn recipe_ids(ids: impl Iterator<Item = u64>) -> Vec<RecipeId> {
    ids.filter_map(|id| RecipeId::from_i64(i64::try_from(id).ok()?)).collect()
}
