//! How many recipes of a search have each label, cuisine, category and keyword, and how long they take.

use std::collections::HashMap;

use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::Weight;

use crate::columns::Columns;
use crate::error::SearchError;
use crate::fields::{Fields, SEPARATOR, Tags, column};
use crate::sorted::for_each;

/// The upper bounds of the ranges of total time, in minutes. The last range has none.
pub const TIME_RANGES: [u32; 4] = [15, 30, 60, 120];

/// Counts of the recipes that a search finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    pub total: u64,
    pub labels: Vec<Facet>,
    pub cuisine: Vec<Facet>,
    pub category: Vec<Facet>,
    pub keywords: Vec<Facet>,
    /// One count for each of [`TIME_RANGES`], and one for longer times.
    pub total_time: [u64; TIME_RANGES.len() + 1],
    /// Recipes that state no time.
    pub without_time: u64,
}

/// A text and how many recipes have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    pub slug: String,
    /// As most of the recipes write it.
    pub text: String,
    pub count: u64,
}

/// Counts over several segments.
pub(crate) struct Counter {
    fields: Fields,
    total: u64,
    tags: [HashMap<String, u64>; 4],
    total_time: [u64; TIME_RANGES.len() + 1],
    without_time: u64,
}

impl Counter {
    pub(crate) fn new(fields: &Fields) -> Self {
        Self {
            fields: fields.clone(),
            total: 0,
            tags: std::array::from_fn(|_| HashMap::new()),
            total_time: [0; TIME_RANGES.len() + 1],
            without_time: 0,
        }
    }

    fn tag_fields(&self) -> [Tags; 4] {
        [self.fields.labels, self.fields.cuisine, self.fields.category, self.fields.keywords]
    }

    pub(crate) fn collect(
        &mut self,
        weight: &dyn Weight,
        segment: &SegmentReader,
        columns: &mut Columns<'_>,
    ) -> Result<(), SearchError> {
        let times: Column<u64> = segment.fast_fields().u64(column::TOTAL)?;
        let mut texts = Vec::new();
        for tags in self.tag_fields() {
            texts.push(segment.fast_fields().str(tags.column)?);
        }
        // Counted by ordinal, which is an index, and named once at the end.
        let terms =
            |texts: &Option<StrColumn>| texts.as_ref().map_or(0, |texts| texts.dictionary().num_terms());
        let mut counts: Vec<Vec<u32>> = texts.iter().map(|texts| vec![0; terms(texts)]).collect();
        for_each(weight, segment, columns, |doc| {
            self.total += 1;
            match times.first(doc) {
                Some(minutes) => {
                    let range = TIME_RANGES.iter().take_while(|limit| minutes > u64::from(**limit)).count();
                    self.total_time[range] += 1;
                }
                None => self.without_time += 1,
            }
            for (texts, counts) in texts.iter().zip(&mut counts) {
                for ordinal in texts.iter().flat_map(|texts| texts.ords().values_for_doc(doc)) {
                    if let Some(count) = usize::try_from(ordinal).ok().and_then(|index| counts.get_mut(index))
                    {
                        *count += 1;
                    }
                }
            }
        })?;
        for ((texts, counts), all) in texts.iter().zip(counts).zip(&mut self.tags) {
            let Some(texts) = texts else { continue };
            for (ordinal, count) in (0..).zip(counts).filter(|(_, count)| *count > 0) {
                let mut text = String::new();
                if texts.ord_to_str(ordinal, &mut text)? {
                    *all.entry(text).or_default() += u64::from(count);
                }
            }
        }
        Ok(())
    }

    /// At most `limit` texts of each kind, the most frequent first.
    pub(crate) fn finish(self, limit: usize) -> Facets {
        let [labels, cuisine, category, keywords] = self.tags.map(|counts| facets(counts, limit));
        Facets {
            total: self.total,
            labels,
            cuisine,
            category,
            keywords,
            total_time: self.total_time,
            without_time: self.without_time,
        }
    }
}

fn facets(counts: HashMap<String, u64>, limit: usize) -> Vec<Facet> {
    let mut by_slug = HashMap::<String, (Facet, u64)>::new();
    for (entry, count) in counts {
        let Some((slug, text)) = entry.split_once(SEPARATOR) else { continue };
        let new = Facet { slug: slug.to_owned(), text: text.to_owned(), count: 0 };
        let (facet, most) = by_slug.entry(slug.to_owned()).or_insert((new, 0));
        facet.count += count;
        if (count, text) > (*most, facet.text.as_str()) || *most == 0 {
            (*most, facet.text) = (count, text.to_owned());
        }
    }
    let mut facets: Vec<_> = by_slug.into_values().map(|(facet, _)| facet).collect();
    facets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.slug.cmp(&b.slug)));
    facets.truncate(limit);
    facets
}
