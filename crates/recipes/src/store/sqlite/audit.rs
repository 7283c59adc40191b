//! The audit log, in SQLite's dialect.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{Sqlite, cached, execute, find, time_at, users};
use crate::audit::{Actor, Entry, Event, Filter, Retention};
use crate::id::{SessionId, UserId};
use crate::store::StoreError;

/// How many entries are forgotten at a time, so that no writer waits long for it.
const TRIMMED: u16 = 1_000;

impl Sqlite {
    pub async fn audit(
        &self,
        event: Event,
        subject: Option<UserId>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |db| record(db, event, subject, &actor, now)).await
    }

    pub async fn audit_log(
        &self,
        filter: Filter,
        before: Option<i64>,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT id, at, event, subject_id, actor_id, session_id, address, detail FROM audit
                       WHERE id < ?1 AND (?2 IS NULL OR event = ?2) AND (?3 IS NULL OR subject_id = ?3)
                       ORDER BY id DESC LIMIT ?4";
            let event = filter.event.map(Event::name);
            let mut statement = cached(db, sql)?;
            let before = before.unwrap_or(i64::MAX);
            let mut rows = statement.query(params![before, event, filter.subject.map(UserId::get), limit])?;
            let mut entries = Vec::new();
            while let Some(row) = rows.next()? {
                entries.push(entry_in(row)?);
            }
            Ok(entries)
        })
        .await
    }

    pub async fn trim_audit_log(&self, keep: Retention, now: Timestamp) -> Result<usize, StoreError> {
        let age = i64::try_from(keep.age.as_micros()).unwrap_or(i64::MAX);
        let oldest = now.as_microsecond().saturating_sub(age);
        let last_to_go = self
            .read_at_length(move |db| {
                // Walks over as many rows of the index as are kept, which the writer must not wait for.
                let sql = "SELECT coalesce((SELECT id FROM audit WHERE anybodys = ?1
                                            ORDER BY id DESC LIMIT 1 OFFSET ?2), 0)";
                let of =
                    |anybodys: bool| find(db, sql, params![anybodys, keep.entries], |row| Ok(row.get(0)?));
                Ok([of(false)?.unwrap_or(0i64), of(true)?.unwrap_or(0)])
            })
            .await?;
        self.write(move |db| {
            let mut gone = 0;
            for (anybodys, last_to_go) in [false, true].into_iter().zip(last_to_go) {
                let sql = "DELETE FROM audit WHERE id IN (
                               SELECT id FROM audit WHERE anybodys = ?1 AND (id <= ?2 OR at < ?3)
                               ORDER BY id LIMIT ?4)";
                gone += execute(db, sql, params![anybodys, last_to_go, oldest, TRIMMED])?;
            }
            Ok(gone)
        })
        .await
    }
}

/// Notes an event in the transaction of what it is about.
pub(super) fn record(
    db: &Connection,
    event: Event,
    subject: Option<UserId>,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute(
        db,
        "INSERT INTO audit (at, event, anybodys, subject_id, actor_id, session_id, address, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            now.as_microsecond(),
            event.name(),
            event.is_anybodys(),
            subject.map(UserId::get),
            actor.user.map(UserId::get),
            actor.session.as_ref().map(SessionId::as_bytes),
            actor.address.map(|address| address.to_string()),
            event.detail(),
        ],
    )
    .map(drop)
}

fn entry_in(row: &Row<'_>) -> Result<Entry, StoreError> {
    let user = |number: Option<i64>| number.map(users::id_in).transpose();
    let address: Option<String> = row.get(6)?;
    let address = address.map(|text| text.parse::<IpAddr>()).transpose();
    Ok(Entry {
        id: row.get(0)?,
        at: time_at(row.get(1)?)?,
        event: row.get(2)?,
        subject: user(row.get(3)?)?,
        actor: Actor {
            user: user(row.get(4)?)?,
            session: row.get::<_, Option<[u8; 16]>>(5)?.map(SessionId::from_bytes),
            address: address
                .map_err(|why| StoreError::Corrupt(format!("an address in the audit log: {why}")))?,
        },
        detail: row.get(7)?,
    })
}
