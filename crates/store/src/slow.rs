//! Slow transactions are logged with their cause, and callers learn how long they waited for the database.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// In microseconds.
static THRESHOLD: AtomicU64 = AtomicU64::new(u64::MAX);

thread_local! {
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// From now on, transactions of this process that take at least this long are logged as warnings.
pub fn log_slow_transactions(threshold: Duration) {
    THRESHOLD.store(u64::try_from(threshold.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// How long writes, and all calls of a database over the network, have waited on this thread since the last call. An `async`
/// caller calls it before and after each poll of its future.
pub fn take_waited() -> Duration {
    WAITED.take()
}

/// A wait of a caller that has ended: a write, or with a database over the network also a read.
#[derive(Debug)]
pub struct Waited {
    /// `sqlite` or `postgresql`.
    pub system: &'static str,
    /// `read` or `write`.
    pub operation: &'static str,
    pub begun: Instant,
}

static OBSERVER: OnceLock<fn(&Waited)> = OnceLock::new();

/// From now on, `observer` is called at the end of each wait, on the thread of the caller. Only the first call counts.
pub fn observe_waits(observer: fn(&Waited)) {
    let _ = OBSERVER.set(observer);
}

/// Counts the time since `begun` as waiting.
pub(crate) fn waited(system: &'static str, operation: &'static str, begun: Instant) {
    WAITED.set(WAITED.get() + begun.elapsed());
    if let Some(observer) = OBSERVER.get() {
        observer(&Waited { system, operation, begun });
    }
}

/// The times of a transaction.
pub(crate) struct Phases {
    /// For the lock of another process, or for a connection.
    pub wait: Duration,
    pub statements: Duration,
    /// For the disk.
    pub commit: Duration,
}

impl Phases {
    /// Logs the transaction if it was slow. `writes` is the number of writes in it.
    pub(crate) fn log(&self, writes: usize) {
        let Self { wait, statements, commit } = *self;
        let total = wait + statements + commit;
        if total.as_micros() < u128::from(THRESHOLD.load(Ordering::Relaxed)) {
            return;
        }
        let longest = wait.max(statements).max(commit);
        let cause = match longest {
            longest if longest == commit => "commit",
            longest if longest == statements => "statements",
            _ => "wait",
        };
        tracing::warn!(
            ms = milliseconds(total),
            cause,
            writes,
            wait.ms = milliseconds(wait),
            statements.ms = milliseconds(statements),
            commit.ms = milliseconds(commit),
            "A slow transaction"
        );
    }
}

/// With three decimals.
fn milliseconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1_000.0
}
