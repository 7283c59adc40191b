//! Deletes accounts, in steps if they have many recipes.
//!
//! A transaction over hundreds of thousands of recipes would hold up all other writes. So the first transaction ends every
//! access to the account and notes the deletion; the following ones release a few recipes each, and the last one deletes
//! the user. A deletion that a crash interrupts goes on from its note.

use accounts::audit::Event;
use accounts::{Access, Authority, Ending, PasswordHash, User, is_last_admin};
use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::transfer::OwnedRecipe;
use super::user_row::by_id;
use super::{Sqlite, audit, authority, columns, ending, execute, find_value, ratings};
use crate::{Administered, Context, StoreError};
use ::recipes::time::to_microseconds;

/// Recipes of one transaction.
const STEP: u16 = 100;

/// The rows of `meta` that note a deletion: this and the user's id.
const NOTE: &str = "deletion:";

impl Sqlite {
    pub async fn delete_user(
        &self,
        id: UserId,
        password_hash: Option<PasswordHash>,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_right_to_change(authority, id)?;
            if !authority::has_password(db, id, password_hash.as_ref())? {
                return Ok(false);
            }
            let Some(user) = by_id(db, id)? else { return Ok(false) };
            if !may_delete(db, &user, authority)? {
                return Err(StoreError::LastAdmin);
            }
            begin(db, id, &context)?;
            Ok(true)
        })
        .await
    }

    pub async fn remove_user(&self, id: UserId, context: Context) -> Result<Administered, StoreError> {
        self.write_for(context, move |db, authority| {
            authority::require_admin(authority)?;
            let Some(user) = by_id(db, id)? else { return Ok(Administered::NoSuchUser) };
            if !may_delete(db, &user, authority)? {
                return Ok(Administered::LastAdmin);
            }
            begin(db, id, &context)?;
            Ok(Administered::Done(Box::new(user)))
        })
        .await
    }

    pub async fn continue_deletion(&self, now: Timestamp) -> Result<bool, StoreError> {
        if self.read(noted)?.is_none() {
            return Ok(false);
        }
        self.write(move |db| {
            let Some(id) = noted(db)? else { return Ok(false) };
            Ok(step(db, id, now)? || noted(db)?.is_some())
        })
        .await
    }
}

/// The operator may delete the last administrator, and can make another one.
fn may_delete(db: &Connection, user: &User, authority: Authority) -> Result<bool, StoreError> {
    Ok(authority == Authority::Operator || !is_last_admin(user, authority::other_admins(db, user.id)?))
}

/// The first step. It leaves an account that cannot be used if it has many recipes.
fn begin(db: &Connection, id: UserId, context: &Context) -> Result<(), StoreError> {
    if step(db, id, context.now)? {
        suspend(db, id, context)?;
    }
    audit::record(db, Event::Deleted, Some(id), context)
}

/// Ends every access, and notes the deletion.
fn suspend(db: &Connection, id: UserId, context: &Context) -> Result<(), StoreError> {
    ending::end(db, id, Ending::access_change(Access::Disabled), context)?;
    execute(db, "UPDATE users SET disabled = 1 WHERE id = ?1", [id.get()])?;
    let note = format!("{NOTE}{}", id.get());
    execute(
        db,
        "INSERT OR IGNORE INTO meta (name, value) VALUES (?1, ?2)",
        params![note, id.get().to_le_bytes()],
    )
    .map(drop)
}

/// Releases some recipes, or deletes the user who has none any more. Answers whether there is more to do.
fn step(db: &Connection, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
    if release_recipes(db, id, to_microseconds(now))? {
        return Ok(true);
    }
    // While there are grants, so that their clients are told.
    execute(db, "DELETE FROM sessions WHERE user_id = ?1", [id.get()])?;
    // Tokens, links and invitations go by ON DELETE CASCADE.
    execute(db, "DELETE FROM users WHERE id = ?1", [id.get()])?;
    execute(db, "DELETE FROM meta WHERE name = ?1", [format!("{NOTE}{}", id.get())])?;
    Ok(false)
}

/// A user whose deletion has begun.
fn noted(db: &Connection) -> Result<Option<UserId>, StoreError> {
    let sql =
        "SELECT CAST(substr(name, 10) AS INTEGER) FROM meta WHERE name >= 'deletion:' AND name < 'deletion;'
               LIMIT 1";
    find_value(db, sql, [])?.map(columns::user_id).transpose()
}

/// Prepares the deletion of a user: deletes the private recipes, private texts in the history of others, the bin and the
/// ratings, and makes the recipes that others see communal: [`STEP`] of each at most. Answers whether there are more. The texts of those
/// name the owner, so they are written anew. That is no change of what the author wrote, so no former revision is kept of it.
fn release_recipes(db: &Connection, owner: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let mut more = false;
    for sql in [
        "DELETE FROM recipes WHERE id IN (
             SELECT id FROM recipes WHERE owner_id = ?1 AND private = 1 AND members IS NULL LIMIT ?2)",
        "DELETE FROM bin WHERE id IN (SELECT id FROM bin WHERE owner_id = ?1 LIMIT ?2)",
        "DELETE FROM revisions WHERE id IN (
             SELECT id FROM revisions WHERE owner_id = ?1 AND private = 1 AND members IS NULL LIMIT ?2)",
    ] {
        more |= execute(db, sql, params![owner.get(), STEP])? == usize::from(STEP);
    }
    more |= ratings::remove_some(db, owner, STEP, now)? == usize::from(STEP);
    let sql =
        "SELECT owner_id, private, members, revision, uid, created_at, updated_at, id, document FROM recipes
               WHERE owner_id = ?1 AND (private = 0 OR members = 1) LIMIT ?2";
    let public = OwnedRecipe::list(db, sql, params![owner.get(), STEP])?;
    more |= public.len() == usize::from(STEP);
    for recipe in public {
        recipe.give_to(db, None, now)?;
    }
    Ok(more)
}
