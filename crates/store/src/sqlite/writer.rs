//! The one thread that writes.
//!
//! A durable commit is one flush of the disk, 150 µs here, whether it holds one write or two hundred.
//! So the writer takes whatever is waiting, never waits for more, and commits it as one transaction:
//! 7,000 writes a second become 200,000. A write that fails takes nothing with it (see [`Kind`]), and
//! every caller is answered after the commit. If that fails, every caller hears so, and the next batch
//! is tried as if nothing had happened.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::{io, mem, sync};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::execute;
use super::log::Log;
use super::reader::{Readers, TICK};
use crate::{StoreError, Unavailable};

/// How many writes share a transaction at most: enough that the flush does not show, few enough that
/// the first does not wait long for the last.
const BATCH: usize = 256;

/// How often the thread lets others run before it looks what is waiting. Those who were answered together a
/// moment ago are about to ask again, and on one core they cannot while we go on. Who wrote alone is not waited for:
/// whoever uses the core then may be hashing a password, and the kernel leaves it to him until the next tick.
const YIELDS: usize = 3;

pub(super) struct Writer {
    inbox: Sender<Message>,
    answers: Arc<Answers>,
    thread: sync::Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Write(Box<dyn Job>),
    /// A reader keeps a transaction open: see to it that it ends.
    Watch,
    Close(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn start(mut connection: Connection, readers: Arc<Readers>) -> io::Result<Self> {
        let (inbox, waiting) = mpsc::channel();
        let batch = Vec::with_capacity(BATCH);
        let log = Log::of(&mut connection).map_err(io::Error::other)?;
        let answers = Arc::new(Answers::default());
        let desk = Desk { connection, log, readers, waiting, batch, answers: Arc::clone(&answers) };
        let thread = thread::Builder::new().name("recipes-writer".into()).spawn(|| desk.serve())?;
        Ok(Self { inbox, answers, thread: sync::Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the next transaction. The answer comes when that is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.send(Write { work: Some(work), kind, outcome: None, caller });
        let answer = answer.await;
        self.answers.give();
        answer.unwrap_or(Err(StoreError::Unavailable(Unavailable::Closed)))
    }

    /// Runs `work` in the next transaction, and nobody waits for it.
    pub(super) fn write_later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) {
        self.send(Write { work: Some(work), kind: Kind::Any, outcome: None, caller: oneshot::channel().0 });
    }

    fn send(&self, job: impl Job + 'static) {
        // Fails only when the thread has gone; who waits hears so, because the job goes as well.
        let _ = self.inbox.send(Message::Write(Box::new(job)));
    }

    pub(super) fn watch(&self) {
        let _ = self.inbox.send(Message::Watch);
    }

    pub(super) fn is_alive(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let _ = self.inbox.send(Message::Close(done));
        let _ = closed.await;
    }
}

/// Hangs up, which the thread hears behind the last write, and waits until it has gone.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(mem::replace(&mut self.inbox, mpsc::channel().0));
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread has before it.
struct Desk {
    connection: Connection,
    log: Log,
    readers: Arc<Readers>,
    waiting: Receiver<Message>,
    batch: Vec<Box<dyn Job>>,
    answers: Arc<Answers>,
}

/// What is on disk and was not answered yet.
///
/// The first caller to hear gives the others theirs. On one core it is woken in the middle of our
/// answers; were each of them woken by us, the core would change hands twice for each, which is a
/// tenth of a write.
#[derive(Default)]
struct Answers(sync::Mutex<Committed>);

struct Committed {
    jobs: VecDeque<Box<dyn Job>>,
    outcome: Result<(), StoreError>,
}

impl Default for Committed {
    fn default() -> Self {
        Self { jobs: VecDeque::with_capacity(BATCH), outcome: Ok(()) }
    }
}

impl Answers {
    fn put(&self, jobs: &mut Vec<Box<dyn Job>>, outcome: Result<(), StoreError>) {
        let mut committed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        committed.jobs.extend(jobs.drain(..));
        committed.outcome = outcome;
    }

    fn give(&self) {
        loop {
            let (job, outcome) = {
                let mut committed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(job) = committed.jobs.pop_front() else { return };
                (job, committed.outcome.clone())
            };
            job.answer(outcome);
        }
    }
}

impl Desk {
    fn serve(mut self) {
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
        // The last connection to go moves the log into the database file and removes it. Only the
        // writer's can, so the readers' go first.
        self.readers.close();
        if let Err((_, why)) = self.connection.close() {
            tracing::warn!(%why, "The database was left with its log, which the next start reads");
        }
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    fn commit(&mut self) {
        let outcome = self.transaction();
        if let Err(why) = &outcome {
            if !self.connection.is_autocommit() {
                // It can only fail if there is no transaction, which is what we want.
                let _ = execute(&self.connection, "ROLLBACK", []);
            }
            tracing::error!(%why, writes = self.batch.len(), "A commit failed");
        }
        // Before the first answer: whoever reads after it must not see what was before.
        self.readers.committed(self.batch.iter().all(|job| job.kind() == Kind::RecipeRow));
        self.answers.put(&mut self.batch, outcome);
        self.answers.give();
        if let Err(why) = self.log.tend(&self.connection, &self.readers) {
            tracing::warn!(%why, "The log could not be tended; it is tried again after the next commit");
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

/// A write without its types.
trait Job: Send {
    fn kind(&self) -> Kind;
    /// An error is for the caller alone, unless it has ended the transaction.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// What is known of a write before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing. It runs in a savepoint, so that it can be undone without the others of its transaction, and after it
    /// readers forget whom they knew.
    Any,
    /// It is one statement that changes one row of `recipes`, and nothing behind the statement fails. SQLite undoes a
    /// failed statement by itself (sqlite.org, "The ON CONFLICT Clause", ABORT); for a savepoint it would copy every page
    /// that is about to change.
    RecipeRow,
}

struct Write<T, W> {
    work: Option<W>,
    kind: Kind,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Write<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn kind(&self) -> Kind {
        self.kind
    }

    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let outcome = match self.kind {
            Kind::Any => in_savepoint(db, work),
            Kind::RecipeRow => unless_it_panics(db, work),
        };
        let went = outcome.as_ref().map(drop).map_err(Clone::clone);
        self.outcome = Some(outcome);
        went
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let answer = match (commit, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Bug("a write was committed that did not run".into())),
            (Err(why), _) => Err(why),
        };
        // A caller that has gone does not listen, and the write is done all the same.
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

/// A panic is a mistake in one write; it must not become everybody's.
fn unless_it_panics<T>(
    db: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    panic::catch_unwind(AssertUnwindSafe(|| work(db)))
        .unwrap_or_else(|_| Err(StoreError::Bug("the write panicked".into())))
}

#[cfg(test)]
mod tests;
