//! The audit log, in PostgreSQL's dialect.

use jiff::Timestamp;

use super::columns::{Columns, digest_in};
use super::conditions::Conditions;
use super::connection::Db;
use super::failure::Failure;
use super::{Postgres, at, before};
use crate::{Context, Listing, MAX_PAGE_SIZE, Page, StoreError};
use accounts::TokenDigest;
use accounts::audit::{Actor, Class, Entry, Event, Filter, Retention};
use ids::{SessionId, UserId};

/// Entries of a class that are deleted at a time, so that no transaction is long.
const BATCH: i64 = 1_000;

/// The columns that [`entry_in`] reads, and the rest of the statement.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, at, event, subject_id, actor_id, session_id, address, detail FROM audit ", $rest)
    };
}

impl Postgres {
    pub async fn audit(
        &self,
        event: Event,
        subject: Option<UserId>,
        context: Context,
    ) -> Result<(), StoreError> {
        let context = &context;
        self.write(move |db| async move { record(&db, event, subject, context).await }).await
    }

    pub async fn note_signing_key(
        &self,
        fingerprint: TokenDigest,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |db| async move {
            let sql = "SELECT value FROM meta WHERE name = 'signing_key'";
            let before = db.find(sql, &[], digest_in).await?.map(TokenDigest::from_bytes);
            if before == Some(fingerprint) {
                return Ok(false);
            }
            let sql = "INSERT INTO meta (name, value) VALUES ('signing_key', $1)
                       ON CONFLICT (name) DO UPDATE SET value = excluded.value";
            db.execute(sql, &[&fingerprint.as_bytes().as_slice()]).await?;
            if before.is_some() {
                record(&db, Event::SigningKeyChanged, None, &Context::operator(now)).await?;
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
        let conditions = conditions(filter).and("id < ?", page.after());
        let sql = conditions.first(page.rows_to_read(), select!(""), "id DESC");
        Ok(page.listing(self.entries(&conditions, &sql).await?, |entry| entry.id))
    }

    pub async fn audit_log_after(&self, filter: Filter, id: i64) -> Result<Vec<Entry>, StoreError> {
        let conditions = conditions(filter).and("id > ?", Some(id));
        self.entries(&conditions, &conditions.first(MAX_PAGE_SIZE, select!(""), "id")).await
    }

    async fn entries(&self, conditions: &Conditions, sql: &str) -> Result<Vec<Entry>, StoreError> {
        self.read_at_length(move |db| async move { db.list(sql, &conditions.params(), entry_in).await }).await
    }

    pub async fn count_audit_log(&self, filter: Filter) -> Result<u64, StoreError> {
        let conditions = &conditions(filter);
        self.read_at_length(move |db| async move { conditions.count(&db, "audit").await }).await
    }

    pub async fn audit_log_of(
        &self,
        user: UserId,
        page: Page<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, StoreError> {
        let entries = self.read_at_length(move |db| async move {
            // Two index scans. With an OR it could read and sort all entries for each page.
            let sql = concat!(
                "(",
                select!("WHERE subject_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
                ") UNION ALL (",
                select!("WHERE actor_id = $1 AND subject_id IS DISTINCT FROM $1 AND id < $2 ORDER BY id DESC LIMIT $3"),
                ") ORDER BY id DESC LIMIT $3"
            );
            let before = page.after().unwrap_or(i64::MAX);
            db.list(sql, &[&user.get(), &before, &i64::from(page.rows_to_read())], entry_in).await
        });
        Ok(page.listing(entries.await?, |entry| entry.id))
    }

    pub async fn trim_audit_log(&self, keep: Retention, now: Timestamp) -> Result<usize, StoreError> {
        let oldest = before(now, keep.age);
        let cuts =
            self.read_at_length(move |db| async move { cuts(&db, keep.entries, oldest).await }).await?;
        if cuts.is_empty() {
            return Ok(0);
        }
        let cuts = &cuts;
        let gone = self.write(move |db| async move {
            let sql = "DELETE FROM audit WHERE class = $1 AND id <= $2 AND (id <= $3 OR at < $4)";
            let mut gone = 0;
            for Cut { class, last, too_many } in cuts {
                gone += db.execute(sql, &[&number(*class), last, too_many, &at(oldest)]).await?;
            }
            Ok(gone)
        });
        Ok(usize::try_from(gone.await?).unwrap_or(usize::MAX))
    }
}

fn conditions(filter: Filter) -> Conditions {
    let Filter { event, subject, actor, since, until } = filter;
    Conditions::default()
        .and("event = ?", event.map(Event::name))
        .and("subject_id = ?", subject.map(UserId::get))
        .and("actor_id = ?", actor.map(UserId::get))
        .and("at >= ?", since.map(at))
        .and("at < ?", until.map(at))
}

/// The entries of one class to delete, among its oldest [`BATCH`].
struct Cut {
    class: Class,
    /// The last entry to delete.
    last: i64,
    /// Entries up to this one are beyond the limit.
    too_many: i64,
}

async fn cuts(db: &Db, entries: u32, oldest: Timestamp) -> Result<Vec<Cut>, Failure> {
    let mut cuts = Vec::new();
    for class in Class::ALL {
        let sql = "SELECT id FROM audit WHERE class = $1 ORDER BY id DESC LIMIT 1 OFFSET $2";
        let too_many = db.number(sql, &[&number(class), &i64::from(entries)]).await?;
        let sql =
            "SELECT max(id) FROM (SELECT id, at FROM audit WHERE class = $1 ORDER BY id LIMIT $2) AS old
                   WHERE id <= $3 OR at < $4";
        let last = db.number(sql, &[&number(class), &BATCH, &too_many, &at(oldest)]).await?;
        if last > 0 {
            cuts.push(Cut { class, last, too_many });
        }
    }
    Ok(cuts)
}

fn number(class: Class) -> i16 {
    class.number().into()
}

/// Records an event in the transaction that it is about.
pub(super) async fn record(
    db: &Db,
    event: Event,
    subject: Option<UserId>,
    context: &Context,
) -> Result<(), Failure> {
    record_with(db, (event, event.detail().as_deref()), subject, context).await
}

/// [`record`] for an event that is about a client.
pub(super) async fn record_client(
    db: &Db,
    (event, client): (Event, &str),
    subject: Option<UserId>,
    context: &Context,
) -> Result<(), Failure> {
    record_with(db, (event, Some(client)), subject, context).await
}

async fn record_with(
    db: &Db,
    (event, detail): (Event, Option<&str>),
    subject: Option<UserId>,
    Context { actor, now }: &Context,
) -> Result<(), Failure> {
    let sql = "INSERT INTO audit (at, event, class, subject_id, actor_id, session_id, address, detail)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let class = number(event.class(subject, actor.user));
    let (subject, user) = (subject.map(UserId::get), actor.user.map(UserId::get));
    let session = actor.session.as_ref().map(|id| SessionId::as_bytes(id).as_slice());
    let address = actor.address.map(|address| address.to_string());
    db.execute(sql, &[&at(*now), &event.name(), &class, &subject, &user, &session, &address, &detail])
        .await
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
            session: columns.optional_bytes()?.map(SessionId::from_bytes),
            api_token: None,
            application: None,
            address: columns.address()?,
        },
        detail: columns.get()?,
    })
}
