//! Reads single recipes in batches.
//!
//! What: a few tasks take all requests for one recipe that wait, find the recipes with one statement, and answer each caller.
//! Gains: a statement costs both servers more than the row that it finds. With 32 clients it finds a dozen.
//!
//! What must hold:
//! - No request waits for others: a batch is what arrived while the batches before it were read.
//! - A caller sees every write that was acknowledged before. The statement is sent after the request was taken from the queue.
//! - A row that cannot be read fails alone, as it would without a batch.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use ids::RecipeId;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;
use tokio_postgres::Row;

use super::columns::Columns;
use super::connection::{Connections, PATIENCE, PLANNED_ONCE};
use super::failure::Failure;
use super::parameters::Params;
use super::recipe_row::stored_in;
use super::recipe_state::state_in;
use crate::url::PostgresAddress;
use crate::{StoreError, StoredRecipe, Unavailable, slow};
use ::recipes::RecipeState;

/// Each has one connection. While the answer of one batch is read, the database works on the next one.
const READERS: usize = 2;
/// Recipes of one batch at most.
const BATCH: usize = 64;
/// A batch is read again on another connection this many times, as other short reads are.
const RETRIES: usize = 4;

/// A recipe, and the state that decides who may see it.
type Found = Option<(RecipeState, StoredRecipe)>;

/// A request whose caller waits for the reply.
struct Waiting {
    id: RecipeId,
    reply: oneshot::Sender<Result<Found, StoreError>>,
}

/// The queue of the readers. They end when it is dropped.
pub(super) struct RecipeReader {
    queue: mpsc::UnboundedSender<Waiting>,
    connections: Arc<Connections>,
}

impl RecipeReader {
    /// Starts the readers.
    pub(super) fn start(address: &PostgresAddress) -> Result<Self, String> {
        // The plan is kept. If it was made while the table was small, it would read all rows of a large one.
        let settings = format!("{PLANNED_ONCE} -c enable_seqscan=off");
        let connections = Arc::new(Connections::with_settings(address, READERS, PATIENCE, &settings)?);
        let (queue, waiting) = mpsc::unbounded_channel();
        let reader = Reader { waiting: Arc::new(Mutex::new(waiting)), connections: Arc::clone(&connections) };
        for _ in 0..READERS {
            tokio::spawn(reader.clone().run());
        }
        Ok(Self { queue, connections })
    }

    /// Boxed as `Postgres::read` is.
    pub(super) fn read(&self, id: RecipeId) -> Pin<Box<impl Future<Output = Result<Found, StoreError>>>> {
        Box::pin(async move {
            let begun = Instant::now();
            let (reply, outcome) = oneshot::channel();
            self.queue.send(Waiting { id, reply }).map_err(|_| Unavailable::Closed)?;
            // For a connection, and for the statement. Readers that wait for a peer that hangs do not empty the queue.
            let outcome = timeout(2 * PATIENCE, outcome).await;
            slow::waited("postgresql", "read", begun);
            let outcome = outcome.map_err(|_| Unavailable::TimedOut)?;
            outcome.unwrap_or_else(|_| Err(Unavailable::Closed.into()))
        })
    }

    pub(super) fn status(&self) -> deadpool_postgres::Status {
        self.connections.status()
    }

    /// Requests that come later are refused.
    pub(super) fn close(&self) {
        self.connections.close();
    }
}

#[derive(Clone)]
struct Reader {
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<Waiting>>>,
    connections: Arc<Connections>,
}

impl Reader {
    async fn run(self) {
        let mut batch = Vec::new();
        while self.waiting.lock().await.recv_many(&mut batch, BATCH).await > 0 {
            // The others have given up.
            batch.retain(|waiting| !waiting.reply.is_closed());
            if !batch.is_empty() {
                self.answer(&mut batch).await;
            }
        }
    }

    async fn answer(&self, batch: &mut Vec<Waiting>) {
        match self.rows(batch.iter().map(|waiting| waiting.id.get()).collect()).await {
            Ok(rows) => {
                let rows: HashMap<_, _> = rows.iter().map(|row| (id_in(row), row)).collect();
                for Waiting { id, reply } in batch.drain(..) {
                    // The caller may have given up.
                    let _ = reply.send(rows.get(&Some(id)).map(|row| found_in(row)).transpose());
                }
            }
            Err(Failure::Store(StoreError::Unavailable(why))) => {
                for Waiting { reply, .. } in batch.drain(..) {
                    let _ = reply.send(Err(why.into()));
                }
            }
            // A damaged row fails the statement.
            Err(_) => {
                for Waiting { id, reply } in batch.drain(..) {
                    let _ = reply.send(self.read_alone(id).await);
                }
            }
        }
    }

    async fn read_alone(&self, id: RecipeId) -> Result<Found, StoreError> {
        self.rows(vec![id.get()]).await?.first().map(found_in).transpose()
    }

    /// The rows of these recipes, in any order.
    async fn rows(&self, ids: Vec<i64>) -> Result<Vec<Row>, Failure> {
        let params: Params<'_> = &[&ids];
        for _ in 0..RETRIES {
            match self.try_rows(params).await {
                // The connection was lost, or the plan of the statement was outdated; so may those of the others be.
                Err(
                    Failure::Conflict | Failure::Store(StoreError::Unavailable(Unavailable::Disconnected)),
                ) => {}
                outcome => return outcome,
            }
        }
        self.try_rows(params).await
    }

    async fn try_rows(&self, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let sql = "SELECT id, owner_id, private, members, revision, updated_at, document, rating_count, rating_sum, rated_at
                   FROM recipes WHERE id = ANY ($1)";
        self.connections.get().await?.rows(sql, params).await
    }
}

fn id_in(row: &Row) -> Option<RecipeId> {
    Columns::of(row).recipe_id().ok()
}

fn found_in(row: &Row) -> Result<(RecipeState, StoredRecipe), StoreError> {
    let mut columns = Columns::of(row);
    let id = columns.recipe_id()?;
    let state = state_in(&mut columns)?;
    Ok((state, stored_in(&mut columns, id, state.revision)?))
}
