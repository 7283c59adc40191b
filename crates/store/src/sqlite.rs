//! The store in one file on this machine: a writer thread and read-only connections, on SQLite.

mod address_keys;
mod api_tokens;
mod applications;
mod audit;
mod authority;
mod backup;
mod backup_schedule;
mod bin;
mod changes;
mod checkpoint_mark;
mod clients;
mod columns;
mod conditions;
mod cooked;
mod create;
mod deletion;
mod edits;
mod ending;
mod failure;
mod favourites;
mod feed;
mod file;
mod grants;
mod households;
mod idempotency;
mod identities;
mod image_rows;
mod images;
mod imports;
mod inspect;
mod instance;
mod invitations;
mod log;
mod logouts;
mod mail_tokens;
mod mails;
mod migrate;
mod network;
mod passwords;
mod plans;
mod quota;
mod ratings;
mod reader;
mod recipe_row;
mod recipe_snapshot;
mod recipe_state;
mod recipes;
mod replace;
mod requests;
mod revisions;
mod revocations;
mod sessions;
mod shares;
mod shopping;
mod statistics;
mod transfer;
mod user_row;
mod users;
mod watch;
mod webhooks;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use accounts::Authority;
use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params};

pub(crate) use self::backup::restore;
use self::columns::Columns;
pub(crate) use self::inspect::inspect;
use self::reader::{MAX_AGE, Readers};
use self::recipe_row::RecipeRow;
use self::writer::{Undo, Writer};
use crate::cache::{Contention, Policy, ReadCache};
use crate::idempotency::OnceWrite;
use crate::{Context, SessionUser, StoreError, Unavailable};
use ::recipes::{Quotas, Usage};
use ids::{SessionId, UserId};

#[derive(Clone)]
pub struct Sqlite(Arc<Inner>, Option<Arc<OnceWrite>>);

struct Inner {
    writer: Writer,
    readers: Arc<Readers>,
    sessions: ReadCache<(SessionId, UserId), SessionUser>,
    usages: ReadCache<UserId, Usage>,
    is_new: bool,
    notices: Vec<String>,
}

impl Sqlite {
    pub async fn open(path: &Path, now: Timestamp) -> Result<Self, String> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&path, now)).await;
        opened.unwrap_or_else(|why| Err(why.to_string()))
    }

    fn open_blocking(path: &Path, now: Timestamp) -> Result<Self, String> {
        checkpoint_mark::refuse_foreign_log(path)?;
        let is_new = create::if_absent(path, now)?;
        let is_filled = std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
        let mut connection = file::open(path)?;
        // SQLite follows a symbolic link, and makes its other files beside the target.
        let path = &path.canonicalize().map_err(|why| why.to_string())?;
        network::warn_if_on_network(path);
        file::warn_of_permissions(path);
        if is_filled {
            file::quick_check(&mut connection)?;
            file::refuse_without_tables(&connection)?;
        }
        migrate::run(&mut connection, now).map_err(|why| why.to_string())?;
        let notices = address_keys::report_collisions(&connection).map_err(|why| why.to_string())?;
        let readers = Arc::new(Readers::of(path));
        let writer = Writer::start(connection, Arc::clone(&readers))
            .map_err(|why| format!("the writer's thread does not start: {why}"))?;
        let sessions = ReadCache::new(Policy {
            changes: readers.account_commit_counter(),
            max_age: MAX_AGE,
            last_check: None,
            contention: Contention::ReadDatabase,
        });
        let usages = ReadCache::new(recipe_policy(&readers));
        Ok(Self(Arc::new(Inner { writer, readers, sessions, usages, is_new, notices }), None))
    }

    pub fn is_new(&self) -> bool {
        self.0.is_new
    }

    pub fn notices(&self) -> &[String] {
        &self.0.notices
    }

    pub fn ready(&self) -> Result<(), StoreError> {
        if !self.0.writer.is_alive() {
            return Err(Unavailable::Closed.into());
        }
        self.0.writer.health().map_or(Ok(()), Err)?;
        self.read(|db| Ok(cached(db, "SELECT 1 FROM migrations")?.exists([])?)).map(drop)
    }

    pub async fn close(&self) {
        self.0.writer.close().await;
    }

    pub(crate) fn recipe_cache_policy(&self) -> Policy {
        recipe_policy(&self.0.readers)
    }

    /// Runs a query on the caller's own thread.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.0.readers.read(query, || self.0.writer.watch())
    }

    /// Runs a query that can take long, on the blocking pool.
    async fn read_at_length<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.0.readers);
        let done = tokio::task::spawn_blocking(move || readers.read_at_length(query)).await;
        done.unwrap_or_else(|why| Err(StoreError::Bug(why.to_string())))
    }

    /// Runs a write of a user or of the operator: [`write`](Self::write), after the actor's authority was checked in the
    /// same transaction. Every command with a [`Context`] comes through here, except those that bring a proof of their
    /// own, such as the token of a mail.
    async fn write_for<T: Send + 'static>(
        &self,
        context: Context,
        work: impl FnOnce(&Connection, Authority) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let once = self.1.clone();
        self.write(move |db| {
            let authority = authority::current(db, &context)?;
            match once {
                None => work(db, authority),
                Some(once) => idempotency::once(db, authority, &once, context.now, work),
            }
        })
        .await
    }

    /// Runs a write in the writer's next transaction; returns when that is on disk. For commands of the program itself,
    /// and for those that bring a proof of their own: a password hash, a refresh token, the token of a mail.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write(Undo::Savepoint, work).await
    }

    /// [`write_for`](Self::write_for) that adds one row to `recipes` without a savepoint, which is a third less work.
    /// Answers with the row's id.
    async fn insert_recipe(
        &self,
        row: RecipeRow,
        quotas: Quotas,
        context: Context,
    ) -> Result<(i64, RecipeRow), StoreError> {
        let insert = move |db: &Connection| {
            let authority = authority::current(db, &context)?;
            authority::require_writer(authority)?;
            row.insert(db, if authority.is_admin() { Quotas::OFF } else { quotas })?;
            Ok((db.last_insert_rowid(), row))
        };
        self.0.writer.write(Undo::Statement, insert).await
    }

    /// Queues a write without waiting for its outcome.
    fn write_later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) {
        self.0.writer.write_later(work);
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite(..)")
    }
}

/// The statement for this text, prepared at most once per connection.
fn cached<'a>(db: &'a Connection, sql: &str) -> Result<CachedStatement<'a>, StoreError> {
    Ok(db.prepare_cached(sql)?)
}

/// Of caches whose values every commit may change.
fn recipe_policy(readers: &Readers) -> Policy {
    let (changes, contention) = (readers.commit_counter(), Contention::ReadDatabase);
    Policy { changes, max_age: MAX_AGE, last_check: None, contention }
}

/// Runs a statement for its effect; says how many rows it changed.
fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    Ok(cached(db, sql)?.execute(params)?)
}

/// The row that there is at most one of.
fn find<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    cached(db, sql)?.query_row(params, |row| Ok(read(&mut Columns::of(row)))).optional()?.transpose()
}

/// The only column of the row that there is at most one of.
fn find_value<T: FromSql>(db: &Connection, sql: &str, params: impl Params) -> Result<Option<T>, StoreError> {
    Ok(cached(db, sql)?.query_row(params, |row| row.get(0)).optional()?)
}

/// All rows.
fn list<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = cached(db, sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&mut Columns::of(row))?);
    }
    Ok(found)
}

/// In microseconds since 1970, as times are stored.
fn microseconds_before(now: Timestamp, age: Duration) -> i64 {
    now.as_microsecond().saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}
