//! Returns the memory of idle worker threads to the system.
//!
//! What other threads free from a thread's pages, the allocator takes back only when that thread allocates again, and it looks
//! through all pages of a thread after 10,000 allocations beyond its fast path. A worker that is idle after a flood would keep its
//! pages until then. Therefore each worker makes these allocations now and then before it waits for work: half a millisecond.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

const INTERVAL: Duration = Duration::from_secs(20);

/// After this many of them the allocator looks through the pages of the thread (mimalloc's `generic_collect`).
const ALLOCATIONS: usize = 10_000;

/// Above the sizes of the fast path, which end at 1 KiB.
const ALLOCATION_BYTES: usize = 2_048;

/// How many times the workers were told to return memory.
static ROUND: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// The last round in which this thread took part.
    static SEEN: Cell<u32> = const { Cell::new(0) };
}

/// Tells the workers every 20 seconds, for as long as the service runs.
pub(crate) async fn run() {
    let workers = Handle::current().metrics().num_workers();
    loop {
        tokio::time::sleep(INTERVAL).await;
        ROUND.fetch_add(1, Ordering::Relaxed);
        // Tasks without work wake the idle workers; each one that wakes returns memory before it waits again.
        for _ in 0..4 * workers {
            tokio::spawn(tokio::task::yield_now());
        }
    }
}

/// Returns the memory of the calling thread, once a round. A worker calls it each time before it waits for work.
pub(crate) fn before_waiting() {
    let round = ROUND.load(Ordering::Relaxed);
    if SEEN.replace(round) != round {
        for _ in 0..ALLOCATIONS {
            drop(black_box(Vec::<u8>::with_capacity(ALLOCATION_BYTES)));
        }
    }
}
