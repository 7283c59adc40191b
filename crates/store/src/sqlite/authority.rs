//! What the rules of authority and administration ask of the database.

use accounts::audit::Application;
use accounts::{ActorState, Authority, PasswordHash, Role};
use ids::{ApiTokenId, SessionId, UserId};
use rusqlite::{Connection, params};

use super::{Sqlite, cached, find, find_value};
use crate::{Context, StoreError};

impl Sqlite {
    pub fn check_authority(&self, context: &Context) -> Result<(), StoreError> {
        self.read(|db| current(db, context)).map(drop)
    }
}

/// The authority of the actor now, in the transaction of the write. The operator has no account to look up.
pub(super) fn current(db: &Connection, Context { actor, now }: &Context) -> Result<Authority, StoreError> {
    let sql = "SELECT role, disabled,
                      (?2 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?2 AND user_id = ?1))
                      AND (?3 IS NULL OR EXISTS (SELECT 1 FROM api_tokens WHERE id = ?3 AND user_id = ?1
                                                     AND (expires_at IS NULL OR expires_at > ?4)))
                      AND (?5 IS NULL OR EXISTS (SELECT 1 FROM grants JOIN clients ON clients.id = client_id
                                                 WHERE grants.id = ?5 AND user_id = ?1 AND expires_at > ?4
                                                   AND NOT coalesce(json_extract(clients.record, '$.disabled'), 0)))
               FROM users WHERE id = ?1";
    let found = match actor.user {
        None => None,
        Some(user) => {
            let session = actor.session.as_ref().map(SessionId::as_bytes);
            let api_token = actor.api_token.as_ref().map(ApiTokenId::as_bytes);
            let grant = actor.application.and_then(Application::grant);
            let parameters = params![user.get(), session, api_token, now.as_microsecond(), grant];
            find(db, sql, parameters, |columns| {
                let unknown_role = || StoreError::Corrupt("an unknown role".to_owned());
                Ok(ActorState {
                    role: Role::parse(columns.text()?).ok_or_else(unknown_role)?,
                    disabled: columns.get()?,
                    credential_is_valid: columns.get()?,
                })
            })?
        }
    };
    Authority::of(actor, found).ok_or(StoreError::ActorRevoked)
}

/// For new recipes. Use cases have checked the role before, so it was changed since.
pub(super) fn require_writer(authority: Authority) -> Result<(), StoreError> {
    if authority.may_write() { Ok(()) } else { Err(StoreError::ActorRevoked) }
}

pub(super) fn require_admin(authority: Authority) -> Result<(), StoreError> {
    if authority.is_admin() { Ok(()) } else { Err(StoreError::AdminRequired) }
}

/// For changes of this account.
pub(super) fn require_right_to_change(authority: Authority, account: UserId) -> Result<(), StoreError> {
    if authority.may_change(account) { Ok(()) } else { Err(StoreError::AdminRequired) }
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
