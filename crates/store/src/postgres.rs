//! The store in a PostgreSQL database, which several processes may share.
//!
//! - Reads go over a few shared connections, whose statements are pipelined: a statement is sent before the answer to the
//!   one before it has come. What can be long has connections of its own, as it would delay all that is behind it.
//! - Single recipes are read in batches, see `recipe_reader.rs`.
//! - New recipes are written in batches, see `writer.rs`.
//! - Every other use case that writes is one `SERIALIZABLE` transaction. PostgreSQL lets it fail if another one was in its
//!   way, and then it is run again, so no rule depends on the order of writes.

mod access_changes;
mod api_tokens;
mod applications;
mod audit;
mod authority;
mod backup;
mod backup_schedule;
mod bin;
mod changes;
mod clients;
mod columns;
mod conditions;
mod connection;
mod cooked;
mod deletion;
mod edits;
mod ending;
mod failure;
mod favourites;
mod feed;
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
mod logouts;
mod mail_tokens;
mod mails;
mod migrate;
mod parameters;
mod passwords;
mod plans;
mod quota;
mod ratings;
mod recipe_reader;
mod recipe_row;
mod recipe_snapshot;
mod recipe_state;
mod recipes;
mod requests;
mod revisions;
mod revocations;
mod sessions;
mod shared_connections;
mod shared_limits;
mod shares;
mod shopping;
mod statistics;
mod times;
mod transactions;
mod transfer;
mod user_row;
mod users;
mod webhooks;
mod writer;

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ids::{RecipeId, SessionId, UserId};
use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use self::access_changes::AccessChanges;
pub(crate) use self::backup::restore;
use self::connection::{Connections, Db, LONG_PATIENCE, PATIENCE};
use self::failure::Failure;
pub(crate) use self::inspect::inspect;
use self::recipe_reader::RecipeReader;
use self::times::{at, before, time_at};
use self::writer::RecipeWriter;
use crate::cache::{Contention, LastCheck, Policy};
use crate::commit_metrics::CommitMetrics;
use crate::idempotency::OnceWrite;
use crate::slow;
use crate::url::PostgresAddress;
use crate::{ReadCache, SessionUser, StoreError, StoredRecipe, Unavailable};
use ::recipes::{RecipeState, Usage};

/// Connections that reads share.
const SHARED: usize = 4;
/// Connections for transactions.
const TRANSACTIONS: usize = 16;
/// Connections for long reads.
const LONG_READS: usize = 2;
/// Recipes of other processes' writes stay unseen no longer than this.
const MAX_AGE: Duration = Duration::from_millis(50);
/// So do ended sessions and changed accounts; see `access_changes.rs` for why it is rarely as long.
const MAX_SESSION_AGE: Duration = Duration::from_secs(1);
/// A transaction is tried again for this long.
const RETRIES: Duration = Duration::from_secs(10);
/// Notes of use that wait. What does not fit is dropped: the next use notes it.
const LATER: usize = 1_000;

#[derive(Clone)]
pub struct Postgres(Arc<Inner>, Option<Arc<OnceWrite>>);

struct Inner {
    shared: Connections,
    slots: [Mutex<Option<Db>>; SHARED],
    next_slot: AtomicUsize,
    reader: RecipeReader,
    transactions: Connections,
    writer: RecipeWriter,
    long_reads: Connections,
    /// A connection for backups, which may take minutes.
    apart: Connections,
    /// Held by the transaction that is tried again, so that those of this process do not fail by each other for ever.
    retry: Mutex<()>,
    /// Counts what may have changed recipes: commits of this process.
    commits: Arc<AtomicU64>,
    /// Counts what may have changed sessions and accounts: commits of this process, and changes of the others.
    access_changes: Arc<AtomicU64>,
    last_check: Arc<LastCheck>,
    /// From the first look-up of a session on. Commands that look up none do not need it.
    follower: OnceLock<AccessChanges>,
    address: PostgresAddress,
    sessions: ReadCache<(SessionId, UserId), SessionUser>,
    recipes: ReadCache<RecipeId, (RecipeState, StoredRecipe)>,
    usages: ReadCache<UserId, Usage>,
    /// Sessions whose use was noted a moment ago.
    noted_uses: ReadCache<(SessionId, Timestamp), ()>,
    later: Arc<Semaphore>,
    metrics: CommitMetrics,
    is_closed: AtomicBool,
    is_new: bool,
}

impl Postgres {
    pub(crate) async fn open(address: &PostgresAddress, now: Timestamp) -> Result<Self, String> {
        let db = connect(&Connections::new(address, 1, LONG_PATIENCE)?).await?;
        let is_new = migrate::run(&db, now).await?;
        drop(db);
        let transactions = Connections::new(address, TRANSACTIONS, PATIENCE)?;
        let (commits, metrics) = (Arc::<AtomicU64>::default(), CommitMetrics::register());
        let access_changes: Arc<AtomicU64> = Arc::default();
        let last_check = Arc::new(LastCheck::never());
        let sessions = Policy {
            changes: Arc::clone(&access_changes),
            max_age: MAX_SESSION_AGE,
            last_check: Some(Arc::clone(&last_check)),
            contention: Contention::Wait,
        };
        let recipes = recipe_policy(&commits);
        let noted_uses = Policy { changes: Arc::default(), max_age: MAX_SESSION_AGE, ..recipes.clone() };
        let inner = Inner {
            shared: Connections::new(address, SHARED, PATIENCE)?,
            slots: Default::default(),
            next_slot: AtomicUsize::new(0),
            reader: RecipeReader::start(address)?,
            transactions,
            writer: RecipeWriter::start(address, &commits, metrics.clone())?,
            long_reads: Connections::new(address, LONG_READS, LONG_PATIENCE)?,
            apart: Connections::new(address, 1, LONG_PATIENCE)?,
            retry: Mutex::default(),
            commits,
            access_changes,
            last_check,
            follower: OnceLock::new(),
            address: address.clone(),
            sessions: ReadCache::new(sessions),
            usages: ReadCache::new(recipes.clone()),
            recipes: ReadCache::new(recipes),
            noted_uses: ReadCache::new(noted_uses),
            later: Arc::new(Semaphore::new(LATER)),
            metrics,
            is_closed: AtomicBool::new(false),
            is_new,
        };
        Ok(Self(Arc::new(inner), None))
    }

    pub(crate) async fn exists(address: &PostgresAddress) -> Result<bool, String> {
        let db = connect(&Connections::new(address, 1, PATIENCE)?).await?;
        migrate::has_migrations(&db).await.map_err(|failure| StoreError::from(failure).to_string())
    }

    pub fn is_new(&self) -> bool {
        self.0.is_new
    }

    pub async fn ready(&self) -> Result<(), StoreError> {
        self.read(move |db| async move { db.exists("SELECT 1 FROM migrations LIMIT 1", &[]).await })
            .await
            .map(drop)
    }

    /// Waits for the writes that were asked for before.
    pub async fn close(&self) {
        self.0.writer.close().await;
        let all = u32::try_from(LATER).unwrap_or(u32::MAX);
        let _ = self.0.later.acquire_many(all).await;
        self.0.later.close();
        self.0.is_closed.store(true, Ordering::Release);
        for connections in [&self.0.shared, &self.0.transactions, &self.0.long_reads, &self.0.apart] {
            connections.close();
        }
        self.0.reader.close();
    }

    pub(crate) fn recipe_cache_policy(&self) -> Policy {
        recipe_policy(&self.0.commits)
    }

    fn follow_access_changes(&self) {
        self.0.follower.get_or_init(|| {
            let (count, last_check) = (Arc::clone(&self.0.access_changes), Arc::clone(&self.0.last_check));
            AccessChanges::follow(&self.0.address, count, last_check)
        });
    }

    /// Runs a short query on a shared connection; on another one if that turns out to be closed.
    ///
    /// The future is boxed, as those of the methods below: the futures of `Store`'s methods have room for either arm, and a
    /// read of SQLite must not move the state of a connection about.
    fn read<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        query: impl Fn(Db) -> F,
    ) -> Pin<Box<impl Future<Output = Result<T, StoreError>>>> {
        Box::pin(async move {
            let begun = std::time::Instant::now();
            for _ in 0..SHARED {
                match query(self.shared().await?).await {
                    // The connection was lost, or the plan of the statement was outdated; so may those of the others be.
                    Err(
                        Failure::Conflict
                        | Failure::Store(StoreError::Unavailable(Unavailable::Disconnected)),
                    ) => {}
                    outcome => {
                        slow::waited("postgresql", "read", begun);
                        return Ok(outcome?);
                    }
                }
            }
            Ok(query(self.shared().await?).await?)
        })
    }

    /// Runs a query that can take long.
    fn read_at_length<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        query: impl FnOnce(Db) -> F,
    ) -> Pin<Box<impl Future<Output = Result<T, StoreError>>>> {
        Box::pin(async move {
            let begun = std::time::Instant::now();
            let db = self.0.long_reads.get().await.map_err(Failure::from)?;
            let outcome = query(db).await;
            slow::waited("postgresql", "read", begun);
            Ok(outcome?)
        })
    }
}

/// Of caches whose values every commit may change.
fn recipe_policy(commits: &Arc<AtomicU64>) -> Policy {
    let changes = Arc::clone(commits);
    Policy { changes, max_age: MAX_AGE, last_check: None, contention: Contention::Wait }
}

/// Connects, or says why not in one line.
async fn connect(connections: &Connections) -> Result<Db, String> {
    connections.get().await.map_err(|why| failure::in_words(&why))
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres(..)")
    }
}
