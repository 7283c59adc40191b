//! Meal plans and shopping lists, and the households that share them.
//!
//! A household has one plan and one list. A user gets a household of their own with the first entry, and others join it with a
//! secret that a member hands over: members of a family share everything, strangers on a public service share nothing.

pub mod calendar;
mod error;
mod household;
mod shopping;

pub use self::error::PlanError;
pub use self::household::{CreatedFeed, CreatedInvitation};
pub use self::shopping::{AddToList, Added};
pub use store::{ChangeShoppingItem, Household, MAX_PLAN_ENTRIES_OF_DAY, ShoppingItem};

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use accounts::{Role, audit::Actor};
use ids::{HouseholdId, PlanEntryId, RecipeId, UserId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use recipes::FieldError;
use recipes::amounts::Ratio;
use serde::Deserialize;
use store::{Context, NewPlanEntries, PlanEntry, Planned, Store, Viewer};

use super::Dependencies;
use super::recipes::Recipes;
use super::repeats::Once;
use crate::clock::Clock;
use crate::entropy::Entropy;

/// Plans reach this many days into the future, and as far into the past.
pub const PLANNED_DAYS: i32 = 366;

/// The use cases of meal plans and shopping lists.
pub struct Planning {
    store: Store,
    recipes: Arc<Recipes>,
    clock: Clock,
    entropy: Entropy,
}

/// What a user wants to eat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMeal {
    pub recipe: Option<RecipeId>,
    pub servings: Option<Servings>,
    pub note: Option<String>,
}

/// A number of servings with at most three decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servings(String);

impl Servings {
    pub const MAX: u64 = 1_000;

    /// Parses a decimal number above 0.
    pub fn parse(text: &str) -> Option<Self> {
        let value =
            Ratio::parse(text).filter(|value| !value.is_zero() && *value <= Ratio::whole(Self::MAX))?;
        let (digits, places) = value.to_decimal(3)?;
        let digits = format!("{digits:0>width$}", width = places as usize + 1);
        let (whole, decimals) = digits.split_at(digits.len() - places as usize);
        Some(Self(if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn ratio(&self) -> Option<Ratio> {
        Ratio::parse(&self.0)
    }
}

/// The meals of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDay {
    pub date: Date,
    pub meals: Vec<NewMeal>,
}

/// A meal of a plan, as a viewer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meal {
    pub id: PlanEntryId,
    pub date: Date,
    pub recipe: MealRecipe,
    pub servings: Option<String>,
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MealRecipe {
    /// The meal is only a note.
    None,
    Readable {
        id: RecipeId,
        name: String,
    },
    /// It is in the bin. Until then the viewer could read it.
    Binned {
        id: RecipeId,
        name: String,
    },
    /// The viewer may not read it.
    Hidden(RecipeId),
    Deleted,
}

/// Some days of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    pub first: Date,
    pub last: Date,
}

impl Planning {
    pub fn new(with: &Dependencies, recipes: Arc<Recipes>) -> Self {
        let (clock, entropy) = (with.clock.clone(), with.entropy.clone());
        Self { store: with.store.clone(), recipes, clock, entropy }
    }

    /// Today, in UTC.
    pub fn today(&self) -> Date {
        TimeZone::UTC.to_datetime(self.clock.now()).date()
    }

    /// The week that begins today, or the stated days.
    ///
    /// # Errors
    /// The reason, for the client.
    pub fn days(&self, first: Option<Date>, last: Option<Date>) -> Result<Days, String> {
        let first = first.unwrap_or_else(|| self.today());
        let last = last.unwrap_or_else(|| first.saturating_add(6.days()));
        if last < first {
            return Err("to must not be before from".to_owned());
        }
        if (last - first).get_days() > PLANNED_DAYS {
            return Err(format!("from and to can be at most {PLANNED_DAYS} days apart"));
        }
        Ok(Days { first, last })
    }

    /// The plan of the user's household.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn plan(&self, user: UserId, viewer: Viewer, days: Days) -> Result<Vec<Meal>, PlanError> {
        let entries = self.store.plan(user, days.first, days.last).await?;
        let mut ids: Vec<_> = entries.iter().filter_map(|entry| entry.recipe).collect();
        ids.sort_unstable();
        ids.dedup();
        let names = self.names(ids, viewer).await?;
        let meal = |PlanEntry { id, day, recipe, servings, note, binned_name }| {
            let recipe = match recipe {
                Some(id) => match (names.get(&id), binned_name) {
                    (Some(name), _) => MealRecipe::Readable { id, name: name.clone() },
                    (None, Some(name)) => MealRecipe::Binned { id, name },
                    (None, None) => MealRecipe::Hidden(id),
                },
                // Servings are those of a recipe.
                None if note.is_none() || servings.is_some() => MealRecipe::Deleted,
                None => MealRecipe::None,
            };
            Meal { id, date: day, recipe, servings, note }
        };
        Ok(entries.into_iter().map(meal).collect())
    }

    /// All entries of the plan, for an export.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn whole_plan(&self, user: UserId) -> Result<Vec<PlanEntry>, PlanError> {
        Ok(self.store.plan(user, Date::ZERO, Date::MAX).await?)
    }

    /// The names of the recipes that the viewer may read.
    async fn names(
        &self,
        ids: Vec<RecipeId>,
        viewer: Viewer,
    ) -> Result<HashMap<RecipeId, String>, PlanError> {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            name: Cow<'a, str>,
        }
        let (mut names, mut rest) = (HashMap::new(), ids.as_slice());
        while !rest.is_empty() {
            let (page, looked_up) = self.recipes.read_all(rest, viewer).await?;
            for (id, json) in page.iter() {
                let recipe: Named<'_> = serde_json::from_slice(json).map_err(PlanError::Corrupt)?;
                names.insert(id, recipe.name.into_owned());
            }
            rest = rest.get(looked_up.max(1)..).unwrap_or_default();
        }
        Ok(names)
    }

    /// Replaces these days of the plan. Other days stay as they are.
    ///
    /// # Errors
    /// [`PlanError::Invalid`], [`PlanError::TooManyMeals`], [`PlanError::ActorRevoked`].
    pub async fn replace(&self, days: Vec<NewDay>, actor: Actor) -> Result<(), PlanError> {
        let mut entries = Vec::new();
        for (index, day) in days.iter().enumerate() {
            self.check_date(day.date, &format!("/days/{index}/date"))?;
            entries.extend(day.meals.iter().map(|meal| self.entry(day.date, meal)));
        }
        let pointer = |recipe| {
            let of_day = |(index, day): (usize, &NewDay)| {
                let place = day.meals.iter().position(|meal| meal.recipe == Some(recipe))?;
                Some(format!("/days/{index}/meals/{place}/recipeId"))
            };
            days.iter().enumerate().find_map(of_day).unwrap_or_default()
        };
        let replaced = days.iter().map(|day| day.date).collect();
        self.write(&self.store, (replaced, entries), actor, pointer).await
    }

    /// Adds a meal behind the others of the day.
    ///
    /// # Errors
    /// As [`replace`](Self::replace).
    pub async fn add(
        &self,
        date: Date,
        meal: NewMeal,
        actor: Actor,
        once: Option<Once<PlanEntryId>>,
    ) -> Result<PlanEntryId, PlanError> {
        self.check_date(date, "/date")?;
        let entry = self.entry(date, &meal);
        let id = entry.id;
        let store = Once::store(once, &self.store, move |planned: &Planned| {
            (*planned == Planned::Done).then_some(id)
        });
        self.write(&store, (Vec::new(), vec![entry]), actor, |_| "/recipeId".to_owned()).await?;
        Ok(id)
    }

    /// Removes a meal.
    ///
    /// # Errors
    /// [`PlanError::NoSuchMeal`], [`PlanError::ActorRevoked`].
    pub async fn remove(&self, id: PlanEntryId, actor: Actor) -> Result<(), PlanError> {
        let removed = self.store.remove_from_plan(id, self.context(actor)).await?;
        if removed { Ok(()) } else { Err(PlanError::NoSuchMeal) }
    }

    async fn write(
        &self,
        store: &Store,
        (replaced, entries): (Vec<Date>, Vec<PlanEntry>),
        actor: Actor,
        pointer: impl FnOnce(RecipeId) -> String,
    ) -> Result<(), PlanError> {
        let oldest = self.today().saturating_sub(PLANNED_DAYS.days());
        let new = NewPlanEntries { entries, oldest, new: self.new_household() };
        match store.add_to_plan(replaced, new, self.context(actor)).await? {
            Planned::Done => Ok(()),
            Planned::NoSuchRecipe(recipe) => Err(no_such_recipe(pointer(recipe))),
            Planned::TooMany => Err(PlanError::TooManyMeals),
        }
    }

    fn entry(&self, day: Date, meal: &NewMeal) -> PlanEntry {
        let NewMeal { recipe, servings, note } = meal.clone();
        let id = PlanEntryId::new(self.clock.now(), self.entropy.bytes());
        let servings = servings.map(|servings| servings.0);
        PlanEntry { id, day, recipe, servings, note, binned_name: None }
    }

    fn check_date(&self, date: Date, pointer: &str) -> Result<(), PlanError> {
        let today = self.today();
        let (first, last) =
            (today.saturating_sub(PLANNED_DAYS.days()), today.saturating_add(PLANNED_DAYS.days()));
        if (first..=last).contains(&date) {
            return Ok(());
        }
        let message = format!("must be from {first} to {last}");
        Err(PlanError::Invalid(vec![FieldError { pointer: pointer.to_owned(), message }]))
    }

    fn new_household(&self) -> HouseholdId {
        HouseholdId::new(self.clock.now(), self.entropy.bytes())
    }

    fn context(&self, actor: Actor) -> Context {
        Context { actor, now: self.clock.now() }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the actor may read. API tokens never have the rights of an administrator.
    async fn viewer(&self, actor: Actor) -> Result<Viewer, PlanError> {
        let id = actor.user.ok_or(PlanError::ActorRevoked)?;
        let user = self.store.user(id).await?.ok_or(PlanError::ActorRevoked)?;
        let is_admin = user.role == Role::Admin && actor.session.is_some();
        Ok(if is_admin { Viewer::Admin } else { Viewer::User(id) })
    }
}

fn no_such_recipe(pointer: String) -> PlanError {
    let message = "is not a recipe that you can read".to_owned();
    PlanError::Invalid(vec![FieldError { pointer, message }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servings_are_decimal_numbers_in_one_spelling() {
        for (text, servings) in [
            ("4", Some("4")),
            ("4.0", Some("4")),
            ("2.50", Some("2.5")),
            ("0.125", Some("0.125")),
            ("1000", Some("1000")),
            ("3/2", Some("1.5")),
            ("1/3", None),
            ("0", None),
            ("1001", None),
            ("-1", None),
            ("x", None),
        ] {
            assert_eq!(Servings::parse(text).as_ref().map(Servings::as_str), servings, "{text}");
        }
    }
}
