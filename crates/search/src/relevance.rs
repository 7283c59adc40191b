//! The best recipes for a text, by score and then by the time of their last change.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::SegmentReader;
use tantivy::query::Weight;

use crate::columns::{Columns, first};
use crate::error::SearchError;
use crate::fields::column;

/// Sums of floating-point numbers depend on their order. Scores are compared in steps of 1/1024.
const STEPS: f32 = 1024.0;

/// The place of a recipe in the order: higher ones come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) score: u32,
    pub(crate) ord: u64,
}

/// Keeps the best recipes after a place.
pub(crate) struct Best {
    limit: usize,
    after: Option<Rank>,
    /// With their ids; the worst one on top.
    heap: BinaryHeap<Reverse<(Rank, u64)>>,
}

impl Best {
    pub(crate) fn new(limit: usize, after: Option<Rank>) -> Self {
        Self { limit, after, heap: BinaryHeap::with_capacity(limit + 1) }
    }

    /// Searches one segment and skips blocks with a maximum score below the threshold. Clauses for the filters would disable this
    /// pruning, so the filters are tested here for each document.
    pub(crate) fn collect(
        &mut self,
        weight: &dyn Weight,
        segment: &SegmentReader,
        columns: &mut Columns<'_>,
    ) -> Result<(), SearchError> {
        let ord = segment.fast_fields().u64(column::ORD)?;
        let ids = segment.fast_fields().u64(column::ID)?;
        let mut threshold = self.threshold(None);
        weight.for_each_pruning(threshold, segment, &mut |doc, score| {
            let rank = Rank { score: quantize(score), ord: first(&ord, doc) };
            if self.takes(rank) && columns.pass(doc) {
                self.heap.push(Reverse((rank, first(&ids, doc))));
                if self.heap.len() > self.limit {
                    self.heap.pop();
                }
            }
            threshold = self.threshold(Some(rank.ord));
            threshold
        })?;
        Ok(())
    }

    fn takes(&self, rank: Rank) -> bool {
        self.after.is_none_or(|after| rank < after) && self.worst().is_none_or(|worst| rank > worst)
    }

    /// The last of the best recipes, once there are enough of them.
    fn worst(&self) -> Option<Rank> {
        self.heap.peek().filter(|_| self.heap.len() == self.limit).map(|Reverse((rank, _))| *rank)
    }

    /// The score that a recipe must exceed. `ord` is that of the last recipe of the segment, in which it only falls: once it is
    /// below the worst one's, a recipe of an equal score comes after it.
    fn threshold(&self, ord: Option<u64>) -> f32 {
        let Some(worst) = self.worst() else { return f32::MIN };
        let ties_lose = ord.is_some_and(|ord| ord <= worst.ord);
        step(worst.score + u32::from(ties_lose)).next_down()
    }

    /// The best ones first.
    pub(crate) fn into_sorted(self) -> Vec<(Rank, u64)> {
        // Of reversed items the ascending order begins with the best one.
        self.heap.into_sorted_vec().into_iter().map(|Reverse(item)| item).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "scores are positive and below a thousand"
)]
fn quantize(score: f32) -> u32 {
    (score * STEPS) as u32
}

#[expect(clippy::cast_precision_loss, reason = "the score came from a number of this type")]
fn step(score: u32) -> f32 {
    score as f32 / STEPS
}
