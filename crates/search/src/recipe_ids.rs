//! A set of recipes.

use std::collections::BTreeMap;

use ids::RecipeId;

/// Ids of one part of the set.
const PART: u64 = 4_096;

/// The bits of a part.
type Bits = [u64; 64];

/// A set of recipes, as bits: half a kilobyte for each 4,096 ids that are next to each other.
#[derive(Clone, Debug, Default)]
pub struct RecipeIds(BTreeMap<u64, Box<Bits>>);

impl RecipeIds {
    pub(crate) fn insert(&mut self, id: u64) {
        let bits = self.0.entry(id / PART).or_insert_with(|| Box::new([0; 64]));
        let place = id % PART;
        if let Some(word) = usize::try_from(place / 64).ok().and_then(|word| bits.get_mut(word)) {
            *word |= 1 << (place % 64);
        }
    }

    /// The ids in their order.
    pub fn into_ids(self) -> impl Iterator<Item = RecipeId> + Send {
        self.0.into_iter().flat_map(|(part, bits)| {
            let is_in = move |place: &u64| {
                let word = usize::try_from(place / 64).ok().and_then(|word| bits.get(word));
                word.is_some_and(|word| (word >> (place % 64)) & 1 == 1)
            };
            let id = move |place| RecipeId::from_i64(i64::try_from(part * PART + place).ok()?);
            (0..PART).filter(is_in).filter_map(id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_once_and_in_their_order() {
        let wanted = [1, 63, 64, 4_095, 4_096, 1 << 40, i64::MAX.unsigned_abs()];
        let mut set = RecipeIds::default();
        for id in wanted.iter().rev().chain(&wanted) {
            set.insert(*id);
        }
        assert_eq!(set.0.len(), 4);
        let ids: Vec<_> = set.into_ids().map(|id| id.get().unsigned_abs()).collect();
        assert_eq!(ids, wanted);
        assert_eq!(RecipeIds::default().into_ids().count(), 0);
    }
}
