//! The store in one file on this machine: a writer thread and read-only connections, on SQLite.

mod admin;
mod api_tokens;
mod audit;
mod conditions;
mod failure;
mod file;
mod instance;
mod invitations;
mod log;
mod mail_tokens;
mod migrate;
mod passwords;
mod reader;
mod recipes;
mod sessions;
mod users;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row};

use self::reader::{MAX_AGE, Readers};
use self::writer::{Kind, Writer};
use crate::cache::{Policy, ReadCache};
use crate::{SessionUser, StoreError, Unavailable};
use ids::{SessionId, UserId};

#[derive(Clone)]
pub struct Sqlite(Arc<Inner>);

struct Inner {
    writer: Writer,
    readers: Arc<Readers>,
    sessions: ReadCache<(SessionId, UserId), SessionUser>,
    is_new: bool,
}

impl Sqlite {
    pub async fn open(path: &Path, now: Timestamp) -> Result<Self, String> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::open_blocking(&path, now)).await;
        opened.unwrap_or_else(|why| Err(why.to_string()))
    }

    fn open_blocking(path: &Path, now: Timestamp) -> Result<Self, String> {
        let mut connection = file::open(path)?;
        let was = migrate::run(&mut connection, now).map_err(|why| why.to_string())?;
        let readers = Arc::new(Readers::of(path));
        let writer = Writer::start(connection, Arc::clone(&readers))
            .map_err(|why| format!("the writer's thread does not start: {why}"))?;
        let sessions = ReadCache::new(Policy { changes: readers.account_commit_counter(), max_age: MAX_AGE });
        Ok(Self(Arc::new(Inner { writer, readers, sessions, is_new: was == migrate::Schema::Absent })))
    }

    pub fn is_new(&self) -> bool {
        self.0.is_new
    }

    pub fn ready(&self) -> Result<(), StoreError> {
        if !self.0.writer.is_alive() {
            return Err(Unavailable::Closed.into());
        }
        self.read(|db| Ok(cached(db, "SELECT 1 FROM migrations")?.exists([])?)).map(drop)
    }

    pub async fn close(&self) {
        self.0.writer.close().await;
    }

    pub(crate) fn recipe_cache_policy(&self) -> Policy {
        Policy { changes: self.0.readers.commit_counter(), max_age: MAX_AGE }
    }

    /// Runs a query on the caller's own thread.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.0.readers.read(query, || self.0.writer.watch())
    }

    /// Runs a query that can take long where nobody waits for the thread.
    async fn read_at_length<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.0.readers);
        let done = tokio::task::spawn_blocking(move || readers.read_at_length(query)).await;
        done.unwrap_or_else(|why| Err(StoreError::Bug(why.to_string())))
    }

    /// Runs a write in the writer's next transaction; returns when that is on disk.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write(Kind::Any, work).await
    }

    /// The same for a statement that changes one row of `recipes` and nothing else, which is a third less work.
    async fn write_recipe_row<T: Send + 'static>(
        &self,
        statement: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.write(Kind::RecipeRow, statement).await
    }

    /// Asks for a write that nobody waits for.
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

/// Runs a statement for its effect; says how many rows it changed.
fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<usize, StoreError> {
    Ok(cached(db, sql)?.execute(params)?)
}

/// What `read` makes of the row that there is at most one of.
fn find<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    cached(db, sql)?.query_row(params, |row| Ok(read(row))).optional()?.transpose()
}

fn time_at(microseconds: i64) -> Result<Timestamp, StoreError> {
    let corrupt = |why: jiff::Error| StoreError::Corrupt(why.to_string());
    Timestamp::from_microsecond(microseconds).map_err(corrupt)
}
