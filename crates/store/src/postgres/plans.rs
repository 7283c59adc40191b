//! Meal plans, in PostgreSQL's dialect.

use ids::{HouseholdId, PlanEntryId, RecipeId, UserId};
use jiff::civil::Date;

use super::Postgres;
use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::favourites::user;
use super::households::{of, of_or_new};
use super::recipe_state::may_view;
use crate::{
    Context, MAX_PLAN_ENTRIES, MAX_PLAN_ENTRIES_OF_DAY, NewPlanEntries, PlanEntry, Planned, ReplacedDays,
    StoreError,
};

impl Postgres {
    pub async fn plan(&self, user: UserId, first: Date, last: Date) -> Result<Vec<PlanEntry>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT entry.id, day, coalesce(entry.recipe_id, binned.recipe_id), servings, note,
                              CASE WHEN NOT private OR members OR owner_id = $1 THEN name END
                       FROM plan_entries AS entry
                       LEFT JOIN binned_plan_entries AS binned ON binned.id = entry.id
                       LEFT JOIN bin ON bin.id = binned.recipe_id
                       WHERE household_id = (SELECT household_id FROM household_members WHERE user_id = $1)
                         AND day BETWEEN $2 AND $3 ORDER BY day, position, entry.id";
            db.list(sql, &[&user.get(), &first.to_string(), &last.to_string()], entry_in).await
        })
        .await
    }

    pub async fn add_to_plan(
        &self,
        replaced: ReplacedDays,
        new: NewPlanEntries,
        context: Context,
    ) -> Result<Planned, StoreError> {
        let (replaced, new, context) = (&replaced, &new, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            let NewPlanEntries { entries, oldest, new } = new;
            let user = user(authority)?;
            let id = of(&db, user).await?.unwrap_or(*new);
            for recipe in entries.iter().filter_map(|entry| entry.recipe) {
                if !is_planned(&db, id, recipe).await? && !may_view(&db, recipe, authority).await? {
                    return Ok(Planned::NoSuchRecipe(recipe));
                }
            }
            // Before anything is changed: what this returns is committed.
            if !fits(&db, id, replaced, entries).await? {
                return Ok(Planned::TooMany);
            }
            of_or_new(&db, user, *new, context).await?;
            let household = id.as_bytes().as_slice();
            let sql = "DELETE FROM plan_entries WHERE household_id = $1 AND day < $2";
            db.execute(sql, &[&household, &oldest.to_string()]).await?;
            for day in replaced {
                let sql = "DELETE FROM plan_entries WHERE household_id = $1 AND day = $2";
                db.execute(sql, &[&household, &day.to_string()]).await?;
            }
            for PlanEntry { id: entry, day, recipe, servings, note, .. } in entries {
                let sql =
                    "INSERT INTO plan_entries (id, household_id, day, position, recipe_id, servings, note)
                           SELECT $1, $2, $3, coalesce(max(position), 0) + 1, (SELECT id FROM recipes WHERE id = $4),
                                  $5, $6
                           FROM plan_entries WHERE household_id = $2 AND day = $3";
                let (entry, recipe) = (entry.as_bytes().as_slice(), recipe.map(RecipeId::get));
                db.execute(sql, &[&entry, &household, &day.to_string(), &recipe, servings, note]).await?;
                let sql = "INSERT INTO binned_plan_entries (id, recipe_id) SELECT $1, id FROM bin WHERE id = $2";
                db.execute(sql, &[&entry, &recipe]).await?;
            }
            Ok(Planned::Done)
        })
        .await
    }

    pub async fn remove_from_plan(&self, id: PlanEntryId, context: Context) -> Result<bool, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let Some(household) = of(&db, user(authority)?).await? else { return Ok(false) };
            let sql = "DELETE FROM plan_entries WHERE id = $1 AND household_id = $2";
            let keys = (id.as_bytes().as_slice(), household.as_bytes().as_slice());
            Ok(db.execute(sql, &[&keys.0, &keys.1]).await? == 1)
        })
        .await
    }
}

fn entry_in(columns: &mut Columns<'_>) -> Result<PlanEntry, StoreError> {
    let id = PlanEntryId::from_bytes(columns.bytes()?);
    let day = columns.text()?;
    let day = day.parse().map_err(|_| StoreError::Corrupt(format!("the date {day}")))?;
    let corrupt = |number| StoreError::Corrupt(format!("the recipe id {number}"));
    let recipe = columns.get::<Option<i64>>()?;
    let recipe =
        recipe.map(|number| RecipeId::from_i64(number).ok_or_else(|| corrupt(number))).transpose()?;
    let (servings, note, binned_name) = (columns.get()?, columns.get()?, columns.get()?);
    Ok(PlanEntry { id, day, recipe, servings, note, binned_name })
}

/// Also while the recipe is in the bin: it stays in the plan.
async fn is_planned(db: &Db, id: HouseholdId, recipe: RecipeId) -> Result<bool, Failure> {
    let sql =
        "SELECT 1 FROM plan_entries LEFT JOIN binned_plan_entries AS binned ON binned.id = plan_entries.id
               WHERE household_id = $1 AND (plan_entries.recipe_id = $2 OR binned.recipe_id = $2)";
    db.exists(sql, &[&id.as_bytes().as_slice(), &recipe.get()]).await
}

/// Whether the new entries and those that stay are within the limits.
async fn fits(db: &Db, id: HouseholdId, replaced: &[Date], entries: &[PlanEntry]) -> Result<bool, Failure> {
    let household = id.as_bytes().as_slice();
    let all = db.number("SELECT count(*) FROM plan_entries WHERE household_id = $1", &[&household]).await?;
    let mut removed = 0_i64;
    for day in replaced {
        removed = removed.saturating_add(of_day(db, id, *day).await?);
    }
    for entry in entries {
        let new = entries.iter().filter(|other| other.day == entry.day).count();
        let kept = if replaced.contains(&entry.day) { 0 } else { of_day(db, id, entry.day).await? };
        let count = i64::try_from(new).unwrap_or(i64::MAX).saturating_add(kept);
        if count > i64::from(MAX_PLAN_ENTRIES_OF_DAY) {
            return Ok(false);
        }
    }
    let new = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    Ok(all.saturating_sub(removed).saturating_add(new) <= i64::from(MAX_PLAN_ENTRIES))
}

async fn of_day(db: &Db, id: HouseholdId, day: Date) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM plan_entries WHERE household_id = $1 AND day = $2";
    db.number(sql, &[&id.as_bytes().as_slice(), &day.to_string()]).await
}
