//! The time between the request to shut down and the end: load balancers learn that they must send requests elsewhere.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

/// Whether the service is about to stop accepting connections. Clones share it.
///
/// It is also an extension of each request that arrives meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Draining(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    has_begun: AtomicBool,
    begun: Notify,
}

impl Draining {
    /// From now on `/readyz` answers 503, and HTTP/1 connections close behind their next response.
    pub fn begin(&self) {
        self.0.has_begun.store(true, Ordering::SeqCst);
        self.0.begun.notify_waiters();
    }

    /// Resolves when it begins: requests that wait for something are answered at once.
    pub async fn begun(&self) {
        // Before the look: it is woken from here on.
        let begun = self.0.begun.notified();
        if !self.0.has_begun.load(Ordering::SeqCst) {
            begun.await;
        }
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.has_begun.load(Ordering::Relaxed)
    }
}
