//! The conditions of a filter, tested document by document.

use std::ops::Bound;

use recipes::Viewer;
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{Scorer, Weight};
use tantivy::{DocId, DocSet as _, SegmentReader};

use crate::error::SearchError;
use crate::fields::{Fields, SEPARATOR, Tags, column, least_ord, milliseconds, unsigned};
use crate::filter::{Filter, TagFilter};

/// The conditions of a filter over the columns of one segment.
pub(crate) struct Columns<'a> {
    segment: &'a SegmentReader,
    audience: Column<u64>,
    owner: Column<u64>,
    reader: Reader,
    owned_by: Option<u64>,
    visibility: Option<u64>,
    tags: Vec<TagTest>,
    /// The order of the index, and the least value that passes.
    updated_since: Option<(Column<u64>, u64)>,
    at_most: Vec<(Column<u64>, u64)>,
    at_least: Vec<(Column<u64>, u64)>,
    equal: Vec<(Column<u64>, u64)>,
    excluded: Vec<Box<dyn Scorer>>,
}

/// Who reads, as the columns tell it.
enum Reader {
    Anyone,
    User(u64),
    Admin,
}

struct TagTest {
    texts: StrColumn,
    /// Ranges of ordinals: one for each slug.
    all_of: Vec<Vec<(u64, u64)>>,
    none_of: Vec<(u64, u64)>,
}

impl<'a> Columns<'a> {
    /// `None` if no recipe of the segment can pass.
    pub(crate) fn open(
        segment: &'a SegmentReader,
        fields: &Fields,
        filter: &Filter,
        viewer: Viewer,
        excluded: &[Box<dyn Weight>],
    ) -> Result<Option<Self>, SearchError> {
        let number = |name| segment.fast_fields().u64(name);
        let mut tags = Vec::new();
        for (tag, condition) in filter.tags(fields) {
            if *condition == TagFilter::default() {
                continue;
            }
            match TagTest::open(segment, tag, condition)? {
                Some(test) => tags.push(test),
                None if condition.all_of.is_empty() => {}
                None => return Ok(None),
            }
        }
        let mut at_most = Vec::new();
        for (name, limit) in [
            (column::TOTAL, filter.max_total_minutes),
            (column::PREPARATION, filter.max_preparation_minutes),
            (column::COOKING, filter.max_cooking_minutes),
        ] {
            if let Some(limit) = limit {
                at_most.push((number(name)?, u64::from(limit)));
            }
        }
        let updated_since = match filter.updated_since {
            Some(since) => Some((number(column::ORD)?, least_ord(since))),
            None => None,
        };
        let mut at_least = Vec::new();
        if let Some(since) = filter.created_since {
            at_least.push((number(column::CREATED)?, milliseconds(since)));
        }
        let mut equal = Vec::new();
        if let Some(difficulty) = filter.difficulty {
            equal.push((number(column::DIFFICULTY)?, u64::from(difficulty)));
        }
        Ok(Some(Self {
            segment,
            audience: number(column::AUDIENCE)?,
            owner: number(column::OWNER)?,
            reader: match viewer {
                Viewer::Anyone => Reader::Anyone,
                Viewer::User(user) => Reader::User(unsigned(user.get())),
                Viewer::Admin => Reader::Admin,
            },
            owned_by: filter.owner.map(|owner| unsigned(owner.get())),
            visibility: filter.visibility.map(crate::fields::audience),
            tags,
            updated_since,
            at_most,
            at_least,
            equal,
            excluded: excluded.iter().map(|weight| weight.scorer(segment, 1.0)).collect::<Result<_, _>>()?,
        }))
    }

    /// Documents are asked for in their order.
    pub(crate) fn pass(&mut self, doc: DocId) -> bool {
        self.segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc))
            && self.is_visible(doc)
            && !self.are_all_older(doc)
            && self
                .at_most
                .iter()
                .all(|(column, limit)| column.first(doc).is_some_and(|value| value <= *limit))
            && self
                .at_least
                .iter()
                .all(|(column, limit)| column.first(doc).is_some_and(|value| value >= *limit))
            && self.equal.iter().all(|(column, want)| column.first(doc) == Some(*want))
            && self.tags.iter().all(|test| test.pass(doc))
            && !self
                .excluded
                .iter_mut()
                .any(|matches| matches.doc() <= doc && (matches.doc() == doc || matches.seek(doc) == doc))
    }

    /// Whether this document and, in the order of the index, all after it were changed too long ago.
    pub(crate) fn are_all_older(&self, doc: DocId) -> bool {
        self.updated_since.as_ref().is_some_and(|(ord, least)| first(ord, doc) < *least)
    }

    fn is_visible(&self, doc: DocId) -> bool {
        let audience = self.audience.first(doc);
        if self.visibility.is_some_and(|want| audience != Some(want)) {
            return false;
        }
        let owner = || self.owner.first(doc);
        if self.owned_by.is_some_and(|want| owner() != Some(want)) {
            return false;
        }
        match self.reader {
            Reader::Admin => true,
            Reader::Anyone => audience == Some(0),
            Reader::User(user) => matches!(audience, Some(0 | 1)) || owner() == Some(user),
        }
    }
}

impl TagTest {
    /// `None` if a required text does not occur in the segment.
    fn open(segment: &SegmentReader, tags: Tags, filter: &TagFilter) -> Result<Option<Self>, SearchError> {
        let Some(texts) = segment.fast_fields().str(tags.column)? else { return Ok(None) };
        let range = |slug: &String| {
            let (start, end) = (format!("{slug}{SEPARATOR}"), format!("{slug}\u{1}"));
            let bounds =
                texts.dictionary().term_bounds_to_ord(Bound::Included(start), Bound::Excluded(end))?;
            Ok(match bounds {
                (Bound::Included(start), Bound::Excluded(end)) => (start, end),
                _ => (0, 0),
            })
        };
        let ranges = |slugs: &[String]| -> Result<Vec<(u64, u64)>, SearchError> {
            let ranges: Result<Vec<_>, SearchError> = slugs.iter().map(range).collect();
            Ok(ranges?.into_iter().filter(|(start, end)| start < end).collect())
        };
        let all_of: Vec<_> = filter.all_of.iter().map(|group| ranges(group)).collect::<Result<_, _>>()?;
        let none_of = ranges(&filter.none_of)?;
        let possible = all_of.iter().all(|group| !group.is_empty());
        Ok(possible.then_some(Self { texts, all_of, none_of }))
    }

    fn pass(&self, doc: DocId) -> bool {
        let has = |ranges: &[(u64, u64)]| {
            self.texts
                .ords()
                .values_for_doc(doc)
                .any(|ord| ranges.iter().any(|(start, end)| (*start..*end).contains(&ord)))
        };
        self.all_of.iter().all(|group| has(group)) && (self.none_of.is_empty() || !has(&self.none_of))
    }
}

/// The value of a document, or 0.
pub(crate) fn first(column: &Column<u64>, doc: DocId) -> u64 {
    column.first(doc).unwrap_or(0)
}
