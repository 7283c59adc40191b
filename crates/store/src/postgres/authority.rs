//! What the rules of authority and administration ask of the database.

use accounts::{ActorState, Authority, PasswordHash, Role};
use ids::{ApiTokenId, SessionId, UserId};

use super::connection::Db;
use super::failure::Failure;
use super::{Postgres, at};
use crate::{Context, StoreError};

impl Postgres {
    pub async fn check_authority(&self, context: &Context) -> Result<(), StoreError> {
        self.read(move |db| async move { current(&db, context).await.map(drop) }).await
    }
}

/// The authority of the actor now, in the transaction of the write. The operator has no account to look up.
pub(super) async fn current(db: &Db, Context { actor, now }: &Context) -> Result<Authority, Failure> {
    let sql = "SELECT role, disabled,
                      ($2::bytea IS NULL OR EXISTS (SELECT FROM sessions WHERE id = $2 AND user_id = $1))
                      AND ($3::bytea IS NULL OR EXISTS (SELECT FROM api_tokens WHERE id = $3 AND user_id = $1
                                                            AND (expires_at IS NULL OR expires_at > $4)))
               FROM users WHERE id = $1";
    let found = match actor.user {
        None => None,
        Some(user) => {
            let session = actor.session.as_ref().map(|id| SessionId::as_bytes(id).as_slice());
            let api_token = actor.api_token.as_ref().map(|id| ApiTokenId::as_bytes(id).as_slice());
            db.find(sql, &[&user.get(), &session, &api_token, &at(*now)], |columns| {
                let unknown_role = || StoreError::Corrupt("an unknown role".to_owned());
                Ok(ActorState {
                    role: Role::parse(columns.text()?).ok_or_else(unknown_role)?,
                    disabled: columns.get()?,
                    credential_is_valid: columns.get()?,
                })
            })
            .await?
        }
    };
    Ok(Authority::of(actor, found).ok_or(StoreError::ActorRevoked)?)
}

pub(super) fn require_admin(authority: Authority) -> Result<(), StoreError> {
    if authority.is_admin() { Ok(()) } else { Err(StoreError::AdminRequired) }
}

/// For changes of this account.
pub(super) fn require_right_to_change(authority: Authority, account: UserId) -> Result<(), StoreError> {
    if authority.may_change(account) { Ok(()) } else { Err(StoreError::AdminRequired) }
}

/// The number of active administrators besides this user.
pub(super) async fn other_admins(db: &Db, user: UserId) -> Result<u64, Failure> {
    let sql = "SELECT count(*) FROM users WHERE role = 'admin' AND NOT disabled AND id <> $1";
    Ok(db.number(sql, &[&user.get()]).await?.unsigned_abs())
}

/// Whether this is still the hash that the user's password was checked against.
pub(super) async fn has_password(
    db: &Db,
    user: UserId,
    hash: Option<&PasswordHash>,
) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2";
    db.exists(sql, &[&user.get(), &hash.map(PasswordHash::as_str)]).await
}
