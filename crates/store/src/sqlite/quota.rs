//! What users have, and whether a write stays within their quotas.
//!
//! Both are read in the transaction of the write, so quotas hold for writes at the same time and of several processes.

use ids::{RecipeId, UserId};
use rusqlite::{Connection, params};

use super::{Sqlite, execute, find};
use crate::StoreError;
use crate::cache::Lookup;
use ::recipes::{Quota, Quotas, Usage};

impl Sqlite {
    pub fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        match self.0.usages.get(owner) {
            Lookup::Hit(usage) => Ok(usage),
            Lookup::Miss(slot) => {
                let usage = self.read(|db| usage(db, owner))?;
                slot.fill(usage);
                Ok(usage)
            }
        }
    }
}

/// Counts a new recipe of this owner, unless that would exceed the quotas. In one statement, because creating a recipe is the
/// most frequent write; a trigger would make SQLite keep a journal for it.
pub(super) fn count_new(
    db: &Connection,
    owner: Option<UserId>,
    text: &str,
    quotas: Quotas,
) -> Result<(), StoreError> {
    let Some(owner) = owner else { return Ok(()) };
    let limit =
        |Quota(limit): Quota| limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let is_counted = quotas.allow(Usage::default(), Usage { recipes: 1, bytes: text.len() as u64 })
        && execute(
            db,
            "INSERT INTO usages (user_id, recipes, bytes) VALUES (?1, 1, ?2)
             ON CONFLICT (user_id) DO UPDATE SET recipes = recipes + 1, bytes = bytes + excluded.bytes
             WHERE recipes < ?3 AND bytes <= ?4 - excluded.bytes",
            params![owner.get(), length(text), limit(quotas.recipes), limit(quotas.bytes)],
        )? == 1;
    if is_counted { Ok(()) } else { Err(StoreError::QuotaExceeded { usage: usage(db, owner)?, quotas }) }
}

/// Undoes [`count_new`] after the recipe could not be inserted.
pub(super) fn uncount_new(db: &Connection, owner: Option<UserId>, text: &str) -> Result<(), StoreError> {
    let sql = "UPDATE usages SET recipes = recipes - 1, bytes = bytes - ?2 WHERE user_id = ?1";
    owner.map_or(Ok(()), |owner| execute(db, sql, params![owner.get(), length(text)]).map(drop))
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// Before the document of a recipe becomes this text.
pub(super) fn check_replacement(
    db: &Connection,
    id: RecipeId,
    text: &str,
    quotas: Quotas,
) -> Result<(), StoreError> {
    let sql = "SELECT owner_id, octet_length(document) FROM recipes WHERE id = ?1";
    let before =
        find(db, sql, [id.get()], |columns| Ok((columns.optional_user_id()?, columns.get::<i64>()?)))?;
    let Some((Some(owner), length)) = before else { return Ok(()) };
    let growth = (text.len() as u64).saturating_sub(length.unsigned_abs());
    check(db, owner, Usage { recipes: 0, bytes: growth }, quotas)
}

pub(super) fn check(db: &Connection, owner: UserId, more: Usage, quotas: Quotas) -> Result<(), StoreError> {
    if quotas == Quotas::OFF {
        return Ok(());
    }
    let usage = usage(db, owner)?;
    if quotas.allow(usage, more) { Ok(()) } else { Err(StoreError::QuotaExceeded { usage, quotas }) }
}

/// A user who never had a recipe has no row.
fn usage(db: &Connection, owner: UserId) -> Result<Usage, StoreError> {
    let sql = "SELECT recipes, bytes FROM usages WHERE user_id = ?1";
    let usage = find(db, sql, [owner.get()], |columns| {
        let (recipes, bytes) = (columns.get::<i64>()?, columns.get::<i64>()?);
        Ok(Usage { recipes: recipes.unsigned_abs(), bytes: bytes.unsigned_abs() })
    });
    Ok(usage?.unwrap_or_default())
}
