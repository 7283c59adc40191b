//! The quotas of a user: how many recipes, and how many bytes of them.

use std::fmt;

/// How much a user has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub recipes: u64,
    /// Of the stored documents and pictures of all recipes.
    pub bytes: u64,
}

impl Usage {
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            recipes: self.recipes.saturating_add(more.recipes),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }
}

/// The most that a user may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    pub recipes: Quota,
    pub bytes: Quota,
}

impl Quotas {
    pub const OFF: Self = Self { recipes: Quota(None), bytes: Quota(None) };

    /// Whether a user who has `usage` may add `more`. A quota that is exceeded already, because the operator has lowered
    /// it, refuses only what adds to it.
    ///
    /// ```
    /// use recipes::{Quota, Quotas, Usage};
    ///
    /// let quotas = Quotas { recipes: Quota(Some(2)), ..Quotas::OFF };
    /// let one = Usage { recipes: 1, bytes: 900 };
    /// assert!(quotas.allow(one, one));
    /// assert!(!quotas.allow(one.plus(one), one));
    /// ```
    pub fn allow(self, usage: Usage, more: Usage) -> bool {
        let total = usage.plus(more);
        let fits = |Quota(quota), more, total| more == 0 || quota.is_none_or(|quota| total <= quota);
        fits(self.recipes, more.recipes, total.recipes) && fits(self.bytes, more.bytes, total.bytes)
    }

    /// The most that a user may have before adding `more`: up to there, [`allow`](Self::allow) is true. `None`: `more` alone
    /// exceeds a quota.
    pub fn room_for(self, more: Usage) -> Option<Usage> {
        let room = |Quota(quota): Quota, more: u64| match quota {
            Some(quota) if more > 0 => quota.checked_sub(more),
            _ => Some(u64::MAX),
        };
        Some(Usage { recipes: room(self.recipes, more.recipes)?, bytes: room(self.bytes, more.bytes)? })
    }
}

/// A number, or none: "off".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota(pub Option<u64>);

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(quota) => quota.fmt(f),
            None => f.write_str("off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_the_largest_usage_that_is_allowed() {
        let quotas = Quotas { recipes: Quota(Some(2)), bytes: Quota(Some(100)) };
        let usage = |recipes, bytes| Usage { recipes, bytes };
        for (more, room) in [
            (usage(1, 30), Some(usage(1, 70))),
            (usage(2, 100), Some(usage(0, 0))),
            (usage(0, 30), Some(usage(u64::MAX, 70))),
            (usage(1, 101), None),
            (usage(3, 1), None),
        ] {
            assert_eq!(quotas.room_for(more), room, "{more:?}");
            for (recipes, bytes) in (0..4).flat_map(|recipes| (0..102).map(move |bytes| (recipes, bytes))) {
                let fits = room.is_some_and(|room| recipes <= room.recipes && bytes <= room.bytes);
                assert_eq!(quotas.allow(usage(recipes, bytes), more), fits, "{recipes} {bytes} {more:?}");
            }
        }
        assert_eq!(Quotas::OFF.room_for(usage(1, 1)), Some(usage(u64::MAX, u64::MAX)));
    }

    #[test]
    fn each_quota_refuses_only_what_adds_to_it() {
        let quotas = Quotas { recipes: Quota(Some(2)), bytes: Quota(Some(100)) };
        let usage = |recipes, bytes| Usage { recipes, bytes };
        for (has, more, allowed) in [
            (usage(1, 50), usage(1, 50), true),
            (usage(2, 50), usage(1, 1), false),
            (usage(1, 100), usage(1, 1), false),
            (usage(9, 50), usage(0, 50), true),
            (usage(9, 900), usage(0, 0), true),
            (usage(1, u64::MAX), usage(0, 1), false),
        ] {
            assert_eq!(quotas.allow(has, more), allowed, "{has:?} {more:?}");
        }
        assert!(Quotas::OFF.allow(usage(u64::MAX, u64::MAX), usage(1, 1)));
    }
}
