//! The status list, in PostgreSQL's dialect.

use jiff::Timestamp;

use super::columns::{Columns, number_in};
use super::connection::Isolation;
use super::{Postgres, at};
use crate::{EndedGrants, StoreError};

impl Postgres {
    pub async fn ended_grants(&self, disabled_clients: Vec<String>) -> Result<EndedGrants, StoreError> {
        let disabled_clients = &disabled_clients;
        self.read_at_length(move |db| async move {
            let sql = "SELECT greatest((SELECT max(status_index) FROM grants WHERE status_index IS NOT NULL),
                                       (SELECT max(status_index) FROM ended_grants))";
            let last = db.find(sql, &[], number_in).await?.flatten().unwrap_or(0);
            let last = u32::try_from(last).unwrap_or(0);
            let sql = "SELECT status_index FROM ended_grants
                       UNION ALL
                       SELECT status_index FROM grants JOIN users ON users.id = grants.user_id
                       WHERE users.disabled AND status_index IS NOT NULL
                       UNION ALL
                       SELECT status_index FROM grants WHERE client_id = ANY($1) AND status_index IS NOT NULL";
            let ended = db.list(sql, &[disabled_clients], index_in).await?;
            Ok(EndedGrants { last, ended })
        })
        .await
    }

    /// `READ COMMITTED`: each statement names the rows that it changes, and none depends on another one.
    pub async fn free_status_places(&self, free_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.write_at(Isolation::ReadCommitted, move |db| async move {
            db.execute("DELETE FROM ended_grants WHERE free_at <= $1", &[&at(now)]).await?;
            let sql = "UPDATE ended_grants SET free_at = $1 WHERE free_at IS NULL";
            db.execute(sql, &[&at(free_at)]).await?;
            Ok(())
        })
        .await
    }
}

fn index_in(columns: &mut Columns<'_>) -> Result<u32, StoreError> {
    let index: i64 = columns.get()?;
    u32::try_from(index).map_err(|_| StoreError::Corrupt(format!("the place {index} in the status list")))
}
