//! The audit log, in SQLite's dialect.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row, params, params_from_iter};

use super::conditions::Conditions;
use super::{Sqlite, cached, execute, find, time_at, users};
use crate::{Context, Listing, Page, StoreError};
use accounts::TokenDigest;
use accounts::{audit::Actor, audit::Class, audit::Entry, audit::Event, audit::Filter, audit::Retention};
use ids::{SessionId, UserId};

/// How many entries are forgotten at a time, so that no writer waits long for it.
const TRIMMED: u16 = 1_000;

/// The columns of an [`Entry`], in the order in which [`entry_in`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, at, event, subject_id, actor_id, session_id, address, detail FROM audit ", $rest)
    };
}

impl Sqlite {
    pub async fn audit(
        &self,
        event: Event,
        subject: Option<UserId>,
        context: Context,
    ) -> Result<(), StoreError> {
        self.write(move |db| record(db, event, subject, &context)).await
    }

    pub async fn note_signing_key(
        &self,
        fingerprint: TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| {
            let sql = "SELECT value FROM meta WHERE name = 'signing_key'";
            let before = find(db, sql, [], |row| Ok(TokenDigest::from_bytes(row.get(0)?)))?;
            if before == Some(fingerprint) {
                return Ok(false);
            }
            let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('signing_key', ?1)";
            execute(db, sql, [fingerprint.as_bytes()])?;
            if before.is_some() {
                record(db, Event::SigningKeyChanged, None, &Context::operator(now))?;
            }
            Ok(before.is_some())
        })
        .await
    }

    pub async fn audit_log(
        &self,
        filter: Filter,
        page: Page<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, StoreError> {
        let conditions = conditions(filter).and("id < ?", page.after().map(|before| [before.into()]));
        let (sql, params) = conditions.first(page.rows_to_read(), select!(""), "id DESC");
        self.read_at_length(move |db| {
            Ok(page.listing(listed(db, &sql, params_from_iter(params))?, |entry| entry.id))
        })
        .await
    }

    pub async fn count_audit_log(&self, filter: Filter) -> Result<u64, StoreError> {
        self.read_at_length(move |db| conditions(filter).count(db, "audit")).await
    }

    pub async fn audit_log_of(
        &self,
        user: UserId,
        page: Page<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, StoreError> {
        self.read_at_length(move |db| {
            // Two walks along an index each, which SQLite merges; with an OR it would read and sort everything for each page.
            let sql = concat!(
                select!("WHERE subject_id = ?1 AND id < ?2 UNION ALL "),
                select!("WHERE actor_id = ?1 AND subject_id IS NOT ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
            );
            let before = page.after().unwrap_or(i64::MAX);
            let entries = listed(db, sql, params![user.get(), before, page.rows_to_read()])?;
            Ok(page.listing(entries, |entry| entry.id))
        })
        .await
    }

    pub async fn trim_audit_log(&self, keep: Retention, now: Timestamp) -> Result<usize, StoreError> {
        let age = i64::try_from(keep.age.as_micros()).unwrap_or(i64::MAX);
        let oldest = now.as_microsecond().saturating_sub(age);
        // Walks over as many rows of the index as are kept, which the writer must not wait for; he hears of it only when
        // there is something to forget.
        let cuts = self.read_at_length(move |db| cuts(db, keep.entries, oldest)).await?;
        if cuts.is_empty() {
            return Ok(0);
        }
        self.write(move |db| {
            let sql = "DELETE FROM audit WHERE class = ?1 AND id <= ?2 AND (id <= ?3 OR at < ?4)";
            cuts.iter().try_fold(0, |gone, cut| {
                let Cut { class, last, too_many } = cut;
                Ok(gone + execute(db, sql, params![class.number(), last, too_many, oldest])?)
            })
        })
        .await
    }
}

fn conditions(filter: Filter) -> Conditions {
    let Filter { event, subject, actor, since, until } = filter;
    Conditions::default()
        .and("event = ?", event.map(|event| [event.name().to_owned().into()]))
        .and("subject_id = ?", subject.map(|user| [user.get().into()]))
        .and("actor_id = ?", actor.map(|user| [user.get().into()]))
        .and("at >= ?", since.map(|at| [at.as_microsecond().into()]))
        .and("at < ?", until.map(|at| [at.as_microsecond().into()]))
}

/// What is to be forgotten of one class, among its oldest [`TRIMMED`] entries.
struct Cut {
    class: Class,
    /// The last entry that goes.
    last: i64,
    /// Up to here there are more than may be kept.
    too_many: i64,
}

fn cuts(db: &Connection, entries: u32, oldest: i64) -> Result<Vec<Cut>, StoreError> {
    let mut cuts = Vec::new();
    for class in Class::ALL {
        let sql = "SELECT id FROM audit WHERE class = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
        let too_many =
            find(db, sql, params![class.number(), entries], |row| Ok(row.get(0)?))?.unwrap_or(0i64);
        let sql = "SELECT max(id) FROM (SELECT id, at FROM audit WHERE class = ?1 ORDER BY id LIMIT ?2)
                   WHERE id <= ?3 OR at < ?4";
        let last = find(db, sql, params![class.number(), TRIMMED, too_many, oldest], |row| Ok(row.get(0)?))?;
        cuts.extend(last.flatten().map(|last: i64| Cut { class, last, too_many }));
    }
    Ok(cuts)
}

/// Notes an event in the transaction of what it is about.
pub(super) fn record(
    db: &Connection,
    event: Event,
    subject: Option<UserId>,
    context: &Context,
) -> Result<(), StoreError> {
    let Context { actor, now } = context;
    execute(
        db,
        "INSERT INTO audit (at, event, class, subject_id, actor_id, session_id, address, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            now.as_microsecond(),
            event.name(),
            event.class(subject, actor.user).number(),
            subject.map(UserId::get),
            actor.user.map(UserId::get),
            actor.session.as_ref().map(SessionId::as_bytes),
            actor.address.map(|address| address.to_string()),
            event.detail(),
        ],
    )
    .map(drop)
}

fn listed(db: &Connection, sql: &str, params: impl Params) -> Result<Vec<Entry>, StoreError> {
    let mut statement = cached(db, sql)?;
    let mut rows = statement.query(params)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry_in(row)?);
    }
    Ok(entries)
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
