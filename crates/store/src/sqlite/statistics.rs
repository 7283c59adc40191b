//! Numbers for monitoring, in SQLite's dialect.

use super::{Sqlite, find_value, migrate};
use crate::{Statistics, StoreError};

impl Sqlite {
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        let connections = self.0.readers.count() + usize::from(self.0.writer.is_alive());
        let sql = "SELECT count(*) FROM sessions";
        let sessions: Option<i64> = self.read_at_length(|db| find_value(db, sql, [])).await?;
        let sessions = sessions.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
        Ok(Statistics { sessions, connections, waiting: 0, schema: migrate::newest() })
    }
}
