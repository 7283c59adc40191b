//! The schedule of backups, in PostgreSQL's dialect: two rows of the table `meta`.

use jiff::Timestamp;

use super::Postgres;
use super::connection::Db;
use super::failure::Failure;
use crate::backup_schedule::{LAST, NEXT};
use crate::{BackupOutcome, StoreError};

impl Postgres {
    /// Of servers that find it due at the same time, one has the transaction that counts: it is serializable.
    pub async fn claim_backup(&self, next_try: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        // Nearly always it is not due, and nothing is written.
        if !self.read(move |db| async move { is_due(&db, now).await }).await? {
            return Ok(false);
        }
        self.write(move |db| async move {
            let is_due = is_due(&db, now).await?;
            if is_due {
                put(&db, NEXT, next_try.to_string()).await?;
            }
            Ok(is_due)
        })
        .await
    }

    pub async fn note_backup(&self, outcome: BackupOutcome, next: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| async move {
            put(&db, LAST, outcome.to_text()).await?;
            put(&db, NEXT, next.to_string()).await
        })
        .await
    }

    pub async fn last_backup(&self) -> Result<Option<BackupOutcome>, StoreError> {
        let text = self.read(move |db| async move { text(&db, LAST).await }).await?;
        Ok(text.and_then(|text| BackupOutcome::parse(&text)))
    }
}

async fn is_due(db: &Db, now: Timestamp) -> Result<bool, Failure> {
    let next = text(db, NEXT).await?.and_then(|text| text.parse::<Timestamp>().ok());
    Ok(next.is_none_or(|next| next <= now))
}

async fn text(db: &Db, name: &str) -> Result<Option<String>, Failure> {
    let sql = "SELECT value FROM meta WHERE name = $1";
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    db.find(sql, &[&name], |columns| Ok(text(columns.get()?))).await
}

async fn put(db: &Db, name: &str, value: String) -> Result<(), Failure> {
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.execute(sql, &[&name, &value.as_bytes()]).await.map(drop)
}
