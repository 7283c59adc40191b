//! Rows of `users`.

use accounts::{Email, Name, NewUser, PasswordHash, Role, User};
use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::{self, Columns};
use super::{execute, find, find_value};
use crate::StoreError;

/// The columns that [`user_in`] reads, and the rest of the statement.
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

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
pub(super) fn user_in(columns: &mut Columns<'_>) -> Result<User, StoreError> {
    let unknown_role = || StoreError::Corrupt("an unknown role".to_owned());
    Ok(User {
        id: columns.user_id()?,
        name: Name::from_stored(columns.text()?),
        email: Email::from_stored(columns.text()?),
        role: Role::parse(columns.text()?).ok_or_else(unknown_role)?,
        disabled: columns.get()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        email_verified: columns.get::<Option<i64>>()?.is_some(),
    })
}

pub(super) fn password_hash_in(columns: &mut Columns<'_>) -> Result<Option<PasswordHash>, StoreError> {
    let Some(text) = columns.get::<Option<String>>()? else { return Ok(None) };
    let unknown_kind = || StoreError::Corrupt("an unknown kind of password hash".to_owned());
    PasswordHash::parse(&text).map(Some).ok_or_else(unknown_kind)
}

pub(super) fn by_id(db: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    find(db, select!(" FROM users WHERE id = ?1"), [id.get()], user_in)
}

/// The user with this address. An account that shares its key with another one has kept its old key, and is found by the
/// spelling of its own address only.
pub(super) fn id_of(db: &Connection, email: &Email) -> Result<Option<UserId>, StoreError> {
    let sql = "SELECT id FROM users WHERE email_key IN (?1, ?2) ORDER BY email_key = ?1 DESC LIMIT 1";
    find_value(db, sql, [email.old_key(), email.key()])?.map(columns::user_id).transpose()
}

/// Whether the address of a new user counts as verified.
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
    let id = columns::user_id(db.last_insert_rowid())?;
    let NewUser { name, email, role, .. } = new;
    Ok(User { id, name, email, email_verified, role, disabled: false, created_at: now, updated_at: now })
}
