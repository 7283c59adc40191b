//! The schedule of backups, in SQLite's dialect: two rows of the table `meta`.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Sqlite, execute, find_value};
use crate::backup_schedule::{LAST, NEXT};
use crate::{BackupOutcome, StoreError};

impl Sqlite {
    pub async fn claim_backup(&self, next_try: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        // Nearly always it is not due, and nothing is written.
        if !self.read(|db| is_due(db, now))? {
            return Ok(false);
        }
        self.write(move |db| {
            let is_due = is_due(db, now)?;
            if is_due {
                put(db, NEXT, &next_try.to_string())?;
            }
            Ok(is_due)
        })
        .await
    }

    pub async fn note_backup(&self, outcome: BackupOutcome, next: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| {
            put(db, LAST, &outcome.to_text())?;
            put(db, NEXT, &next.to_string())
        })
        .await
    }

    pub fn last_backup(&self) -> Result<Option<BackupOutcome>, StoreError> {
        self.read(|db| Ok(text(db, LAST)?.and_then(|text| BackupOutcome::parse(&text))))
    }
}

fn is_due(db: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    let next = text(db, NEXT)?.and_then(|text| text.parse::<Timestamp>().ok());
    Ok(next.is_none_or(|next| next <= now))
}

fn text(db: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let value: Option<Vec<u8>> = find_value(db, "SELECT value FROM meta WHERE name = ?1", [name])?;
    Ok(value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn put(db: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
    execute(db, sql, params![name, value.as_bytes()]).map(drop)
}
