//! The queue of messages that a session has ended, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::params;

use super::columns::Columns;
use super::{Sqlite, execute, find, find_value};
use crate::{DueLogout, StoreError, TakeLogout};

impl Sqlite {
    pub async fn take_logout(&self, take: TakeLogout) -> Result<Option<DueLogout>, StoreError> {
        let (now, until) = (take.now.as_microsecond(), take.until.as_microsecond());
        let is_due = "SELECT EXISTS (SELECT 1 FROM logout_deliveries WHERE due_at <= ?1)";
        if !self.read(|db| Ok(find_value(db, is_due, [now])?.unwrap_or(false)))? {
            return Ok(None);
        }
        self.write(move |db| {
            let sql = "UPDATE logout_deliveries SET tries = tries + 1, due_at = ?2
                       WHERE id = (SELECT id FROM logout_deliveries WHERE due_at <= ?1 ORDER BY due_at, id LIMIT 1)
                       RETURNING id, tries, client_id, user_id, grant_id";
            find(db, sql, [now, until], due_in)
        })
        .await
    }

    pub async fn retry_logout(&self, due: &DueLogout, next: Timestamp) -> Result<(), StoreError> {
        let (id, tries) = (due.id, due.tries);
        self.write(move |db| {
            let sql = "UPDATE logout_deliveries SET due_at = ?3 WHERE id = ?1 AND tries = ?2";
            execute(db, sql, params![id, tries, next.as_microsecond()]).map(drop)
        })
        .await
    }

    pub async fn remove_logout(&self, due: &DueLogout) -> Result<(), StoreError> {
        let (id, tries) = (due.id, due.tries);
        self.write(move |db| {
            let sql = "DELETE FROM logout_deliveries WHERE id = ?1 AND tries = ?2";
            execute(db, sql, params![id, tries]).map(drop)
        })
        .await
    }
}

fn due_in(columns: &mut Columns<'_>) -> Result<DueLogout, StoreError> {
    Ok(DueLogout {
        id: columns.get()?,
        tries: columns.get()?,
        client: columns.get()?,
        user: columns.user_id()?,
        grant: columns.get()?,
    })
}
