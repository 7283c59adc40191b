//! Keys of requests, in SQLite's dialect.

use std::sync::Arc;

use accounts::Authority;
use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::authority::require_writer;
use super::favourites::user;
use super::recipe_row::RecipeRow;
use super::{Sqlite, columns, execute, find};
use crate::idempotency::{
    IdempotencyKey, NO_RECIPE, NewAnswer, Once, OnceWrite, Remembered, TRIMMED, forgotten,
};
use crate::{Context, NewRecipe, StoreError, StoredRecipe};
use ::recipes::Quotas;
use ::recipes::time::to_microseconds;

impl Sqlite {
    pub(crate) fn once(&self, write: OnceWrite) -> Self {
        Self(Arc::clone(&self.0), Some(Arc::new(write)))
    }

    pub(crate) fn remembered(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        self.read(|db| remembered(db, user, key, now))
    }

    pub(crate) async fn create_recipe_once(
        &self,
        new: NewRecipe,
        key: IdempotencyKey,
        context: Context,
    ) -> Result<Once<StoredRecipe>, StoreError> {
        let now = to_microseconds(context.now);
        let quotas = new.quotas;
        let row = RecipeRow::new(new, now);
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            require_writer(authority)?;
            if let Some(remembered) = remembered(db, user, &key, now)? {
                return remembered.replay(&key);
            }
            row.insert(db, if authority.is_admin() { Quotas::OFF } else { quotas })?;
            let recipe = row.stored(columns::recipe_id(db.last_insert_rowid())?);
            let text = std::str::from_utf8(&recipe.text).map_err(|why| StoreError::Bug(why.to_string()))?;
            let answer = NewAnswer { at: recipe.updated_at, recipe: recipe.id.get(), text };
            remember(db, user, &key, &answer)?;
            Ok(Once::Created(recipe))
        })
        .await
    }

    pub(crate) async fn trim_idempotency_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        let until = forgotten(now).as_microsecond();
        let sql = "DELETE FROM idempotency_keys WHERE rowid IN
                   (SELECT rowid FROM idempotency_keys WHERE created_at <= ?1 ORDER BY created_at LIMIT ?2)";
        let is_any = "SELECT 1 FROM idempotency_keys WHERE created_at <= ?1";
        if !self.read(|db| Ok(super::cached(db, is_any)?.exists([until])?))? {
            return Ok(0);
        }
        self.write(move |db| execute(db, sql, params![until, TRIMMED])).await
    }
}

/// Does a write, unless it was done before, and remembers its answer.
pub(super) fn once<T: 'static>(
    db: &Connection,
    authority: Authority,
    write: &OnceWrite,
    now: Timestamp,
    work: impl FnOnce(&Connection, Authority) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let user = user(authority)?;
    if let Some(remembered) = remembered(db, user, &write.key, now)? {
        return Err(write.replay(remembered));
    }
    let done = work(db, authority)?;
    if let Some(text) = write.answer(&done)? {
        let answer = NewAnswer { at: to_microseconds(now), recipe: NO_RECIPE, text: &text };
        remember(db, user, &write.key, &answer)?;
    }
    Ok(done)
}

fn remembered(
    db: &Connection,
    user: UserId,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Result<Option<Remembered>, StoreError> {
    let sql = "SELECT fingerprint, created_at, recipe_id, document FROM idempotency_keys
               WHERE user_id = ?1 AND digest = ?2 AND created_at > ?3";
    find(db, sql, params![user.get(), key.digest, forgotten(now).as_microsecond()], |columns| {
        Ok(Remembered {
            fingerprint: columns.get()?,
            at: columns.time()?,
            recipe: columns.get()?,
            text: columns.bytes_of_text()?.to_owned(),
        })
    })
}

fn remember(
    db: &Connection,
    user: UserId,
    key: &IdempotencyKey,
    answer: &NewAnswer<'_>,
) -> Result<(), StoreError> {
    // A forgotten key may not have been deleted yet.
    let sql = "INSERT OR REPLACE INTO idempotency_keys (user_id, digest, fingerprint, created_at, recipe_id, document)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let NewAnswer { at, recipe, text } = answer;
    let row = params![user.get(), key.digest, key.fingerprint, at.as_microsecond(), recipe, text];
    execute(db, sql, row).map(drop)
}
