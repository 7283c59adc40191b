//! What users have, and whether a write stays within their quotas.
//!
//! Both are read in the transaction of the write, so quotas hold for writes at the same time and of several processes.

use ids::{RecipeId, UserId};
use rusqlite::Connection;

use super::{Sqlite, find};
use crate::StoreError;
use ::recipes::{Quotas, Usage};

impl Sqlite {
    pub fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        self.read(|db| usage(db, owner))
    }
}

/// Before a recipe of this owner is inserted.
pub(super) fn check_new(
    db: &Connection,
    owner: Option<UserId>,
    text: &str,
    quotas: Quotas,
) -> Result<(), StoreError> {
    let Some(owner) = owner else { return Ok(()) };
    check(db, owner, Usage { recipes: 1, bytes: text.len() as u64 }, quotas)
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

fn check(db: &Connection, owner: UserId, more: Usage, quotas: Quotas) -> Result<(), StoreError> {
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
