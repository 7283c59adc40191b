//! Read connections, used on the calling thread.
//!
//! - What it does: while nothing is written, a connection keeps its read transaction open between queries.
//! - What it gains: a read in WAL mode otherwise takes a lock, checks for changes and releases the lock: three system calls,
//!   3 of 4 µs.
//! - What must hold: a transaction never outlives a write. The writer counts its commits before it answers, and a reader
//!   compares the count before each query. It opens a transaction only after [`QUIET`] without a commit.
//! - The log must be able to start over (with an old transaction open it grew to 200 MB, and commits from 148 to 400 µs), so
//!   the writer ends unused transactions every [`TICK`].
//! - Writes of other processes are not counted, so no transaction gets older than [`MAX_AGE`].

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::watch::SharedMemory;
use super::{cached, execute, file};
use crate::{StoreError, Unavailable};

/// Writes of other processes stay unseen no longer than this.
pub(super) const MAX_AGE: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_millis(5);
pub(super) const TICK: Duration = Duration::from_millis(20);

pub(super) struct Readers {
    path: PathBuf,
    commits: Arc<AtomicU64>,
    account_commits: Arc<AtomicU64>,
    /// Why no query runs any more.
    ended: OnceLock<Unavailable>,
    shared_memory: SharedMemory,
    /// More than there are threads, so that callers hardly ever wait. Each is opened when it is first needed.
    inline: Vec<Slot>,
    /// Separate, so that a short query never waits for a long one.
    at_length: Vec<Slot>,
    /// Held by a query that runs apart.
    apart: Mutex<()>,
}

type Slot = Mutex<Option<Reader>>;

impl Readers {
    pub(super) fn of(path: &Path) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let slots = |count| (0..count).map(|_| Slot::default()).collect();
        Self {
            path: path.to_owned(),
            commits: Arc::default(),
            account_commits: Arc::default(),
            ended: OnceLock::new(),
            shared_memory: SharedMemory::of(path),
            inline: slots(2 * cores),
            at_length: slots(2),
            apart: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of open connections.
    pub(super) fn count(&self) -> usize {
        let is_open = |slot: &&Slot| match slot.try_lock() {
            Ok(reader) => reader.is_some(),
            // Used at this moment.
            Err(_) => true,
        };
        self.inline.iter().chain(&self.at_length).filter(is_open).count()
    }

    /// Runs a short query. `watch` is told when a transaction stays open behind it.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
        watch: impl FnOnce(),
    ) -> Result<T, StoreError> {
        let mut slot = any_of(&self.inline);
        let reader = self.reader_in(&mut slot)?;
        if reader.opened.is_none() {
            self.check_shared_memory()?;
        }
        match reader.prepare(self.commits(), Instant::now()) {
            Ok(Kept::FromNowOn) => watch(),
            Ok(Kept::Already | Kept::Not) => {}
            Err(why) => {
                // A transaction that cannot be begun or ended is a connection that cannot be used.
                *slot = None;
                return Err(why);
            }
        }
        query(&reader.connection)
    }

    /// Runs a query that may take its time, in a transaction of its own.
    pub(super) fn read_at_length<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = any_of(&self.at_length);
        let reader = self.reader_in(&mut slot)?;
        self.check_shared_memory()?;
        query(&reader.connection)
    }

    /// Runs a query that may take minutes, on a connection of its own: [`pause`](Self::pause) does not wait for it. Meanwhile
    /// the log grows. The query has to ask regularly whether it must end.
    pub(super) fn read_apart<T>(
        &self,
        query: impl FnOnce(&Connection, &dyn Fn() -> Result<(), StoreError>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let _turn = self.apart.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_beside(query)
    }

    /// As [`read_apart`](Self::read_apart), without waiting for other such queries. The caller bounds their number.
    pub(super) fn read_beside<T>(
        &self,
        query: impl FnOnce(&Connection, &dyn Fn() -> Result<(), StoreError>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let check = || self.ended().map_or(Ok(()), |why| Err(why.into()));
        check()?;
        self.check_shared_memory()?;
        let connection = self.connect()?;
        query(&connection, &check)
    }

    /// Before a transaction. See [`SharedMemory`].
    pub(super) fn check_shared_memory(&self) -> Result<(), Unavailable> {
        let checked = self.shared_memory.check();
        if let Err(why) = checked
            && self.end(why)
        {
            tracing::error!(
                "{}-shm was truncated while the service uses it. All requests are refused; restart the service",
                self.path.display()
            );
        }
        checked
    }

    /// Called after a commit and before its replies.
    pub(super) fn committed(&self, only_recipes: bool) {
        self.commits.fetch_add(1, Ordering::Release);
        if !only_recipes {
            self.account_commits.fetch_add(1, Ordering::Release);
        }
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Counts the commits.
    pub(super) fn commit_counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.commits)
    }

    /// Counts the commits that may have changed users and sessions.
    pub(super) fn account_commit_counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.account_commits)
    }

    /// Ends the stale transactions. Answers whether any is still open.
    pub(super) fn end_stale(&self, now: Instant) -> bool {
        let commits = self.commits();
        let mut open = false;
        for slot in &self.inline {
            // A running reader ends its own transaction, and the writer does not wait for it.
            let Some(mut slot) = try_lock(slot) else {
                open = true;
                continue;
            };
            match slot.as_mut().map(|reader| reader.end_if_stale(commits, now)) {
                Some(Err(_)) => *slot = None,
                Some(Ok(())) | None => open |= slot.as_ref().is_some_and(|reader| reader.opened.is_some()),
            }
        }
        open
    }

    /// Waits for running queries, and holds back new ones until the guards are dropped.
    pub(super) fn pause(&self) -> Vec<MutexGuard<'_, Option<Reader>>> {
        let mut slots: Vec<_> = self.inline.iter().chain(&self.at_length).map(lock).collect();
        slots.iter_mut().for_each(end_transaction);
        slots
    }

    /// As [`pause`](Self::pause), but waits for no query. `None`: one is running.
    pub(super) fn try_pause(&self) -> Option<Vec<MutexGuard<'_, Option<Reader>>>> {
        let slots = self.inline.iter().chain(&self.at_length).map(try_lock);
        let mut slots: Vec<_> = slots.collect::<Option<_>>()?;
        slots.iter_mut().for_each(end_transaction);
        Some(slots)
    }

    /// Refuses all queries from now on. The first reason stays. Answers whether it is this one.
    pub(super) fn end(&self, why: Unavailable) -> bool {
        let is_first = self.ended.set(why).is_ok();
        // An ended database has no valid cache entries.
        self.committed(false);
        is_first
    }

    pub(super) fn ended(&self) -> Option<Unavailable> {
        self.ended.get().copied()
    }

    /// Waits for the queries that are running and closes all connections for good.
    pub(super) fn close(&self) {
        self.end(Unavailable::Closed);
        for slot in self.inline.iter().chain(&self.at_length) {
            *lock(slot) = None;
        }
        drop(self.apart.lock());
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        // SQLite deletes the log of an empty file when it opens it.
        if file::is_empty(&self.path) {
            return Err(Unavailable::FilesChanged.into());
        }
        Ok(file::open_for_reading(&self.path)?)
    }

    fn reader_in<'a>(&self, slot: &'a mut Option<Reader>) -> Result<&'a mut Reader, StoreError> {
        if let Some(why) = self.ended() {
            return Err(why.into());
        }
        match slot {
            Some(reader) => Ok(reader),
            None => Ok(slot.insert(Reader::new(self.connect()?, Instant::now()))),
        }
    }
}

pub(super) struct Reader {
    connection: Connection,
    /// The writer's count when we last looked.
    commits: u64,
    /// What SQLite calls the state of the database, which also other processes change.
    version: i64,
    unchanged_since: Instant,
    opened: Option<Instant>,
}

/// What becomes of the transaction behind the next query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Not,
    Already,
    FromNowOn,
}

impl Reader {
    fn new(connection: Connection, now: Instant) -> Self {
        Self { connection, commits: 0, version: 0, unchanged_since: now, opened: None }
    }

    /// Sees to it that the next query finds everything that was committed before `commits` was read.
    fn prepare(&mut self, commits: u64, now: Instant) -> Result<Kept, StoreError> {
        self.end_if_stale(commits, now)?;
        if commits != self.commits {
            self.commits = commits;
            self.unchanged_since = now;
        }
        if self.opened.is_some() {
            return Ok(Kept::Already);
        }
        if now.duration_since(self.unchanged_since) < QUIET {
            return Ok(Kept::Not);
        }
        self.open(now)
    }

    fn open(&mut self, now: Instant) -> Result<Kept, StoreError> {
        execute(&self.connection, "BEGIN", [])?;
        self.opened = Some(now);
        // This is also the read that fixes what the transaction sees.
        let version = cached(&self.connection, "PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if version == self.version {
            return Ok(Kept::FromNowOn);
        }
        // There was a write since the last check, maybe by another process.
        self.version = version;
        self.unchanged_since = now;
        self.end()?;
        Ok(Kept::Not)
    }

    fn end_if_stale(&mut self, commits: u64, now: Instant) -> Result<(), StoreError> {
        let too_old = |opened| now.duration_since(opened) >= MAX_AGE;
        if self.opened.is_some_and(|opened| commits != self.commits || too_old(opened)) {
            self.end()
        } else {
            Ok(())
        }
    }

    fn end(&mut self) -> Result<(), StoreError> {
        self.opened.take().map_or(Ok(()), |_| execute(&self.connection, "COMMIT", []).map(drop))
    }
}

/// A free one, beginning with this thread's own, else this thread's own when it becomes free.
fn any_of(slots: &[Slot]) -> MutexGuard<'_, Option<Reader>> {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed));
    }
    let own = NUMBER.get() % slots.len();
    let (before, from_own) = slots.split_at(own);
    from_own.iter().chain(before).find_map(try_lock).unwrap_or_else(|| lock(&slots[own]))
}

fn end_transaction(slot: &mut MutexGuard<'_, Option<Reader>>) {
    let ended = slot.as_mut().is_none_or(|reader| reader.end().is_ok());
    if !ended {
        **slot = None;
    }
}

/// After a panic in a query the connection is as good as before: the statement was reset on the way.
fn lock(slot: &Slot) -> MutexGuard<'_, Option<Reader>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock(slot: &Slot) -> Option<MutexGuard<'_, Option<Reader>>> {
    match slot.try_lock() {
        Ok(reader) => Some(reader),
        Err(TryLockError::Poisoned(reader)) => Some(reader.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests;
