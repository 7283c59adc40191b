//! One write of a batch: its work, how it is undone, its caller.

use std::panic::{self, AssertUnwindSafe};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::execute;
use crate::StoreError;

/// A [`Job`] without its types.
pub(super) trait WriteJob: Send {
    fn undo(&self) -> Undo;
    /// An error concerns this caller alone, unless it has ended the transaction.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    fn reply(self: Box<Self>, commit: Result<(), StoreError>);
}

/// How a write that fails is undone without the other writes of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sqlite) enum Undo {
    /// By a savepoint. The write may do anything, so cached sessions are invalid after it.
    Savepoint,
    /// By SQLite, which undoes a failed statement by itself (sqlite.org, "The ON CONFLICT Clause", ABORT). A savepoint
    /// would copy every page that is about to change. Only [`Sqlite::insert_recipe`](crate::sqlite::Sqlite::insert_recipe) asks
    /// for it: it undoes its first statement itself, and touches no table of accounts, so cached sessions stay valid.
    Statement,
}

pub(super) struct Job<T, W> {
    pub(super) work: Option<W>,
    pub(super) undo: Undo,
    pub(super) outcome: Option<Result<T, StoreError>>,
    pub(super) caller: oneshot::Sender<Result<T, StoreError>>,
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
