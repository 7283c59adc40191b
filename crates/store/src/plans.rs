//! Meal plans, in either kind of database. A household has one.

use ids::{HouseholdId, PlanEntryId, RecipeId, UserId};
use jiff::civil::Date;

use crate::{Context, Store, StoreError};

/// Entries of one household at most.
pub const MAX_PLAN_ENTRIES: u32 = 2_000;

/// Entries of one day at most.
pub const MAX_PLAN_ENTRIES_OF_DAY: u32 = 20;

/// What a household wants to eat on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanEntry {
    pub id: PlanEntryId,
    pub day: Date,
    /// `None` with a note: an entry without a recipe. `None` without a note: the recipe was deleted for good.
    pub recipe: Option<RecipeId>,
    /// A whole number, a decimal number or a fraction.
    pub servings: Option<String>,
    pub note: Option<String>,
    /// The name of a recipe in the bin that the user could read before. Not read for new entries.
    pub binned_name: Option<String>,
}

/// Entries that are added, in their order within each day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlanEntries {
    pub entries: Vec<PlanEntry>,
    /// Entries before this day are deleted.
    pub oldest: Date,
    /// The id of the household if the user has none yet.
    pub new: HouseholdId,
}

/// Days whose former entries are removed first.
pub type ReplacedDays = Vec<Date>;

/// What became of new entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    Done,
    /// There is no such recipe that the user may read, nor is it in the plan already.
    NoSuchRecipe(RecipeId),
    /// The household would have more than [`MAX_PLAN_ENTRIES`], or a day more than [`MAX_PLAN_ENTRIES_OF_DAY`].
    TooMany,
}

/// Meal plans.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them. [`StoreError::ActorRevoked`] for changes if the actor is no
/// user, or the user's rights were revoked meanwhile.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The plan of the user's household from the first day to the last one.
    pub async fn plan(&self, user: UserId, first: Date, last: Date) -> Result<Vec<PlanEntry>, StoreError> {
        match self {
            Self::Sqlite(db) => db.plan(user, first, last).await,
            Self::Postgres(db) => db.plan(user, first, last).await,
        }
    }

    /// Adds entries to the plan of the actor's household, after the former entries of the `replaced` days are removed: all or
    /// nothing.
    pub async fn add_to_plan(
        &self,
        replaced: ReplacedDays,
        new: NewPlanEntries,
        context: Context,
    ) -> Result<Planned, StoreError> {
        match self {
            Self::Sqlite(db) => db.add_to_plan(replaced, new, context).await,
            Self::Postgres(db) => db.add_to_plan(replaced, new, context).await,
        }
    }

    /// Removes an entry of the actor's household. Says whether there was one.
    pub async fn remove_from_plan(&self, id: PlanEntryId, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.remove_from_plan(id, context).await,
            Self::Postgres(db) => db.remove_from_plan(id, context).await,
        }
    }
}
