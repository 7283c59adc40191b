//! Recipes in an order that does not depend on the text.

use std::collections::BinaryHeap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::Weight;
use tantivy::{DocId, DocSet as _, SegmentReader, TERMINATED};

use crate::columns::{Columns, first};
use crate::error::SearchError;
use crate::fields::column;

/// What recipes are sorted by. Equal ones come in the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SortKey {
    Id,
    /// Without regard to case.
    Name,
    CreatedAt,
    UpdatedAt,
    /// Recipes without a time come last in both directions.
    TotalTime,
    /// By the average as it is shown, then by the number of ratings. Recipes without a rating come last in both directions.
    Rating,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    Ascending,
    Descending,
}

/// The place of a recipe in the order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) key: Key,
    pub(crate) id: u64,
}

/// A key of the order, so that a lower one comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Key {
    Number(u64),
    Text(String),
}

/// Keeps the first recipes after a place.
pub(crate) struct First {
    key: SortKey,
    direction: Direction,
    limit: usize,
    after: Option<Place>,
    found: Vec<Place>,
}

impl First {
    pub(crate) fn new(key: SortKey, direction: Direction, limit: usize, after: Option<Place>) -> Self {
        Self { key, direction, limit, after, found: Vec::new() }
    }

    pub(crate) fn collect(
        &mut self,
        weight: &dyn Weight,
        segment: &SegmentReader,
        columns: &mut Columns<'_>,
    ) -> Result<(), SearchError> {
        match (self.key, self.direction) {
            (SortKey::UpdatedAt, Direction::Descending) => self.newest(weight, segment, columns),
            (SortKey::Name, _) => self.by_name(weight, segment, columns),
            _ => self.by_number(weight, segment, columns),
        }
    }

    /// The order of the index itself: a search begins after the cursor and ends with the page.
    fn newest(
        &mut self,
        weight: &dyn Weight,
        segment: &SegmentReader,
        columns: &mut Columns<'_>,
    ) -> Result<(), SearchError> {
        let ord = segment.fast_fields().u64(column::ORD)?;
        let ids = segment.fast_fields().u64(column::ID)?;
        let start = match &self.after {
            Some(Place { key: Key::Number(after), .. }) => first_below(&ord, segment.max_doc(), !after),
            _ => 0,
        };
        let mut matches = weight.scorer(segment, 1.0)?;
        let mut doc = if start > matches.doc() { matches.seek(start) } else { matches.doc() };
        let mut places = Vec::with_capacity(self.limit);
        while doc != TERMINATED && places.len() < self.limit {
            if columns.pass(doc) {
                places.push(Place { key: Key::Number(!first(&ord, doc)), id: first(&ids, doc) });
            } else if columns.are_all_older(doc) {
                break;
            }
            doc = matches.advance();
        }
        self.add(places);
        Ok(())
    }

    fn by_number(
        &mut self,
        weight: &dyn Weight,
        segment: &SegmentReader,
        columns: &mut Columns<'_>,
    ) -> Result<(), SearchError> {
        let values = segment.fast_fields().u64(match self.key {
            SortKey::Id | SortKey::Name => column::ID,
            SortKey::CreatedAt => column::CREATED,
            SortKey::UpdatedAt => column::ORD,
            SortKey::TotalTime => column::TOTAL,
            SortKey::Rating => column::RATING,
        })?;
        let ids = segment.fast_fields().u64(column::ID)?;
        let key = |doc| match (values.first(doc), self.direction) {
            (None, _) => u64::MAX,
            (Some(value), Direction::Ascending) => value,
            (Some(value), Direction::Descending) => u64::MAX - 1 - value,
        };
        let after = match &self.after {
            Some(Place { key: Key::Number(number), id }) => Some((*number, *id)),
            _ => None,
        };
        let mut least = Least { limit: self.limit, after, heap: BinaryHeap::new() };
        for_each(weight, segment, columns, |doc| least.offer((key(doc), first(&ids, doc))))?;
        self.add(least.heap.into_iter().map(|(key, id)| Place { key: Key::Number(key), id }));
        Ok(())
    }

    fn by_name(
        &mut self,
        weight: &dyn Weight,
        segment: &SegmentReader,
        columns: &mut Columns<'_>,
    ) -> Result<(), SearchError> {
        let Some(names) = segment.fast_fields().str(column::NAME)? else { return Ok(()) };
        let ids = segment.fast_fields().u64(column::ID)?;
        let is_descending = self.direction == Direction::Descending;
        // Within a segment names are compared by their ordinals.
        let flip = |ordinal: u64| if is_descending { u64::MAX - ordinal } else { ordinal };
        let after = match &self.after {
            Some(Place { key: Key::Text(name), id }) => after_name(&names, name, *id, is_descending)?,
            _ => None,
        };
        let mut least = Least { limit: self.limit, after, heap: BinaryHeap::new() };
        for_each(weight, segment, columns, |doc| {
            least.offer((flip(first(names.ords(), doc)), first(&ids, doc)));
        })?;
        let mut places = Vec::with_capacity(least.heap.len());
        for (ordinal, id) in least.heap {
            let mut name = String::new();
            names.ord_to_str(flip(ordinal), &mut name)?;
            places.push(Place { key: Key::Text(name), id });
        }
        self.add(places);
        Ok(())
    }

    fn add(&mut self, places: impl IntoIterator<Item = Place>) {
        self.found.extend(places);
        if self.key == SortKey::Name && self.direction == Direction::Descending {
            self.found.sort_by(|a, b| b.key.cmp(&a.key).then(a.id.cmp(&b.id)));
        } else {
            self.found.sort();
        }
        self.found.truncate(self.limit);
    }

    pub(crate) fn into_sorted(self) -> Vec<Place> {
        self.found
    }
}

/// The least keys after one.
struct Least {
    limit: usize,
    after: Option<(u64, u64)>,
    heap: BinaryHeap<(u64, u64)>,
}

impl Least {
    fn offer(&mut self, item: (u64, u64)) {
        if self.after.is_some_and(|after| item <= after) {
            return;
        }
        if self.heap.len() == self.limit {
            if self.heap.peek().is_none_or(|greatest| item >= *greatest) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push(item);
    }
}

/// The place of a cursor among the ordinals of a segment, in which the name itself may not occur.
fn after_name(
    names: &StrColumn,
    name: &str,
    id: u64,
    is_descending: bool,
) -> Result<Option<(u64, u64)>, SearchError> {
    let dictionary = names.dictionary();
    if let Some(ordinal) = dictionary.term_ord(name)? {
        return Ok(Some((if is_descending { u64::MAX - ordinal } else { ordinal }, id)));
    }
    // The ordinal of the next greater name.
    let bounds = dictionary.term_bounds_to_ord(Bound::Included(name), Bound::Excluded(name))?;
    let next = match bounds {
        (Bound::Included(next), _) => next.min(dictionary.num_terms() as u64),
        _ => 0,
    };
    let last_before = if is_descending { Some(u64::MAX - next) } else { next.checked_sub(1) };
    Ok(last_before.map(|ordinal| (ordinal, u64::MAX)))
}

/// The first document whose value is below the limit, in a column that falls.
fn first_below(column: &Column<u64>, documents: DocId, limit: u64) -> DocId {
    let (mut start, mut end) = (0, documents);
    while start < end {
        let middle = start + (end - start) / 2;
        if first(column, middle) >= limit {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    start
}

/// Calls the function for each document that matches and passes.
pub(crate) fn for_each(
    weight: &dyn Weight,
    segment: &SegmentReader,
    columns: &mut Columns<'_>,
    mut found: impl FnMut(DocId),
) -> Result<(), SearchError> {
    weight.for_each_no_score(segment, &mut |documents| {
        for doc in documents {
            if columns.pass(*doc) {
                found(*doc);
            }
        }
    })?;
    Ok(())
}
