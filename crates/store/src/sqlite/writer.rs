//! The writer thread: group commit.
//!
//! What it does: it takes all waiting writes, without waiting for more, and commits them as one transaction.
//! What it gains: a durable commit is one flush of the disk, about 150 µs, whether it holds 1 write or 200.
//! What must hold: every caller is answered after the commit. A write that fails undoes only itself (see [`Undo`]). A
//! commit that fails, fails for all of its callers, and the next batch is tried normally.

mod job;
mod reply_queue;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, mem, sync};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::oneshot;

pub(super) use self::job::Undo;
use self::job::{Job, WriteJob};
use self::reply_queue::ReplyQueue;
use super::execute;
use super::log::Log;
use super::reader::{Readers, TICK};
use super::watch::{Changed, WatchedFiles};
use crate::commit_metrics::CommitMetrics;
use crate::slow::{self, Phases};
use crate::{StoreError, Unavailable};

/// Writes of a transaction at most: enough to hide the flush, few enough that the first does not wait long for the last.
const BATCH: usize = 256;

/// Number of `yield_now` calls before draining the queue. The callers of the last batch are about to write again, and on
/// one core they need the core for it. Skipped after a batch of one: the other thread may be hashing a password, and
/// would keep the core until the next tick of the kernel.
const YIELDS: usize = 3;

/// Between two looks at the files, and the time without a write after which the log is merged.
const INSPECT_EVERY: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    queue: Sender<Message>,
    replies: Arc<ReplyQueue>,
    failure: Arc<Failure>,
    thread: sync::Mutex<Option<JoinHandle<()>>>,
}

/// Why the last write failed, if it did.
type Failure = sync::Mutex<Option<StoreError>>;

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
        let files = WatchedFiles::of(readers.path())?;
        let log = Log::of(&mut connection, files).map_err(io::Error::other)?;
        let failure = Arc::<Failure>::default();
        let replies = Arc::new(ReplyQueue::default());
        let worker = Worker {
            connection,
            log,
            readers,
            waiting,
            batch,
            replies: Arc::clone(&replies),
            failure: Arc::clone(&failure),
            job_failure: None,
            wrote: Instant::now(),
            metrics: CommitMetrics::register(),
        };
        let thread = thread::Builder::new().name("recipes-writer".into()).spawn(|| worker.run())?;
        Ok(Self { queue, replies, failure, thread: sync::Mutex::new(Some(thread)) })
    }

    /// Runs `work` in the next transaction, and returns when that is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        undo: Undo,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let begun = Instant::now();
        self.send(Job { work: Some(work), undo, outcome: None, caller });
        let answer = answer.await;
        slow::waited("sqlite", "write", begun);
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

    /// Why writes fail at present.
    pub(super) fn health(&self) -> Option<StoreError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    failure: Arc<Failure>,
    /// Of a write of this batch.
    job_failure: Option<StoreError>,
    wrote: Instant,
    metrics: CommitMetrics,
}

impl Worker {
    fn run(mut self) {
        let (mut watching, mut ticked, mut closing) = (false, Instant::now(), None);
        let mut together = false;
        let mut inspected = ticked;
        self.merge_log();
        while closing.is_none() {
            match self.waiting.recv_timeout(if watching { TICK } else { INSPECT_EVERY }) {
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
            if inspected.elapsed() >= INSPECT_EVERY {
                inspected = Instant::now();
                self.inspect();
            }
        }
        if self.check_files().is_ok() {
            self.merge_log();
            // Closing the last connection is a checkpoint, too.
            let _ = self.log.files.checkpoint_begins();
        }
        if self.readers.check_shared_memory().is_err() {
            self.keep_log_apart();
        }
        // The last connection to close moves the log into the database file and removes it. Only the writer's can, so the
        // readers' close first.
        self.readers.close();
        let files_changed = self.readers.ended() == Some(Unavailable::FilesChanged);
        match self.connection.close() {
            Ok(()) if files_changed => {}
            Ok(()) => self.log.files.closed(),
            Err((_, why)) => {
                tracing::warn!(%why, "The log was not merged into the database file; the next start reads it");
            }
        }
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    fn commit(&mut self) {
        let begun = Instant::now();
        let outcome = self.transaction().and_then(|()| self.check_files());
        self.wrote = Instant::now();
        self.metrics.committed(self.batch.len(), self.wrote - begun, outcome.is_err());
        let job_failure = self.job_failure.take();
        self.note(outcome.as_ref().err().or(job_failure.as_ref()));
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
        if self.readers.ended().is_none()
            && let Err(why) = self.log.checkpoint_if_long(&self.connection, &self.readers)
        {
            tracing::warn!(%why, "The checkpoint of the log failed; the next commit tries it again");
        }
    }

    /// Regular work: looks at the files, tries whether a failure is over, merges the log when nothing is written.
    fn inspect(&mut self) {
        if self.check_files().and_then(|()| self.check_log()).is_err() {
            return;
        }
        if self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some() || self.disk_is_nearly_full()
        {
            let outcome = self.probe();
            self.note(outcome.as_ref().err());
            if outcome.is_ok() {
                self.merge_log();
            }
        } else if self.wrote.elapsed() >= INSPECT_EVERY {
            self.merge_log();
        }
    }

    fn merge_log(&mut self) {
        if let Err(why) = self.log.checkpoint_when_idle(&self.connection, &self.readers) {
            tracing::warn!(%why, "The log could not be merged into the database file; this is tried again");
        }
    }

    /// Stops the store for good if its files are not those that it opened: it would acknowledge writes that are lost.
    fn check_files(&mut self) -> Result<(), StoreError> {
        if let Some(why) = self.readers.ended() {
            return Err(why.into());
        }
        self.log.files.check().map_err(|changed| self.stop(&changed))
    }

    /// Before a transaction.
    fn check_log(&mut self) -> Result<(), StoreError> {
        if let Some(why) = self.readers.ended() {
            return Err(why.into());
        }
        self.readers.check_shared_memory()?;
        if self.log.is_whole(&self.connection) {
            return Ok(());
        }
        let what = format!("{}-wal was truncated", self.readers.path().display());
        Err(self.stop(&Changed { what, is_log_foreign: true }))
    }

    fn stop(&self, changed: &Changed) -> StoreError {
        tracing::error!(
            "{} while the service uses it. All requests are refused, so that nothing more is lost; put the files of the \
             database back, or restore a backup, and restart the service",
            changed.what
        );
        self.readers.end(Unavailable::FilesChanged);
        if changed.is_log_foreign {
            self.keep_log_apart();
        }
        self.note(Some(&Unavailable::FilesChanged.into()));
        Unavailable::FilesChanged.into()
    }

    fn keep_log_apart(&self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    fn note(&self, why: Option<&StoreError>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = why.cloned();
    }

    /// Less than any write needs. Whether a write really fails is then tried, because root may use reserved space.
    fn disk_is_nearly_full(&self) -> bool {
        rustix::fs::statvfs(self.readers.path())
            .is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < 256 << 10)
    }

    /// Tries a write, of the size of a large recipe.
    fn probe(&self) -> Result<(), StoreError> {
        let db = &self.connection;
        execute(db, "BEGIN IMMEDIATE", [])?;
        let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', zeroblob(65536))";
        let outcome = execute(db, sql, [])
            .and_then(|_| execute(db, "COMMIT", []))
            .and_then(|_| execute(db, "DELETE FROM meta WHERE name = 'probe'", []));
        if !db.is_autocommit() {
            let _ = execute(db, "ROLLBACK", []);
        }
        outcome.map(drop)
    }

    fn transaction(&mut self) -> Result<(), StoreError> {
        self.check_log()?;
        let db = &self.connection;
        // Not a plain BEGIN: a read that turns into a write does not honour the busy timeout.
        let begun = Instant::now();
        execute(db, "BEGIN IMMEDIATE", [])?;
        let locked = Instant::now();
        for job in &mut self.batch {
            let went = job.run(db);
            if let Err(why @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) = &went {
                self.job_failure = Some(why.clone());
            }
            // A full or failing disk can end the whole transaction (sqlite.org/lang_transaction.html,
            // "Response To Errors Within A Transaction"), and then nothing of this batch is left.
            if db.is_autocommit() {
                return went.and(Err(StoreError::Bug("a write ended the writer's transaction".into())));
            }
        }
        let ran = Instant::now();
        execute(db, "COMMIT", [])?;
        Phases { wait: locked - begun, statements: ran - locked, commit: ran.elapsed() }
            .log(self.batch.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
