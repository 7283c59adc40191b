//! Meal plans, in SQLite's dialect.

use ids::{PlanEntryId, UserId};
use jiff::civil::Date;
use rusqlite::{Connection, params};

use super::favourites::user;
use super::households::{of, of_or_new};
use super::recipe_state::may_view;
use super::{Sqlite, cached, columns, execute, find_value, list};
use crate::{
    Context, MAX_PLAN_ENTRIES, MAX_PLAN_ENTRIES_OF_DAY, NewPlanEntries, PlanEntry, Planned, ReplacedDays,
    StoreError,
};
use ids::{HouseholdId, RecipeId};

impl Sqlite {
    pub async fn plan(&self, user: UserId, first: Date, last: Date) -> Result<Vec<PlanEntry>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT entry.id, day, coalesce(entry.recipe_id, binned.recipe_id), servings, note,
                              CASE WHEN private = 0 OR members = 1 OR owner_id = ?1 THEN name END
                       FROM plan_entries AS entry
                       LEFT JOIN binned_plan_entries AS binned ON binned.id = entry.id
                       LEFT JOIN bin ON bin.id = binned.recipe_id
                       WHERE household_id = (SELECT household_id FROM household_members WHERE user_id = ?1)
                         AND day BETWEEN ?2 AND ?3 ORDER BY day, position, entry.id";
            list(db, sql, params![user.get(), first.to_string(), last.to_string()], |columns| {
                let id = PlanEntryId::from_bytes(columns.get()?);
                let day = columns.text()?;
                let day = day.parse().map_err(|_| StoreError::Corrupt(format!("the date {day}")))?;
                let recipe = columns.get::<Option<i64>>()?.map(columns::recipe_id).transpose()?;
                let (servings, note, binned_name) = (columns.get()?, columns.get()?, columns.get()?);
                Ok(PlanEntry { id, day, recipe, servings, note, binned_name })
            })
        })
        .await
    }

    pub async fn add_to_plan(
        &self,
        replaced: ReplacedDays,
        new: NewPlanEntries,
        context: Context,
    ) -> Result<Planned, StoreError> {
        self.write_for(context, move |db, authority| {
            let NewPlanEntries { entries, oldest, new } = new;
            let user = user(authority)?;
            let id = of(db, user)?.unwrap_or(new);
            for recipe in entries.iter().filter_map(|entry| entry.recipe) {
                if !is_planned(db, id, recipe)? && !may_view(db, recipe, authority)? {
                    return Ok(Planned::NoSuchRecipe(recipe));
                }
            }
            // Before anything is changed: what this returns is committed.
            if !fits(db, id, &replaced, &entries)? {
                return Ok(Planned::TooMany);
            }
            of_or_new(db, user, new, &context)?;
            let sql = "DELETE FROM plan_entries WHERE household_id = ?1 AND day < ?2";
            execute(db, sql, params![id.as_bytes(), oldest.to_string()])?;
            for day in replaced {
                let sql = "DELETE FROM plan_entries WHERE household_id = ?1 AND day = ?2";
                execute(db, sql, params![id.as_bytes(), day.to_string()])?;
            }
            for PlanEntry { id: entry, day, recipe, servings, note, .. } in entries {
                let sql =
                    "INSERT INTO plan_entries (id, household_id, day, position, recipe_id, servings, note)
                           SELECT ?1, ?2, ?3, coalesce(max(position), 0) + 1, (SELECT id FROM recipes WHERE id = ?4),
                                  ?5, ?6
                           FROM plan_entries WHERE household_id = ?2 AND day = ?3";
                let (household, recipe) = (id.as_bytes(), recipe.map(RecipeId::get));
                let row = params![entry.as_bytes(), household, day.to_string(), recipe, servings, note];
                execute(db, sql, row)?;
                let sql = "INSERT INTO binned_plan_entries (id, recipe_id) SELECT ?1, id FROM bin WHERE id = ?2";
                execute(db, sql, params![entry.as_bytes(), recipe])?;
            }
            Ok(Planned::Done)
        })
        .await
    }

    pub async fn remove_from_plan(&self, id: PlanEntryId, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            let Some(household) = of(db, user(authority)?)? else { return Ok(false) };
            let sql = "DELETE FROM plan_entries WHERE id = ?1 AND household_id = ?2";
            Ok(execute(db, sql, params![id.as_bytes(), household.as_bytes()])? == 1)
        })
        .await
    }
}

/// Also while the recipe is in the bin: it stays in the plan.
fn is_planned(db: &Connection, id: HouseholdId, recipe: RecipeId) -> Result<bool, StoreError> {
    let sql =
        "SELECT 1 FROM plan_entries LEFT JOIN binned_plan_entries AS binned ON binned.id = plan_entries.id
               WHERE household_id = ?1 AND (plan_entries.recipe_id = ?2 OR binned.recipe_id = ?2)";
    Ok(cached(db, sql)?.exists(params![id.as_bytes(), recipe.get()])?)
}

/// Whether the new entries and those that stay are within the limits.
fn fits(
    db: &Connection,
    id: HouseholdId,
    replaced: &[Date],
    entries: &[PlanEntry],
) -> Result<bool, StoreError> {
    let of_day = |day: Date| -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM plan_entries WHERE household_id = ?1 AND day = ?2";
        Ok(find_value(db, sql, params![id.as_bytes(), day.to_string()])?.unwrap_or(0))
    };
    let sql = "SELECT count(*) FROM plan_entries WHERE household_id = ?1";
    let all: u32 = find_value(db, sql, [id.as_bytes()])?.unwrap_or(0);
    let mut removed = 0_u32;
    for day in replaced {
        removed = removed.saturating_add(of_day(*day)?);
    }
    for entry in entries {
        let new = entries.iter().filter(|other| other.day == entry.day).count();
        let kept = if replaced.contains(&entry.day) { 0 } else { of_day(entry.day)? };
        if u32::try_from(new).unwrap_or(u32::MAX).saturating_add(kept) > MAX_PLAN_ENTRIES_OF_DAY {
            return Ok(false);
        }
    }
    let new = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    Ok(all.saturating_sub(removed).saturating_add(new) <= MAX_PLAN_ENTRIES)
}
