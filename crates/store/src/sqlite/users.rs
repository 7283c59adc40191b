//! Users, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::conditions::Conditions;
use super::{
    Sqlite, admin, api_tokens, audit, cached, execute, find, invitations, mail_tokens, recipes, sessions,
    time_at,
};
use crate::{Access, Context, StoreError, UpdateProfile};
use ::recipes::time::to_microseconds;
use accounts::{Email, Name, NewUser, PasswordHash, Role, User};
use accounts::{audit::Actor, audit::Event};
use ids::{SessionId, UserId};

/// The eight columns of a [`User`], in the order in which [`user_in`] reads them, and what comes behind them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT users.id, users.name, users.email, users.role, users.disabled, users.created_at, users.updated_at, \
             users.email_verified_at",
            $rest
        )
    };
}
pub(super) use select;

impl Sqlite {
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
        let now = to_microseconds(now);
        self.write(move |db| {
            let user = insert(db, new, Verified::Now, now)?;
            audit::record(db, Event::Created(user.role), Some(user.id), &Context::operator(now))?;
            Ok(user)
        })
        .await
    }

    pub fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|db| by_id(db, id))
    }

    pub fn user_by_email(&self, email: &Email) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        self.read(|db| {
            find(db, select!(", password_hash FROM users WHERE email_key = ?1"), [email.key()], |row| {
                Ok((user_in(row)?, password_hash_in(row)?))
            })
        })
    }

    pub async fn update_profile(
        &self,
        command: UpdateProfile,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        self.write(move |db| {
            let UpdateProfile { user: id, name, email } = command;
            if let Some(change) = &email
                && !has_password(db, id, change.password_hash.as_ref())?
            {
                return Ok(None);
            }
            let email = email.map(|change| change.email);
            // Of the same key may also be another mailbox: the KELVIN SIGN becomes a k there, and in no mail server.
            let moves = cached(db, "SELECT 1 FROM users WHERE id = ?1 AND email <> ?2 COLLATE NOCASE")?
                .exists(params![id.get(), email.as_ref().map(Email::as_str)])?;
            if moves {
                audit::record(db, Event::EmailChanged, Some(id), &context)?;
                mail_tokens::end_all(db, id)?;
            }
            execute(
                db,
                "UPDATE users SET name = coalesce(?2, name), email = coalesce(?3, email),
                                  email_key = coalesce(?4, email_key), updated_at = ?5,
                                  email_verified_at = iif(?6, NULL, email_verified_at)
                 WHERE id = ?1",
                params![
                    id.get(),
                    name.as_ref().map(Name::as_str),
                    email.as_ref().map(Email::as_str),
                    email.as_ref().map(Email::key),
                    context.now.as_microsecond(),
                    moves,
                ],
            )?;
            by_id(db, id)
        })
        .await
    }

    pub async fn set_role(
        &self,
        email: &Email,
        role: Role,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let key = email.key();
        self.write(move |db| {
            let Some(id) = id_of(db, &key)? else { return Ok(None) };
            give_role(db, id, role, &context)?;
            by_id(db, id)
        })
        .await
    }

    pub async fn set_access(
        &self,
        email: &Email,
        access: Access,
        context: Context,
    ) -> Result<Option<User>, StoreError> {
        let key = email.key();
        self.write(move |db| {
            let Some(id) = id_of(db, &key)? else { return Ok(None) };
            give_access(db, id, access, &context)?;
            by_id(db, id)
        })
        .await
    }

    pub async fn delete_user(
        &self,
        id: UserId,
        confirmed: Option<PasswordHash>,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            if !has_password(db, id, confirmed.as_ref())? {
                return Ok(false);
            }
            if context.actor.user.is_some() && admin::is_last(db, id)? {
                return Err(StoreError::LastAdmin);
            }
            recipes::let_go_of_owner(db, id, to_microseconds(context.now))?;
            let deleted = execute(db, "DELETE FROM users WHERE id = ?1", [id.get()])? == 1;
            if deleted {
                audit::record(db, Event::Deleted, Some(id), &context)?;
            }
            Ok(deleted)
        })
        .await
    }
}

/// Whether somebody vouches for a new user's address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verified {
    Now,
    NotYet,
}

pub(super) fn insert(
    db: &Connection,
    new: NewUser,
    verified: Verified,
    now: Timestamp,
) -> Result<User, StoreError> {
    let email_verified = verified == Verified::Now;
    execute(
        db,
        "INSERT INTO users (name, email, email_key, password_hash, role, created_at, updated_at, email_verified_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, iif(?7, ?6, NULL))",
        params![
            new.name.as_str(),
            new.email.as_str(),
            new.email.key(),
            new.password_hash.as_ref().map(PasswordHash::as_str),
            new.role.as_str(),
            now.as_microsecond(),
            email_verified,
        ],
    )?;
    let id = id_in(db.last_insert_rowid())?;
    let NewUser { name, email, role, .. } = new;
    Ok(User { id, name, email, email_verified, role, disabled: false, created_at: now, updated_at: now })
}

fn id_of(db: &Connection, email_key: &str) -> Result<Option<UserId>, StoreError> {
    find(db, "SELECT id FROM users WHERE email_key = ?1", [email_key], |row| id_in(row.get(0)?))
}

pub(super) fn give_role(
    db: &Connection,
    id: UserId,
    role: Role,
    context: &Context,
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET role = ?2, updated_at = ?3 WHERE id = ?1 AND role <> ?2";
    if execute(db, sql, params![id.get(), role.as_str(), context.now.as_microsecond()])? == 1 {
        audit::record(db, Event::RoleChanged(role), Some(id), context)?;
        if role != Role::Admin {
            invitations::revoke_all(db, id, context)?;
        }
    }
    Ok(())
}

pub(super) fn give_access(
    db: &Connection,
    id: UserId,
    access: Access,
    context: &Context,
) -> Result<(), StoreError> {
    let disabled = access == Access::Disabled;
    let sql = "UPDATE users SET disabled = ?2, updated_at = ?3 WHERE id = ?1 AND disabled <> ?2";
    if execute(db, sql, params![id.get(), disabled, context.now.as_microsecond()])? == 1 {
        let event = if disabled { Event::Disabled } else { Event::Enabled };
        audit::record(db, event, Some(id), context)?;
        if disabled {
            sessions::end_all(db, id, None)?;
            api_tokens::revoke_all(db, id, context)?;
            mail_tokens::end_all(db, id)?;
            invitations::revoke_all(db, id, context)?;
        }
    }
    Ok(())
}

/// Whoever was demoted, disabled or logged out since the request came in acts as an administrator no more: between the
/// look at the token and this write a slow body may have taken its time.
pub(super) fn require_admin(db: &Connection, actor: &Actor) -> Result<(), StoreError> {
    let Some(user) = actor.user else { return Ok(()) };
    let sql = "SELECT 1 FROM users WHERE id = ?1 AND role = ?2 AND disabled = 0
               AND (?3 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?3 AND user_id = ?1))";
    let session = actor.session.as_ref().map(SessionId::as_bytes);
    let may = cached(db, sql)?.exists(params![user.get(), Role::Admin.as_str(), session])?;
    if may { Ok(()) } else { Err(StoreError::ActorRevoked) }
}

/// Whether the password is the one that was checked against this hash.
fn has_password(db: &Connection, id: UserId, hash: Option<&PasswordHash>) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM users WHERE id = ?1 AND password_hash IS ?2";
    Ok(cached(db, sql)?.exists(params![id.get(), hash.map(PasswordHash::as_str)])?)
}

pub(super) fn by_id(db: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    find(db, select!(" FROM users WHERE id = ?1"), [id.get()], user_in)
}

/// The first users that meet these conditions, in the order of their ids.
pub(super) fn listed(db: &Connection, conditions: Conditions, limit: u16) -> Result<Vec<User>, StoreError> {
    let (sql, params) = conditions.first(limit, select!(" FROM users"), "id");
    let mut statement = cached(db, &sql)?;
    let mut rows = statement.query(params_from_iter(params))?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(user_in(row)?);
    }
    Ok(users)
}

/// From the columns of [`select!`], which are the first of the row.
pub(super) fn user_in(row: &Row<'_>) -> Result<User, StoreError> {
    let text = |column| -> Result<&str, StoreError> {
        Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
    };
    Ok(User {
        id: id_in(row.get(0)?)?,
        name: Name::stored(text(1)?),
        email: Email::stored(text(2)?),
        email_verified: row.get_ref(7)? != ValueRef::Null,
        role: Role::parse(text(3)?).ok_or_else(|| StoreError::Corrupt("an unknown role".to_owned()))?,
        disabled: row.get(4)?,
        created_at: time_at(row.get(5)?)?,
        updated_at: time_at(row.get(6)?)?,
    })
}

fn password_hash_in(row: &Row<'_>) -> Result<Option<PasswordHash>, StoreError> {
    let Some(text) = row.get::<_, Option<String>>(8)? else { return Ok(None) };
    let corrupt = || StoreError::Corrupt("an unknown kind of password hash".to_owned());
    PasswordHash::parse(&text).map(Some).ok_or_else(corrupt)
}

pub(super) fn id_in(number: i64) -> Result<UserId, StoreError> {
    UserId::from_i64(number).ok_or_else(|| StoreError::Corrupt(format!("the user id {number}")))
}
