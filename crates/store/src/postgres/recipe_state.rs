//! The part of a recipe that rights and changes depend on, in PostgreSQL's dialect.

use accounts::Authority;
use jiff::{SignedDuration, Timestamp};

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use crate::recipe_commands::visibility_of;
use crate::{Editor, StoreError, Viewer};
use ::recipes::{RecipeState, ServerFields};
use ids::{RecipeId, Uid};

/// What a change must know of a recipe.
pub(super) async fn find_to_edit(
    db: &Db,
    id: RecipeId,
) -> Result<Option<(ServerFields, RecipeState)>, Failure> {
    let sql =
        "SELECT owner_id, private, members, revision, uid, created_at, updated_at FROM recipes WHERE id = $1";
    db.find(sql, &[&id.get()], server_fields_in).await
}

/// Whether there is such a recipe that the actor may read.
pub(super) async fn may_view(db: &Db, id: RecipeId, authority: Authority) -> Result<bool, Failure> {
    let sql = "SELECT owner_id, private, members, revision FROM recipes WHERE id = $1";
    Ok(db.find(sql, &[&id.get()], state_in).await?.is_some_and(|state| state.may_view(viewer(authority))))
}

/// The time of a change after one at `before`. The clock may have been set back. Then it is a second later than `before`:
/// `Last-Modified` has whole seconds, and a client that has the recipe before the change must not get 304.
pub(super) fn time_of_change(before: Timestamp, now: Timestamp) -> Timestamp {
    if now >= before { now } else { before.saturating_add(SignedDuration::from_secs(1)).unwrap_or(before) }
}

/// # Errors
/// The actor writes no recipes, any more: use cases have checked it before.
pub(super) fn editor(authority: Authority) -> Result<Editor, StoreError> {
    match authority {
        Authority::Operator | Authority::Admin(_) => Ok(Editor::Admin),
        Authority::User(user) => Ok(Editor::User(user)),
        Authority::Viewer(_) => Err(StoreError::ActorRevoked),
    }
}

pub(super) fn viewer(authority: Authority) -> Viewer {
    match authority {
        Authority::Operator | Authority::Admin(_) => Viewer::Admin,
        Authority::User(user) | Authority::Viewer(user) => Viewer::User(user),
    }
}

/// `owner_id = NULL` holds for no row.
pub(super) fn user_of(viewer: Viewer) -> Option<i64> {
    match viewer {
        Viewer::User(id) => Some(id.get()),
        Viewer::Anyone | Viewer::Admin => None,
    }
}

/// From `owner_id, private, members, revision`.
pub(super) fn state_in(columns: &mut Columns<'_>) -> Result<RecipeState, StoreError> {
    let owner = columns.optional_user_id()?;
    let visibility = visibility_of(columns.get()?, columns.get()?);
    Ok(RecipeState { owner, visibility, revision: columns.get()? })
}

/// From the columns of [`state_in`] and `uid, created_at, updated_at`.
pub(super) fn server_fields_in(columns: &mut Columns<'_>) -> Result<(ServerFields, RecipeState), StoreError> {
    let state = state_in(columns)?;
    let uid = columns.text()?;
    let fields = ServerFields {
        owner: state.owner,
        revision: state.revision,
        uid: Uid::parse(uid).ok_or_else(|| StoreError::Corrupt(format!("the uid {uid}")))?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    };
    Ok((fields, state))
}
