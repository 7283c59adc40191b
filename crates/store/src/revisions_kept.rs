//! How long the history of a recipe gets.

use ids::{RecipeId, UserId};

/// How many former revisions of a recipe are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevisionsKept(pub u16);

impl RevisionsKept {
    pub const OFF: Self = Self(0);

    /// Of a recipe with larger texts fewer are kept, so that edits cannot fill the disk. One is always kept.
    const BYTES: usize = 1 << 20;

    /// The newest former revision that is deleted when `former` is replaced by a text of this length. The length of the new text
    /// stands for those of the others, because adding them up would take longer than the edit.
    pub(crate) fn last_deleted(self, former: i64, length: usize) -> i64 {
        let fitting = u16::try_from(Self::BYTES / length.max(1)).unwrap_or(u16::MAX).max(1);
        former.saturating_sub(self.0.min(fitting).into())
    }
}

/// The current revision of a recipe, which is about to be replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced {
    pub(crate) id: RecipeId,
    pub(crate) revision: i64,
    pub(crate) kept: RevisionsKept,
    /// Of the new text.
    pub(crate) length: usize,
    /// `None`: the operator.
    pub(crate) by: Option<UserId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_revisions_of_large_recipes_are_kept() {
        let kept = RevisionsKept(100);
        for (former, length, last) in [(1, 900, -99), (100, 900, 0), (101, 10_000, 1), (40, 256 << 10, 36)] {
            assert_eq!(kept.last_deleted(former, length), last, "{former} {length}");
        }
        assert_eq!(kept.last_deleted(7, 2 << 20), 6, "one is always kept");
        assert_eq!(RevisionsKept::OFF.last_deleted(7, 900), 7);
    }
}
