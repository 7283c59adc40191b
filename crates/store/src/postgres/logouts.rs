//! The queue of messages that a session has ended, in PostgreSQL's dialect.
//!
//! Its transactions are `READ COMMITTED`, as those of the queue of mails.

use jiff::Timestamp;

use super::columns::Columns;
use super::connection::Isolation;
use super::{Postgres, at};
use crate::{DueLogout, StoreError, TakeLogout};

impl Postgres {
    pub async fn take_logout(&self, take: TakeLogout) -> Result<Option<DueLogout>, StoreError> {
        let now = at(take.now);
        let is_due = self.read(move |db| async move {
            db.exists("SELECT 1 FROM logout_deliveries WHERE due_at <= $1 LIMIT 1", &[&now]).await
        });
        if !is_due.await? {
            return Ok(None);
        }
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let sql = "UPDATE logout_deliveries SET tries = tries + 1, due_at = $2
                       WHERE id = (SELECT id FROM logout_deliveries WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1
                                   FOR UPDATE SKIP LOCKED)
                       RETURNING id, tries, client_id, user_id, grant_id";
            db.find(sql, &[&now, &at(take.until)], due_in).await
        })
        .await
    }

    pub async fn retry_logout(&self, due: &DueLogout, next: Timestamp) -> Result<(), StoreError> {
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let sql = "UPDATE logout_deliveries SET due_at = $3 WHERE id = $1 AND tries = $2";
            db.execute(sql, &[&due.id, &i32::from(due.tries), &at(next)]).await.map(drop)
        })
        .await
    }

    pub async fn remove_logout(&self, due: &DueLogout) -> Result<(), StoreError> {
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            let sql = "DELETE FROM logout_deliveries WHERE id = $1 AND tries = $2";
            db.execute(sql, &[&due.id, &i32::from(due.tries)]).await.map(drop)
        })
        .await
    }
}

fn due_in(columns: &mut Columns<'_>) -> Result<DueLogout, StoreError> {
    Ok(DueLogout {
        id: columns.get()?,
        tries: u16::try_from(columns.get::<i32>()?).unwrap_or(u16::MAX),
        client: columns.get()?,
        user: columns.user_id()?,
        grant: columns.bytes()?,
    })
}
