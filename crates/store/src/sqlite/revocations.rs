//! The status list, in SQLite's dialect.

use jiff::Timestamp;

use super::columns::Columns;
use super::{Sqlite, execute, find_value, list};
use crate::{EndedGrants, StoreError};

impl Sqlite {
    pub async fn ended_grants(&self, disabled_clients: Vec<String>) -> Result<EndedGrants, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT max((SELECT coalesce(max(status_index), 0) FROM grants WHERE status_index IS NOT NULL),
                                  (SELECT coalesce(max(status_index), 0) FROM ended_grants))";
            let last = find_value(db, sql, [])?.unwrap_or(0);
            let sql = "SELECT status_index FROM ended_grants
                       UNION ALL
                       SELECT status_index FROM users CROSS JOIN grants ON grants.user_id = users.id
                       WHERE users.disabled = 1 AND status_index IS NOT NULL";
            let mut ended = list(db, sql, [], place_in)?;
            for client in disabled_clients {
                let sql =
                    "SELECT status_index FROM grants WHERE client_id = ?1 AND status_index IS NOT NULL";
                ended.extend(list(db, sql, [client], place_in)?);
            }
            Ok(EndedGrants { last, ended })
        })
        .await
    }

    pub async fn free_status_places(&self, free_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let has_work = "SELECT EXISTS (SELECT 1 FROM ended_grants)";
        if !self.read(|db| Ok(find_value(db, has_work, [])?.unwrap_or(false)))? {
            return Ok(());
        }
        self.write(move |db| {
            execute(db, "DELETE FROM ended_grants WHERE free_at <= ?1", [now.as_microsecond()])?;
            let sql = "UPDATE ended_grants SET free_at = ?1 WHERE free_at IS NULL";
            execute(db, sql, [free_at.as_microsecond()]).map(drop)
        })
        .await
    }
}

fn place_in(columns: &mut Columns<'_>) -> Result<u32, StoreError> {
    columns.get()
}
