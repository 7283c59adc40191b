//! What users have, and whether a write stays within their quotas.
//!
//! New recipes lock the usage of their owner. Other writes read it in their serializable transaction. So quotas hold for
//! writes at the same time and of several processes.

use std::collections::{BTreeSet, HashMap};

use ids::{RecipeId, UserId};

use super::Postgres;
use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use crate::{Lookup, StoreError};
use ::recipes::{Quotas, Usage};

impl Postgres {
    pub async fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        match self.0.usages.get(owner) {
            Lookup::Hit(usage) => Ok(usage),
            Lookup::Miss(slot) => {
                let usage = self.read(move |db| async move { usage(&db, owner).await }).await?;
                slot.fill(usage);
                Ok(usage)
            }
        }
    }
}

/// What these users have, locked until the end of the transaction.
pub(super) async fn lock(db: &Db, owners: &BTreeSet<UserId>) -> Result<HashMap<UserId, Usage>, Failure> {
    if owners.is_empty() {
        return Ok(HashMap::new());
    }
    // In one order, so that two writers cannot wait for each other.
    let sql =
        "SELECT user_id, recipes, bytes FROM usages WHERE user_id = ANY ($1) ORDER BY user_id FOR UPDATE";
    let owners: Vec<_> = owners.iter().map(|owner| owner.get()).collect();
    let read = |columns: &mut Columns<'_>| Ok((columns.user_id()?, usage_in(columns)?));
    Ok(db.list(sql, &[&owners], read).await?.into_iter().collect())
}

/// Before the document of a recipe becomes this text.
pub(super) async fn check_replacement(
    db: &Db,
    id: RecipeId,
    text: &str,
    quotas: Quotas,
) -> Result<(), Failure> {
    let sql = "SELECT owner_id, octet_length(document) FROM recipes WHERE id = $1";
    let before = db
        .find(sql, &[&id.get()], |columns| Ok((columns.optional_user_id()?, columns.get::<i32>()?)))
        .await?;
    let Some((Some(owner), length)) = before else { return Ok(()) };
    let growth = (text.len() as u64).saturating_sub(length.unsigned_abs().into());
    check(db, owner, Usage { recipes: 0, bytes: growth }, quotas).await
}

pub(super) async fn check(db: &Db, owner: UserId, more: Usage, quotas: Quotas) -> Result<(), Failure> {
    if quotas == Quotas::OFF {
        return Ok(());
    }
    let usage = usage(db, owner).await?;
    if quotas.allow(usage, more) { Ok(()) } else { Err(StoreError::QuotaExceeded { usage, quotas }.into()) }
}

pub(super) async fn usage(db: &Db, owner: UserId) -> Result<Usage, Failure> {
    let sql = "SELECT recipes, bytes FROM usages WHERE user_id = $1";
    Ok(db.find(sql, &[&owner.get()], usage_in).await?.unwrap_or_default())
}

fn usage_in(columns: &mut Columns<'_>) -> Result<Usage, StoreError> {
    let (recipes, bytes) = (columns.get::<i64>()?, columns.get::<i64>()?);
    Ok(Usage { recipes: recipes.unsigned_abs(), bytes: bytes.unsigned_abs() })
}
