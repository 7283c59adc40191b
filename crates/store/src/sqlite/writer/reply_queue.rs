//! Replies that callers pass on to each other.
//!
//! What it does: the writer puts the jobs of a commit here, and the first woken caller answers the others.
//! Why: on one core the writer's first reply wakes a caller in the middle of the writer's loop. If the writer woke each
//! caller itself, the core would change hands twice for each reply.
//! What must hold: jobs come here after their commit, and every caller drains the queue before it returns.
//! Its gain: without it, 32 clients write 21 % less (`benches/load.py`, row `post`).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::{BATCH, WriteJob};
use crate::StoreError;

#[derive(Default)]
pub(super) struct ReplyQueue(Mutex<Committed>);

/// The jobs of commits that were not answered yet, and how the last commit ended.
struct Committed {
    jobs: VecDeque<Box<dyn WriteJob>>,
    outcome: Result<(), StoreError>,
}

impl Default for Committed {
    fn default() -> Self {
        Self { jobs: VecDeque::with_capacity(BATCH), outcome: Ok(()) }
    }
}

impl ReplyQueue {
    pub(super) fn push(&self, jobs: &mut Vec<Box<dyn WriteJob>>, outcome: Result<(), StoreError>) {
        let mut committed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        committed.jobs.extend(jobs.drain(..));
        committed.outcome = outcome;
    }

    /// Answers every job in the queue.
    pub(super) fn drain(&self) {
        loop {
            let (job, outcome) = {
                let mut committed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(job) = committed.jobs.pop_front() else { return };
                (job, committed.outcome.clone())
            };
            job.reply(outcome);
        }
    }
}
