//! Keys of requests, in PostgreSQL's dialect.

use std::collections::BTreeSet;
use std::sync::Arc;

use accounts::Authority;
use ids::UserId;
use jiff::Timestamp;

use super::authority::require_writer;
use super::columns::Columns;
use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::favourites::user;
use super::recipe_row::{RecipeColumns, RecipeRow, id_and_uid_in, insert_recipes};
use super::{Postgres, at, authority, quota};
use crate::idempotency::{
    IdempotencyKey, NO_RECIPE, NewAnswer, Once, OnceWrite, Remembered, TRIMMED, forgotten,
};
use crate::{Context, NewRecipe, StoreError, StoredRecipe};
use ::recipes::time::to_microseconds;
use ::recipes::{Quotas, Usage};

impl Postgres {
    pub(crate) fn once(&self, write: OnceWrite) -> Self {
        Self(Arc::clone(&self.0), Some(Arc::new(write)))
    }

    pub(crate) async fn remembered(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Remembered>, StoreError> {
        self.read(move |db| async move { remembered(&db, user, key, now).await }).await
    }

    /// READ COMMITTED: requests with one key take turns by an advisory lock, and each sees what the former has committed. For
    /// rights and quotas see `writer.rs`.
    pub(crate) async fn create_recipe_once(
        &self,
        new: NewRecipe,
        key: IdempotencyKey,
        context: Context,
    ) -> Result<Once<StoredRecipe>, StoreError> {
        let now = to_microseconds(context.now);
        let quotas = new.quotas;
        let row = RecipeRow::new(new, now);
        let (row, key, context) = (&row, &key, &context);
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            lock(&db, key).await?;
            let authority = authority::current(&db, context).await?;
            let user = user(authority)?;
            require_writer(authority)?;
            if let Some(remembered) = remembered(&db, user, key, now).await? {
                return Ok(remembered.replay(key)?);
            }
            if !authority.is_admin() {
                check(&db, row, quotas).await?;
            }
            let ids = db
                .list(
                    insert_recipes!("RETURNING id, uid"),
                    &RecipeColumns::of(&[row]).params(),
                    id_and_uid_in,
                )
                .await?;
            let (_, id) =
                ids.first().ok_or_else(|| StoreError::Bug("an INSERT returned no id".to_owned()))?;
            let recipe = row.clone().stored(*id);
            let text = std::str::from_utf8(&recipe.text).map_err(|why| StoreError::Bug(why.to_string()))?;
            let answer = NewAnswer { at: recipe.updated_at, recipe: recipe.id.get(), text };
            remember(&db, user, key, answer).await?;
            Ok(Once::Created(recipe))
        })
        .await
    }

    pub(crate) async fn trim_idempotency_keys(&self, now: Timestamp) -> Result<usize, StoreError> {
        let until = at(forgotten(now));
        // Each statement is a transaction of its own.
        let sql = "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY (
                       SELECT ctid FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2
                       FOR UPDATE SKIP LOCKED))";
        let gone = self.read_at_length(move |db| async move { db.execute(sql, &[&until, &TRIMMED]).await });
        Ok(usize::try_from(gone.await?).unwrap_or(usize::MAX))
    }
}

/// Does a write, unless it was done before, and remembers its answer. In a serializable transaction: of two with one key, the
/// second one to commit fails and is tried again.
pub(super) async fn once<T: 'static, F: Future<Output = Result<T, Failure>>>(
    db: Db,
    authority: Authority,
    write: &OnceWrite,
    now: Timestamp,
    work: impl FnOnce(Db, Authority) -> F,
) -> Result<T, Failure> {
    let user = user(authority)?;
    if let Some(remembered) = remembered(&db, user, &write.key, now).await? {
        return Err(write.replay(remembered).into());
    }
    let done = work(db.clone(), authority).await?;
    if let Some(text) = write.answer(&done)? {
        let answer = NewAnswer { at: to_microseconds(now), recipe: NO_RECIPE, text: &text };
        remember(&db, user, &write.key, answer).await?;
    }
    Ok(done)
}

/// Until the end of the transaction, other requests with the key wait. Other keys with the same number only wait, too.
async fn lock(db: &Db, key: &IdempotencyKey) -> Result<(), Failure> {
    let number = i64::from_be_bytes(key.digest.first_chunk().copied().unwrap_or_default());
    db.rows("SELECT pg_advisory_xact_lock($1)", &[&number]).await.map(drop)
}

async fn check(db: &Db, row: &RecipeRow, quotas: Quotas) -> Result<(), Failure> {
    let Some(owner) = row.fields.owner else { return Ok(()) };
    let usage = quota::lock(db, &BTreeSet::from([owner])).await?.remove(&owner).unwrap_or_default();
    let more = Usage { recipes: 1, bytes: row.text.len() as u64 };
    if quotas.allow(usage, more) { Ok(()) } else { Err(StoreError::QuotaExceeded { usage, quotas }.into()) }
}

async fn remembered(
    db: &Db,
    user: UserId,
    key: &IdempotencyKey,
    now: Timestamp,
) -> Result<Option<Remembered>, Failure> {
    let sql = "SELECT fingerprint, created_at, recipe_id, document FROM idempotency_keys
               WHERE user_id = $1 AND digest = $2 AND created_at > $3";
    let read = |columns: &mut Columns<'_>| {
        Ok(Remembered {
            fingerprint: columns.bytes()?,
            at: columns.time()?,
            recipe: columns.get()?,
            text: columns.text()?.as_bytes().to_owned(),
        })
    };
    db.find(sql, &[&user.get(), &key.digest.as_slice(), &at(forgotten(now))], read).await
}

async fn remember(db: &Db, user: UserId, key: &IdempotencyKey, answer: NewAnswer<'_>) -> Result<(), Failure> {
    // A forgotten key may not have been deleted yet.
    let sql = "INSERT INTO idempotency_keys (user_id, digest, fingerprint, created_at, recipe_id, document)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (user_id, digest) DO UPDATE SET fingerprint = excluded.fingerprint,
                   created_at = excluded.created_at, recipe_id = excluded.recipe_id, document = excluded.document";
    let NewAnswer { at: time, recipe, text } = answer;
    let (digest, fingerprint) = (key.digest.as_slice(), key.fingerprint.as_slice());
    db.execute(sql, &[&user.get(), &digest, &fingerprint, &at(time), &recipe, &text]).await.map(drop)
}
