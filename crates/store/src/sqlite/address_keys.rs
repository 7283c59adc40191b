//! Brings the keys of addresses to the form of [`Email::key`], and reports accounts that share an address.

use accounts::Email;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::{execute, find, list};
use crate::StoreError;

/// The migration after which [`renew`] runs.
pub(super) const MIGRATION: &str = include_str!("../../migrations/sqlite/0007_address_keys.sql");

/// Computes the key of every account, open link and invitation. An account whose key another account has already keeps its
/// old key and is noted.
pub(super) fn renew(db: &Connection) -> Result<(), StoreError> {
    for Address { id, email, key: old_key } in accounts(db, "")? {
        let key = email.key();
        if key == old_key {
            continue;
        }
        if execute(db, "UPDATE OR IGNORE users SET email_key = ?2 WHERE id = ?1", params![id, key])? == 0 {
            execute(db, "INSERT INTO address_collisions (user_id) VALUES (?1)", [id])?;
        } else {
            let sql = "UPDATE mail_tokens SET email_key = ?3 WHERE user_id = ?1 AND email_key = ?2";
            execute(db, sql, params![id, old_key, key])?;
        }
    }
    let invited = "SELECT DISTINCT 0, email, email_key FROM invitations WHERE email IS NOT NULL";
    for Address { email, key: old_key, .. } in list(db, invited, [], address_in)? {
        let sql = "UPDATE invitations SET email_key = ?2 WHERE email_key = ?1";
        execute(db, sql, [old_key, email.key()])?;
    }
    Ok(())
}

/// A sentence for each account that still shares its address with another one.
pub(super) fn report_collisions(db: &Connection) -> Result<Vec<String>, StoreError> {
    let noted = accounts(db, "JOIN address_collisions ON user_id = id")?;
    noted.into_iter().filter_map(|account| report(db, &account).transpose()).collect()
}

/// `None`: the other account has gone or moved meanwhile, and this one has its key now.
fn report(db: &Connection, account: &Address) -> Result<Option<String>, StoreError> {
    let (id, key) = (account.id, account.email.key());
    let sql = "SELECT id, email, email_key FROM users WHERE email_key = ?1 AND id <> ?2";
    let Some(other) = find(db, sql, params![key, id], address_in)? else {
        execute(db, "UPDATE users SET email_key = ?2 WHERE id = ?1", params![id, key])?;
        execute(db, "DELETE FROM address_collisions WHERE user_id = ?1", [id])?;
        return Ok(None);
    };
    Ok(Some(format!(
        "the accounts {} ({}) and {id} ({}) have the same e-mail address, written differently; both stay, and each logs in \
         with its own spelling only; give one of them another address, or delete it with \"recipes users delete {id}\"",
        other.id,
        other.email.as_str(),
        account.email.as_str(),
    )))
}

struct Address {
    id: i64,
    email: Email,
    key: String,
}

fn accounts(db: &Connection, join: &str) -> Result<Vec<Address>, StoreError> {
    let sql = format!("SELECT id, email, email_key FROM users {join} ORDER BY id");
    list(db, &sql, [], address_in)
}

#[expect(clippy::disallowed_methods, reason = "rows hold values that were parsed before")]
fn address_in(columns: &mut Columns<'_>) -> Result<Address, StoreError> {
    Ok(Address { id: columns.get()?, email: Email::from_stored(columns.text()?), key: columns.get()? })
}
