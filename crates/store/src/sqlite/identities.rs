//! Users of another authorization server, in SQLite's dialect.

use accounts::{User, audit::Event};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::user_row::{self, Verified, user_in};
use super::{Sqlite, audit, execute, find};
use crate::{Context, Identity, NewIdentity, StoreError};

impl Sqlite {
    pub fn user_of_identity(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        self.read(|db| user(db, identity))
    }

    pub async fn get_or_create_identity(&self, new: NewIdentity, now: Timestamp) -> Result<User, StoreError> {
        self.write(move |db| {
            let NewIdentity { id, identity, user: new } = new;
            if let Some(found) = user(db, &identity)? {
                return Ok(found);
            }
            let made = user_row::insert(db, new, Verified::NotYet, now)?;
            let sql = "INSERT INTO identities (id, user_id, issuer, subject) VALUES (?1, ?2, ?3, ?4)";
            execute(db, sql, params![id, made.id.get(), identity.issuer, identity.subject])?;
            audit::record(db, Event::Created(made.role), Some(made.id), &Context::operator(now))?;
            Ok(made)
        })
        .await
    }
}

fn user(db: &Connection, Identity { issuer, subject }: &Identity) -> Result<Option<User>, StoreError> {
    let sql = user_row::select!(
        " FROM identities CROSS JOIN users ON users.id = user_id WHERE issuer = ?1 AND subject = ?2"
    );
    find(db, sql, [issuer, subject], user_in)
}
