//! What users have, and whether a write stays within their quotas.
//!
//! Both are read in the serializable transaction of the write, so quotas hold for writes at the same time and of several
//! processes.

use ids::{RecipeId, UserId};

use super::Postgres;
use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use crate::StoreError;
use ::recipes::{Quotas, Usage};

impl Postgres {
    pub async fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        self.read(move |db| async move { usage(&db, owner).await }).await
    }
}

/// Before a recipe of this owner is inserted.
pub(super) async fn check_new(
    db: &Db,
    owner: Option<UserId>,
    text: &str,
    quotas: Quotas,
) -> Result<(), Failure> {
    let Some(owner) = owner else { return Ok(()) };
    check(db, owner, Usage { recipes: 1, bytes: text.len() as u64 }, quotas).await
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

async fn check(db: &Db, owner: UserId, more: Usage, quotas: Quotas) -> Result<(), Failure> {
    if quotas == Quotas::OFF {
        return Ok(());
    }
    let usage = usage(db, owner).await?;
    if quotas.allow(usage, more) { Ok(()) } else { Err(StoreError::QuotaExceeded { usage, quotas }.into()) }
}

/// A user who never had a recipe has no row.
async fn usage(db: &Db, owner: UserId) -> Result<Usage, Failure> {
    let sql = "SELECT recipes, bytes FROM usages WHERE user_id = $1";
    let read = |columns: &mut Columns<'_>| {
        let (recipes, bytes) = (columns.get::<i64>()?, columns.get::<i64>()?);
        Ok(Usage { recipes: recipes.unsigned_abs(), bytes: bytes.unsigned_abs() })
    };
    Ok(db.find(sql, &[&owner.get()], read).await?.unwrap_or_default())
}
