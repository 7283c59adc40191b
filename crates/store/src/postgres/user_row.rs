//! Rows of `users`.

use accounts::{Email, Name, NewUser, PasswordHash, Role, User};
use ids::UserId;
use jiff::Timestamp;

use super::at;
use super::columns::{Columns, user_id_in};
use super::connection::Db;
use super::failure::Failure;
use crate::StoreError;

/// The columns that [`user_in`] reads, and the rest of the statement.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT users.id, users.name, users.email, users.role, users.disabled, users.created_at, users.updated_at, \
             users.email_verified_at IS NOT NULL",
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
        email_verified: columns.get()?,
    })
}

pub(super) fn password_hash_in(columns: &mut Columns<'_>) -> Result<Option<PasswordHash>, StoreError> {
    let Some(text) = columns.get::<Option<&str>>()? else { return Ok(None) };
    let unknown_kind = || StoreError::Corrupt("an unknown kind of password hash".to_owned());
    PasswordHash::parse(text).map(Some).ok_or_else(unknown_kind)
}

pub(super) async fn by_id(db: &Db, id: UserId) -> Result<Option<User>, Failure> {
    db.find(select!(" FROM users WHERE id = $1"), &[&id.get()], user_in).await
}

/// The user with this address.
pub(super) async fn id_of(db: &Db, email: &Email) -> Result<Option<UserId>, Failure> {
    db.find("SELECT id FROM users WHERE email_key = $1", &[&email.key()], user_id_in).await
}

/// Whether the address of a new user counts as verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verified {
    Now,
    NotYet,
}

pub(super) async fn insert(
    db: &Db,
    new: &NewUser,
    verified: Verified,
    now: Timestamp,
) -> Result<User, Failure> {
    let email_verified = verified == Verified::Now;
    let verified_at = email_verified.then_some(now);
    let password_hash = new.password_hash.as_ref().map(PasswordHash::as_str);
    let sql = "INSERT INTO users (name, email, email_key, password_hash, role, created_at, updated_at, email_verified_at)
               VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING id";
    let (name, email) = (new.name.as_str(), new.email.as_str());
    let row = db
        .find(
            sql,
            &[
                &name,
                &email,
                &new.email.key(),
                &password_hash,
                &new.role.as_str(),
                &at(now),
                &verified_at.map(at),
            ],
            user_id_in,
        )
        .await?;
    let id = row.ok_or_else(|| StoreError::Bug("an INSERT returned no id".to_owned()))?;
    let NewUser { name, email, role, .. } = new.clone();
    Ok(User { id, name, email, email_verified, role, disabled: false, created_at: now, updated_at: now })
}
