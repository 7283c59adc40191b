//! Households: the users who share a meal plan and a shopping list, in either kind of database.
//!
//! A user gets a household of their own with the first entry or item. Others join with a secret that a member hands over.

use accounts::TokenDigest;
use ids::{HouseholdId, UserId};
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// Members of one household at most.
pub const MAX_HOUSEHOLD_MEMBERS: u32 = 20;

/// The household of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Household {
    /// In the order in which they joined. Empty for a user without a household.
    pub members: Vec<HouseholdMember>,
    /// Until when one more user can join.
    pub invitation_expires_at: Option<Timestamp>,
    /// Whether the user has a calendar feed.
    pub has_feed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdMember {
    pub user: UserId,
    pub name: String,
    pub joined_at: Timestamp,
}

/// A secret with which one user joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseholdInvitation {
    pub digest: TokenDigest,
    pub expires_at: Timestamp,
    /// The id of the household if the user has none yet.
    pub new: HouseholdId,
}

/// The address of a calendar feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanFeed {
    pub digest: TokenDigest,
    /// The id of the household if the user has none yet.
    pub new: HouseholdId,
}

/// What became of a wish to join a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    Done,
    /// The secret is unknown, was used, or has expired.
    NoSuchInvitation,
    /// The household has [`MAX_HOUSEHOLD_MEMBERS`].
    Full,
}

/// Households.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them. [`StoreError::ActorRevoked`] for changes if the actor is no
/// user, or the user's rights were revoked meanwhile.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    pub async fn household(&self, user: UserId, now: Timestamp) -> Result<Household, StoreError> {
        match self {
            Self::Sqlite(db) => db.household(user, now).await,
            Self::Postgres(db) => db.household(user, now).await,
        }
    }

    /// Replaces the invitation of the actor's household.
    pub async fn invite_to_household(
        &self,
        invitation: HouseholdInvitation,
        context: Context,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.invite_to_household(invitation, context).await,
            Self::Postgres(db) => db.invite_to_household(invitation, context).await,
        }
    }

    /// Moves the actor to the household of an invitation, which cannot be used again. The plan and the list of a user who was
    /// alone before move, too.
    pub async fn join_household(&self, digest: TokenDigest, context: Context) -> Result<Joined, StoreError> {
        match self {
            Self::Sqlite(db) => db.join_household(digest, context).await,
            Self::Postgres(db) => db.join_household(digest, context).await,
        }
    }

    /// Removes the actor from their household. Plan and list stay with the others; with the last member they are deleted.
    pub async fn leave_household(&self, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.leave_household(context).await,
            Self::Postgres(db) => db.leave_household(context).await,
        }
    }

    /// Replaces the address of the actor's calendar feed.
    pub async fn set_plan_feed(&self, feed: PlanFeed, context: Context) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.set_plan_feed(feed, context).await,
            Self::Postgres(db) => db.set_plan_feed(feed, context).await,
        }
    }

    /// Says whether there was a feed.
    pub async fn revoke_plan_feed(&self, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.revoke_plan_feed(context).await,
            Self::Postgres(db) => db.revoke_plan_feed(context).await,
        }
    }

    /// The user whose feed has this address, unless the user is disabled.
    pub async fn user_of_plan_feed(&self, digest: TokenDigest) -> Result<Option<UserId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.user_of_plan_feed(digest),
            Self::Postgres(db) => db.user_of_plan_feed(digest).await,
        }
    }
}
