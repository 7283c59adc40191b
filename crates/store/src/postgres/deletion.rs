//! Deletes accounts, in steps if they have many recipes. See the file of the same name for SQLite.

use accounts::audit::Event;
use accounts::{Access, Authority, Ending, PasswordHash, User, is_last_admin};
use ids::UserId;
use jiff::Timestamp;

use super::columns::user_id_in;
use super::connection::Db;
use super::failure::Failure;
use super::transfer::OwnedRecipe;
use super::user_row::by_id;
use super::{Postgres, audit, authority, ending, ratings};
use crate::{Administered, Context, StoreError};
use ::recipes::time::to_microseconds;

/// Recipes of one transaction.
const STEP: i64 = 100;

/// The rows of `meta` that note a deletion: this and the user's id.
const NOTE: &str = "deletion:";

impl Postgres {
    pub async fn delete_user(
        &self,
        id: UserId,
        password_hash: Option<&PasswordHash>,
        context: Context,
    ) -> Result<bool, StoreError> {
        let context = &context;
        self.write(move |db| async move {
            wait_for_new_recipes(&db).await?;
            let authority = authority::current(&db, context).await?;
            authority::require_right_to_change(authority, id)?;
            if !authority::has_password(&db, id, password_hash).await? {
                return Ok(false);
            }
            let Some(user) = by_id(&db, id).await? else { return Ok(false) };
            if !may_delete(&db, &user, authority).await? {
                return Err(StoreError::LastAdmin.into());
            }
            begin(&db, id, context).await?;
            Ok(true)
        })
        .await
    }

    pub async fn remove_user(&self, id: UserId, context: Context) -> Result<Administered, StoreError> {
        let context = &context;
        self.write(move |db| async move {
            wait_for_new_recipes(&db).await?;
            let authority = authority::current(&db, context).await?;
            authority::require_admin(authority)?;
            let Some(user) = by_id(&db, id).await? else { return Ok(Administered::NoSuchUser) };
            if !may_delete(&db, &user, authority).await? {
                return Ok(Administered::LastAdmin);
            }
            begin(&db, id, context).await?;
            Ok(Administered::Done(Box::new(user)))
        })
        .await
    }

    pub async fn continue_deletion(&self, now: Timestamp) -> Result<bool, StoreError> {
        if self.read(move |db| async move { noted(&db).await }).await?.is_none() {
            return Ok(false);
        }
        self.write(move |db| async move {
            let Some(id) = noted(&db).await? else { return Ok(false) };
            Ok(step(&db, id, now).await? || noted(&db).await?.is_some())
        })
        .await
    }
}

/// Lets the batches of new recipes that run end, and others begin after this transaction. Otherwise a user who creates
/// recipes all the time could not be deleted: each recipe would be one that the snapshot of this transaction does not have.
/// `LOCK` is the first statement because the snapshot is taken by the one after it.
async fn wait_for_new_recipes(db: &Db) -> Result<(), Failure> {
    db.batch("LOCK TABLE usages IN EXCLUSIVE MODE").await
}

/// The operator may delete the last administrator, and can make another one.
async fn may_delete(db: &Db, user: &User, authority: Authority) -> Result<bool, Failure> {
    let other_admins = authority::other_admins(db, user.id).await?;
    Ok(authority == Authority::Operator || !is_last_admin(user, other_admins))
}

/// The first step. It leaves an account that cannot be used if it has many recipes.
async fn begin(db: &Db, id: UserId, context: &Context) -> Result<(), Failure> {
    if step(db, id, context.now).await? {
        suspend(db, id, context).await?;
    }
    audit::record(db, Event::Deleted, Some(id), context).await
}

/// Ends every access, and notes the deletion.
async fn suspend(db: &Db, id: UserId, context: &Context) -> Result<(), Failure> {
    ending::end(db, id, Ending::access_change(Access::Disabled), context).await?;
    db.execute("UPDATE users SET disabled = true WHERE id = $1", &[&id.get()]).await?;
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    db.execute(sql, &[&note(id), &id.get().to_le_bytes().as_slice()]).await.map(drop)
}

fn note(id: UserId) -> String {
    format!("{NOTE}{}", id.get())
}

/// Releases some recipes, or deletes the user who has none any more. Answers whether there is more to do.
async fn step(db: &Db, id: UserId, now: Timestamp) -> Result<bool, Failure> {
    if release_recipes(db, id, to_microseconds(now)).await? {
        return Ok(true);
    }
    // While there are grants, so that their clients are told.
    db.execute("DELETE FROM sessions WHERE user_id = $1", &[&id.get()]).await?;
    // Tokens, links and invitations go by ON DELETE CASCADE.
    match db.execute("DELETE FROM users WHERE id = $1", &[&id.get()]).await {
        // The foreign key: a recipe was created since this transaction began.
        Err(Failure::Store(StoreError::ActorRevoked)) => return Err(Failure::Conflict),
        deleted => deleted.map(drop)?,
    }
    db.execute("DELETE FROM meta WHERE name = $1", &[&note(id)]).await?;
    Ok(false)
}

/// A user whose deletion has begun.
async fn noted(db: &Db) -> Result<Option<UserId>, Failure> {
    let sql = "SELECT CAST(substr(name, 10) AS bigint) FROM meta WHERE name LIKE 'deletion:%' LIMIT 1";
    db.find(sql, &[], user_id_in).await
}

/// Prepares the deletion of a user: deletes the private recipes, private texts in the history of others, the bin and the
/// ratings, and makes the recipes that others see communal: [`STEP`] of each at most. Answers whether there are more. The texts of those
/// name the owner, so they are written anew. That is no change of what the author wrote, so no former revision is kept of it.
async fn release_recipes(db: &Db, owner: UserId, now: Timestamp) -> Result<bool, Failure> {
    let step = STEP.unsigned_abs();
    let mut more = false;
    for sql in [
        "DELETE FROM recipes WHERE id IN (
             SELECT id FROM recipes WHERE owner_id = $1 AND private AND members IS NULL LIMIT $2)",
        "DELETE FROM bin WHERE id IN (SELECT id FROM bin WHERE owner_id = $1 LIMIT $2)",
        "DELETE FROM revisions WHERE id IN (
             SELECT id FROM revisions WHERE owner_id = $1 AND private AND members IS NULL LIMIT $2)",
    ] {
        more |= db.execute(sql, &[&owner.get(), &STEP]).await? == step;
    }
    more |= ratings::remove_some(db, owner, STEP, now).await? == step;
    let sql =
        "SELECT owner_id, private, members, revision, uid, created_at, updated_at, id, document FROM recipes
               WHERE owner_id = $1 AND (NOT private OR members) LIMIT $2";
    let public = OwnedRecipe::list(db, sql, &[&owner.get(), &STEP]).await?;
    more |= public.len() as u64 == step;
    for recipe in public {
        recipe.give_to(db, None, now).await?;
    }
    Ok(more)
}
