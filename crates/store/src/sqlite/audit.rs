//! The audit log, in SQLite's dialect.

use jiff::Timestamp;
use rusqlite::{Connection, params, params_from_iter};

use super::columns::Columns;
use super::conditions::Conditions;
use super::{Sqlite, execute, find_value, list, microseconds_before};
use crate::{Context, Listing, MAX_PAGE_SIZE, Page, StoreError};
use accounts::TokenDigest;
use accounts::audit::{Actor, Class, Entry, Event, Filter, Retention};
use ids::{SessionId, UserId};

/// Entries of a class that are deleted at a time, so that no other write waits long.
const BATCH: u16 = 1_000;

/// The columns that [`entry_in`] reads, and the rest of the statement.
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
            let before = find_value(db, sql, [])?.map(TokenDigest::from_bytes);
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
            Ok(page.listing(list(db, &sql, params_from_iter(params), entry_in)?, |entry| entry.id))
        })
        .await
    }

    pub async fn audit_log_after(&self, filter: Filter, id: i64) -> Result<Vec<Entry>, StoreError> {
        let conditions = conditions(filter).and("id > ?", Some([id.into()]));
        let (sql, params) = conditions.first(MAX_PAGE_SIZE, select!(""), "id");
        self.read_at_length(move |db| list(db, &sql, params_from_iter(params), entry_in)).await
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
            // SQLite merges two index scans. With an OR it would read and sort all entries for each page.
            let sql = concat!(
                select!("WHERE subject_id = ?1 AND id < ?2 UNION ALL "),
                select!("WHERE actor_id = ?1 AND subject_id IS NOT ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3")
            );
            let before = page.after().unwrap_or(i64::MAX);
            let entries = list(db, sql, params![user.get(), before, page.rows_to_read()], entry_in)?;
            Ok(page.listing(entries, |entry| entry.id))
        })
        .await
    }

    pub async fn trim_audit_log(&self, keep: Retention, now: Timestamp) -> Result<usize, StoreError> {
        let oldest = microseconds_before(now, keep.age);
        // Scans as many rows of the index as are kept, so it runs outside the writer. The writer only deletes.
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

/// The entries of one class to delete, among its oldest [`BATCH`].
struct Cut {
    class: Class,
    /// The last entry to delete.
    last: i64,
    /// Entries up to this one are beyond the limit.
    too_many: i64,
}

fn cuts(db: &Connection, entries: u32, oldest: i64) -> Result<Vec<Cut>, StoreError> {
    let mut cuts = Vec::new();
    for class in Class::ALL {
        let sql = "SELECT id FROM audit WHERE class = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
        let too_many = find_value(db, sql, params![class.number(), entries])?.unwrap_or(0i64);
        let sql = "SELECT max(id) FROM (SELECT id, at FROM audit WHERE class = ?1 ORDER BY id LIMIT ?2)
                   WHERE id <= ?3 OR at < ?4";
        let last: Option<Option<i64>> =
            find_value(db, sql, params![class.number(), BATCH, too_many, oldest])?;
        cuts.extend(last.flatten().map(|last| Cut { class, last, too_many }));
    }
    Ok(cuts)
}

/// Records an event in the transaction that it is about.
pub(super) fn record(
    db: &Connection,
    event: Event,
    subject: Option<UserId>,
    context: &Context,
) -> Result<(), StoreError> {
    record_with(db, (event, event.detail().as_deref()), subject, context)
}

/// [`record`] for an event that is about a client.
pub(super) fn record_client(
    db: &Connection,
    (event, client): (Event, &str),
    subject: Option<UserId>,
    context: &Context,
) -> Result<(), StoreError> {
    record_with(db, (event, Some(client)), subject, context)
}

fn record_with(
    db: &Connection,
    (event, detail): (Event, Option<&str>),
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
            detail,
        ],
    )
    .map(drop)
}

fn entry_in(columns: &mut Columns<'_>) -> Result<Entry, StoreError> {
    Ok(Entry {
        id: columns.get()?,
        at: columns.time()?,
        event: columns.get()?,
        subject: columns.optional_user_id()?,
        actor: Actor {
            user: columns.optional_user_id()?,
            session: columns.get::<Option<[u8; 16]>>()?.map(SessionId::from_bytes),
            api_token: None,
            application: None,
            address: columns.address()?,
        },
        detail: columns.get()?,
    })
}
