//! Creates recipes in batches: group commit.
//!
//! One of a few tasks takes all new recipes that wait, inserts them with one statement of one transaction, and answers every caller
//! after the commit. With 32 clients that makes four times as many durable writes as a transaction for each recipe.
//! If every recipe is allowed, one round trip does it, see `at_once.rs`. Otherwise a round trip reads what the decisions
//! depend on, and a second one writes.
//!
//! What must hold:
//! - A caller is answered with success only if every statement of the batch succeeded: after an error in between,
//!   PostgreSQL answers COMMIT with success, too. A batch that fails is written row by row, so one bad row fails alone.
//! - The rows that `INSERT` returns are matched by `uid`: their order is not promised.
//!
//! Batches are READ COMMITTED, so they never fail by each other:
//! - Rights: account and credential of the actor are read in the transaction. What takes rights away reads no recipes, so a
//!   batch that began before it counts as earlier. Only the deletion of an account must see all recipes: the foreign key
//!   locks the owner until the commit, and a deletion that misses a recipe fails and is tried again.
//! - Quotas: the owners' rows of `usages` are locked until the commit, always in the order of their ids. So writers of all
//!   processes take turns for an owner, and each of them sees what the others have added.

mod at_once;

use std::collections::{BTreeSet, HashMap};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ids::{RecipeId, Uid, UserId};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::connection::{Connections, Db, Isolation, PATIENCE, PLANNED_ONCE};
use super::failure::Failure;
use super::recipe_row::{RecipeColumns, RecipeRow, id_and_uid_in, insert_recipes};
use super::{RETRIES, authority, quota};
use crate::commit_metrics::CommitMetrics;
use crate::slow::{self, Phases};
use crate::url::PostgresAddress;
use crate::{Context, StoreError, StoredRecipe, Unavailable};
use ::recipes::{Quotas, Usage};

/// Each has one connection.
const WRITERS: usize = 2;
/// While one batch is written, the next one is collected. Two at a time would be smaller, and those with recipes of the same owner
/// would wait for each other: 32 clients, or 128, get a quarter less done. A batch that takes longer than this may wait for a lock,
/// so another writer goes on with recipes of other owners.
const ALONE: Duration = Duration::from_millis(20);
/// Recipes of one batch at most.
const BATCH: usize = 256;
/// Recipes that wait at most.
const WAITING: usize = 4_096;

/// A recipe to create.
pub(super) struct Job {
    pub(super) row: RecipeRow,
    pub(super) quotas: Quotas,
    pub(super) context: Context,
}

/// A job whose caller waits for the reply.
struct Waiting {
    job: Job,
    reply: oneshot::Sender<Result<StoredRecipe, StoreError>>,
    _place: OwnedSemaphorePermit,
}

/// The queue of the writers. They end when it is dropped.
pub(super) struct RecipeWriter {
    queue: mpsc::UnboundedSender<Waiting>,
    places: Arc<Semaphore>,
}

impl RecipeWriter {
    /// Starts the writers. `commits` counts their commits.
    pub(super) fn start(
        address: &PostgresAddress,
        commits: &Arc<AtomicU64>,
        metrics: CommitMetrics,
    ) -> Result<Self, String> {
        let (queue, waiting) = mpsc::unbounded_channel();
        let writer = Writer {
            waiting: Arc::new(Mutex::new(waiting)),
            connections: Arc::new(Connections::with_settings(address, WRITERS, PATIENCE, PLANNED_ONCE)?),
            commits: Arc::clone(commits),
            metrics,
        };
        for _ in 0..WRITERS {
            tokio::spawn(writer.clone().run());
        }
        Ok(Self { queue, places: Arc::new(Semaphore::new(WAITING)) })
    }

    /// Returns when the recipe is on disk.
    pub(super) async fn create(&self, job: Job) -> Result<StoredRecipe, StoreError> {
        let begun = std::time::Instant::now();
        let place = timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await;
        let place = place.map_err(|_| Unavailable::TimedOut)?.map_err(|_| Unavailable::Closed)?;
        let (reply, outcome) = oneshot::channel();
        let waiting = Waiting { job, reply, _place: place };
        self.queue.send(waiting).map_err(|_| Unavailable::Closed)?;
        let outcome = outcome.await;
        slow::waited("postgresql", "write", begun);
        outcome.unwrap_or_else(|_| Err(Unavailable::Closed.into()))
    }

    /// Waits for the recipes that were asked for before; refuses those that come later.
    pub(super) async fn close(&self) {
        let _ = self.places.acquire_many(u32::try_from(WAITING).unwrap_or(u32::MAX)).await;
        self.places.close();
    }
}

#[derive(Clone)]
struct Writer {
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Waiting>>>,
    connections: Arc<Connections>,
    commits: Arc<AtomicU64>,
    metrics: CommitMetrics,
}

impl Writer {
    async fn run(self) {
        let mut batch = Vec::new();
        loop {
            let mut waiting = self.waiting.lock().await;
            if waiting.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            // The others have given up.
            batch.retain(|waiting| !waiting.reply.is_closed());
            if batch.is_empty() {
                continue;
            }
            let mut written = pin!(self.write(&mut batch));
            if timeout(ALONE, &mut written).await.is_err() {
                drop(waiting);
                written.await;
            }
        }
    }

    /// Writes the recipes and answers their callers.
    async fn write(&self, batch: &mut Vec<Waiting>) {
        let jobs: Vec<_> = batch.iter().map(|waiting| &waiting.job).collect();
        let inserted = match self.insert_at_once(&jobs).await {
            Ok(Some(ids)) => Ok(ids),
            // It may have been committed.
            Err(why @ Failure::Store(StoreError::Unavailable(_))) => Err(why),
            Ok(None) | Err(_) => self.insert(&jobs).await,
        };
        match inserted {
            Ok(ids) => {
                for (waiting, id) in batch.drain(..).zip(ids) {
                    answer(waiting, id);
                }
            }
            Err(Failure::Store(StoreError::Unavailable(why))) => {
                for waiting in batch.drain(..) {
                    answer(waiting, Err(why.into()));
                }
            }
            // Nothing was committed.
            Err(_) => {
                for waiting in batch.drain(..) {
                    let id = self.insert_one(&waiting.job).await;
                    answer(waiting, id);
                }
            }
        }
    }

    async fn insert_one(&self, job: &Job) -> Result<RecipeId, StoreError> {
        let give_up = Instant::now() + RETRIES;
        loop {
            match self.insert(&[job]).await {
                Err(Failure::Conflict) if Instant::now() < give_up => {}
                Err(why) => return Err(why.into()),
                Ok(mut ids) => return ids.pop().unwrap_or_else(|| Err(no_id())),
            }
        }
    }

    /// The id of each recipe, or why it was refused. After an error nothing was committed, except perhaps when the
    /// connection was lost.
    async fn insert(&self, jobs: &[&Job]) -> Result<Vec<Result<RecipeId, StoreError>>, Failure> {
        let begun = Instant::now();
        let Decided { db, decisions, connected } = match self.decide(jobs).await {
            // The server was restarted since the connection was used; nothing was written yet.
            Err(Failure::Store(StoreError::Unavailable(Unavailable::Disconnected))) => {
                self.decide(jobs).await?
            }
            outcome => outcome?,
        };
        let allowed = jobs.iter().zip(&decisions).filter(|(_, decision)| decision.is_ok());
        let rows: Vec<_> = allowed.map(|(job, _)| &job.row).collect();
        let ids = if rows.is_empty() {
            db.roll_back().await;
            HashMap::new()
        } else {
            let ran = insert_and_commit(&db, &rows).await?;
            let (statements, commit) = (ran.inserted_at - connected, ran.inserted_at.elapsed());
            Phases { wait: connected - begun, statements, commit }.log(rows.len());
            if ran.committed.is_err() || ran.ids.is_ok() {
                self.metrics.committed(rows.len(), connected.elapsed(), ran.committed.is_err());
            }
            ran.committed?;
            ran.ids?
        };
        self.commits.fetch_add(1, Ordering::Release);
        let ids = ids_of(jobs, &ids).into_iter();
        Ok(ids.zip(decisions).map(|(id, decision)| decision.and(id)).collect())
    }

    /// Begins a transaction and decides about each recipe.
    async fn decide(&self, jobs: &[&Job]) -> Result<Decided, Failure> {
        let db = self.connections.get().await?;
        let connected = Instant::now();
        let contexts: Vec<_> = jobs.iter().map(|job| job.context).collect();
        let owners: BTreeSet<_> = jobs.iter().filter_map(|job| job.row.fields.owner).collect();
        // Sent together, in this order.
        let (begun, actors, usages) = tokio::join!(
            biased;
            db.begin(Isolation::ReadCommitted),
            authority::all_current(&db, &contexts),
            quota::lock(&db, &owners),
        );
        begun?;
        let (actors, mut usages) = (actors?, usages?);
        let decisions = jobs.iter().zip(actors).map(|(job, authority)| {
            let authority = authority.ok_or(StoreError::ActorRevoked)?;
            authority::require_writer(authority)?;
            if authority.is_admin() { Ok(()) } else { job.take_from(&mut usages) }
        });
        let decisions = decisions.collect();
        Ok(Decided { db, decisions, connected })
    }
}

/// A transaction that has begun, and what it will do.
struct Decided {
    db: Db,
    decisions: Vec<Result<(), StoreError>>,
    connected: Instant,
}

impl Job {
    /// What the recipe adds to the usage of its owner.
    fn usage(&self) -> Usage {
        Usage { recipes: 1, bytes: self.row.text.len() as u64 }
    }

    /// Adds the recipe to its owner's usage, if the quotas allow it.
    fn take_from(&self, usages: &mut HashMap<UserId, Usage>) -> Result<(), StoreError> {
        let Some(owner) = self.row.fields.owner else { return Ok(()) };
        let usage = usages.entry(owner).or_default();
        let more = self.usage();
        if !self.quotas.allow(*usage, more) {
            return Err(StoreError::QuotaExceeded { usage: *usage, quotas: self.quotas });
        }
        *usage = usage.plus(more);
        Ok(())
    }
}

/// The outcomes of `INSERT` and `COMMIT`. Only if both succeeded, something was committed.
struct Ran {
    ids: Result<HashMap<Uid, RecipeId>, Failure>,
    inserted_at: Instant,
    committed: Result<(), Failure>,
}

/// Sends both statements at once.
async fn insert_and_commit(db: &Db, rows: &[&RecipeRow]) -> Result<Ran, Failure> {
    let sql = insert_recipes!("RETURNING id, uid");
    let columns = RecipeColumns::of(rows);
    // Otherwise COMMIT would be sent while the statement is prepared.
    db.prepare(sql).await?;
    let params = columns.params();
    let insert = async { (db.list(sql, &params, id_and_uid_in).await, Instant::now()) };
    let ((inserted, inserted_at), committed) = tokio::join!(biased; insert, db.commit());
    Ok(Ran { ids: inserted.map(|ids| ids.into_iter().collect()), inserted_at, committed })
}

fn answer(Waiting { job, reply, .. }: Waiting, id: Result<RecipeId, StoreError>) {
    // The caller may have given up.
    let _ = reply.send(id.map(|id| job.row.stored(id)));
}

/// The id of each of these recipes, in their order.
fn ids_of(jobs: &[&Job], ids: &HashMap<Uid, RecipeId>) -> Vec<Result<RecipeId, StoreError>> {
    let id_of = |job: &&Job| ids.get(&job.row.fields.uid).copied().ok_or_else(no_id);
    jobs.iter().map(id_of).collect()
}

fn no_id() -> StoreError {
    StoreError::Bug("an INSERT returned no id".to_owned())
}
