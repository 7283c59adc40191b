//! What the rules of administration ask of the database.

use accounts::audit::Actor;
use accounts::{PasswordHash, may_administer};
use ids::{SessionId, UserId};
use rusqlite::{Connection, params};

use super::{cached, find_value, user_row};
use crate::StoreError;

/// The operator may do everything; a user must be an administrator now.
pub(super) fn require_admin(db: &Connection, actor: &Actor) -> Result<(), StoreError> {
    let Some(id) = actor.user else { return Ok(()) };
    let user = user_row::by_id(db, id)?;
    let session_ended = !session_lasts(db, actor)?;
    if may_administer(user.as_ref(), session_ended) { Ok(()) } else { Err(StoreError::ActorRevoked) }
}

/// Whether the session in which the actor acts has not ended. An actor without a session has none to end.
pub(super) fn session_lasts(db: &Connection, actor: &Actor) -> Result<bool, StoreError> {
    let Some(session) = &actor.session else { return Ok(true) };
    let sql = "SELECT 1 FROM sessions WHERE id = ?1 AND (?2 IS NULL OR user_id = ?2)";
    Ok(cached(db, sql)?.exists(params![SessionId::as_bytes(session), actor.user.map(UserId::get)])?)
}

/// The number of active administrators besides this user.
pub(super) fn other_admins(db: &Connection, user: UserId) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM users WHERE role = 'admin' AND disabled = 0 AND id <> ?1";
    let count: Option<i64> = find_value(db, sql, [user.get()])?;
    Ok(count.unwrap_or(0).unsigned_abs())
}

/// Whether this is still the hash that the user's password was checked against.
pub(super) fn has_password(
    db: &Connection,
    user: UserId,
    hash: Option<&PasswordHash>,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE id = ?1 AND password_hash IS ?2";
    Ok(cached(db, sql)?.exists(params![user.get(), hash.map(PasswordHash::as_str)])?)
}
