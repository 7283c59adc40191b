//! The writer thread: group commit.
//!
//! What it does: it takes all waiting writes, without waiting for more, and commits them as one transaction.
//! What it gains: a durable commit is one flush of the disk, about 150 µs, whether it holds 1 write or 200.
//! What must hold: every caller is answered after the commit. A write that fails undoes only itself (see [`Undo`]). A
//! commit that fails, fails for all of its callers, and the next batch is tried normally.

mod reply_queue;

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::{io, mem, sync};

use rusqlite::Connection;
use tokio::sync::oneshot;

use self::reply_queue::ReplyQueue;
use super::execute;
use super::log::Log;
use super::reader::{Readers, TICK};
use crate::{StoreError, Unavailable};

/// Writes of a transaction at most: enough to hide the flush, few enough that the first does not wait long for the last.
const BATCH: usize = 256;

/// Number of `yield_now` calls before draining the queue. The callers of the last batch are about to write again, and on
/// one core they need the core for it. Skipped after a batch of one: the other thread may be hashing a password, and
/// would keep the core until the next tick of the kernel.
const YIELDS: usize = 3;

pub(super) struct Writer {
    queue: Sender<Message>,
    replies: Arc<ReplyQueue>,
    thread: sync::Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Write(Box<dyn WriteJob>),
    /// A reader keeps a transaction open, which must be ended when it is stale.
    Watch,
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn start(mut connection: Connection, readers: Arc<Readers>) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel();
        let batch = Vec::with_capacity(BATCH);
        let log = Log::of(&mut connection).map_err(io::Error::other)?;
        let replies = Arc::new(ReplyQueue::default());
        let worker = Worker { connection, log, readers, waiting, batch, replies: Arc::clone(&replies) };
        let thread = thread::Builder::new().name("recipes-writer".into()).spawn(|| worker.run())?;
        Ok(Self { queue, replies, thread: sync::Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the next transaction, and returns when that is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.send(Job { work: Some(work), undo, outcome: None, caller });
        let answer = answer.await;
        self.replies.drain();
        answer.unwrap_or(Err(StoreError::Unavailable(Unavailable::Closed)))
    }

    /// Runs `work` in the next transaction, and returns at once.
    pub(super) fn write_later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) {
        self.send(Job {
            work: Some(work),
            undo: Undo::Savepoint,
            outcome: None,
            caller: oneshot::channel().0,
        });
    }

    fn send(&self, job: impl WriteJob + 'static) {
        // Fails only when the thread has ended. The waiting caller learns of it, as its channel is dropped with the job.
        let _ = self.queue.send(Message::Write(Box::new(job)));
    }

    pub(super) fn watch(&self) {
        let _ = self.queue.send(Message::Watch);
    }

    pub(super) fn is_alive(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let _ = self.queue.send(Message::Close(done));
        let _ = closed.await;
    }
}

/// Closes the queue, and waits until the thread has run the writes in it.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(mem::replace(&mut self.queue, mpsc::channel().0));
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }
}

/// The state of the thread.
struct Worker {
    connection: Connection,
    log: Log,
    readers: Arc<Readers>,
    waiting: Receiver<Message>,
    batch: Vec<Box<dyn WriteJob>>,
    replies: Arc<ReplyQueue>,
}

impl Worker {
    fn run(mut self) {
        let (mut watching, mut ticked, mut closing) = (false, Instant::now(), None);
        let mut together = false;
        while closing.is_none() {
            let message = if watching {
                self.waiting.recv_timeout(TICK)
            } else {
                self.waiting.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match message {
                Ok(Message::Write(job)) => {
                    self.batch.push(job);
                    if together {
                        (0..YIELDS).for_each(|_| thread::yield_now());
                    }
                    while self.batch.len() < BATCH && closing.is_none() {
                        match self.waiting.try_recv() {
                            Ok(Message::Write(job)) => self.batch.push(job),
                            Ok(Message::Watch) => watching = true,
                            Ok(Message::Close(done)) => closing = Some(done),
                            Err(_) => break,
                        }
                    }
                    together = self.batch.len() > 1;
                    self.commit();
                }
                Ok(Message::Watch) => watching = true,
                Ok(Message::Close(done)) => closing = Some(done),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if watching && ticked.elapsed() >= TICK {
                ticked = Instant::now();
                watching = self.readers.end_stale(ticked);
            }
        }
        // The last connection to close moves the log into the database file and removes it. Only the writer's can, so the
        // readers' close first.
        self.readers.close();
        if let Err((_, why)) = self.connection.close() {
            tracing::warn!(%why, "The log was not merged into the database file; the next start reads it");
        }
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    fn commit(&mut self) {
        let outcome = self.transaction();
        if let Err(why) = &outcome {
            if !self.connection.is_autocommit() {
                // Fails only if there is no transaction any more.
                let _ = execute(&self.connection, "ROLLBACK", []);
            }
            tracing::error!(%why, writes = self.batch.len(), "A commit failed");
        }
        // Before the first reply: a read after it must see the commit.
        self.readers.committed(self.batch.iter().all(|job| job.undo() == Undo::Statement));
        self.replies.push(&mut self.batch, outcome);
        self.replies.drain();
        if let Err(why) = self.log.checkpoint_if_long(&self.connection, &self.readers) {
            tracing::warn!(%why, "The checkpoint of the log failed; the next commit tries it again");
        }
    }

    fn transaction(&mut self) -> Result<(), StoreError> {
        let db = &self.connection;
        // Not a plain BEGIN: a read that turns into a write does not honour the busy timeout.
        execute(db, "BEGIN IMMEDIATE", [])?;
        for job in &mut self.batch {
            let went = job.run(db);
            // A full or failing disk can end the whole transaction (sqlite.org/lang_transaction.html,
            // "Response To Errors Within A Transaction"), and then nothing of this batch is left.
            if db.is_autocommit() {
                return went.and(Err(StoreError::Bug("a write ended the writer's transaction".into())));
            }
        }
        execute(db, "COMMIT", []).map(drop)
    }
}

/// A [`Job`] without its types.
trait WriteJob: Send {
    fn undo(&self) -> Undo;
    /// An error concerns this caller alone, unless it has ended the transaction.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    fn reply(self: Box<Self>, commit: Result<(), StoreError>);
}

/// How a write that fails is undone without the other writes of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// By a savepoint. The write may do anything, so cached sessions are invalid after it.
    Savepoint,
    /// By SQLite, which undoes a failed statement by itself (sqlite.org, "The ON CONFLICT Clause", ABORT). A savepoint
    /// would copy every page that is about to change: 32 clients write 8 % less. Only [`Sqlite::insert_recipe`](super::Sqlite::insert_recipe) asks
    /// for it: its one statement that writes adds one row of `recipes`, so cached sessions stay valid.
    Statement,
}

struct Job<T, W> {
    work: Option<W>,
    undo: Undo,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> WriteJob for Job<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn undo(&self) -> Undo {
        self.undo
    }

    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let outcome = match self.undo {
            Undo::Savepoint => in_savepoint(db, work),
            Undo::Statement => unless_it_panics(db, work),
        };
        let went = outcome.as_ref().map(drop).map_err(Clone::clone);
        self.outcome = Some(outcome);
        went
    }

    fn reply(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Bug("a write was committed that did not run".into())),
            (Err(why), _) => Err(why),
        };
        // Fails if the caller was dropped. The write is done all the same.
        let _ = self.caller.send(answer);
    }
}

fn in_savepoint<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    execute(db, "SAVEPOINT job", [])?;
    let outcome = unless_it_panics(db, work);
    if db.is_autocommit() {
        return outcome;
    }
    if outcome.is_err() {
        execute(db, "ROLLBACK TO job", [])?;
    }
    execute(db, "RELEASE job", [])?;
    outcome
}

/// A panic is a bug of one write and must not end the writer thread.
fn unless_it_panics<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    panic::catch_unwind(AssertUnwindSafe(|| work(db)))
        .unwrap_or_else(|_| Err(StoreError::Bug("the write panicked".into())))
}

#[cfg(test)]
mod tests;
