//! Numbers for monitoring, in SQLite's dialect.

use rusqlite::Connection;

use super::{Sqlite, find_value, migrate};
use crate::{Statistics, StoreError};

impl Sqlite {
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        let connections = self.0.readers.count() + usize::from(self.0.writer.is_alive());
        let count = |db: &Connection, sql| {
            let count: Option<i64> = find_value(db, sql, [])?;
            Ok::<_, StoreError>(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
        };
        let counts = self.read_at_length(move |db| {
            Ok((
                count(db, "SELECT count(*) FROM sessions")?,
                count(db, "SELECT count(*) FROM mails WHERE tries = 0")?,
            ))
        });
        let (sessions, mails) = counts.await?;
        Ok(Statistics { sessions, mails, connections, waiting: 0, schema: migrate::newest() })
    }
}
