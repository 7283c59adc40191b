//! Numbers for monitoring, in PostgreSQL's dialect.

use super::connection::Connections;
use super::{Postgres, migrate};
use crate::{Statistics, StoreError};

impl Postgres {
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        let counts = self.read_at_length(|db| async move {
            let sessions = db.number("SELECT count(*) FROM sessions", &[]).await?;
            Ok((sessions, db.number("SELECT count(*) FROM mails WHERE tries = 0", &[]).await?))
        });
        let (sessions, mails) = counts.await?;
        let pools = [&self.0.shared, &self.0.transactions, &self.0.long_reads].map(Connections::status);
        let pools = pools.into_iter().chain([self.0.reader.status()]);
        let (connections, waiting) =
            pools.fold((0, 0), |(size, waiting), pool| (size + pool.size, waiting + pool.waiting));
        Ok(Statistics {
            sessions: u64::try_from(sessions).unwrap_or_default(),
            mails: u64::try_from(mails).unwrap_or_default(),
            connections,
            waiting,
            schema: migrate::newest(),
        })
    }
}
