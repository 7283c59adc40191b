//! What monitoring learns of transactions that write, in both databases. Without a recorder these do nothing.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

/// Registered once: a look-up for each commit would cost more than the measurement.
#[derive(Clone)]
pub(crate) struct CommitMetrics {
    writes: Histogram,
    seconds: Histogram,
    failures: Counter,
}

impl CommitMetrics {
    pub(crate) fn register() -> Self {
        Self {
            writes: histogram!("recipes_store_batch_writes"),
            seconds: histogram!("recipes_store_commit_duration_seconds"),
            failures: counter!("recipes_store_commit_failures_total"),
        }
    }

    pub(crate) fn committed(&self, writes: usize, took: Duration, failed: bool) {
        self.writes.record(f64::from(u32::try_from(writes).unwrap_or(u32::MAX)));
        self.seconds.record(took);
        if failed {
            self.failures.increment(1);
        }
    }
}
