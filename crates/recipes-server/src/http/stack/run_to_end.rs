//! Finishes the requests whose clients hung up.
//!
//! A handler that is cancelled between a commit and what belongs to it leaves things half done: an account without its mail, an
//! invitation that no one knows of. So a change that has begun runs to its end.

use tokio::{runtime::Handle, sync::Semaphore, time::timeout};

use crate::limits;

static PLACES: Semaphore = Semaphore::const_new(limits::ABANDONED);

/// Runs the handler, if there is a place for it. A flood of clients that hang up must not fill the memory.
pub(super) fn spawn(handler: impl Future<Output: Send> + Send + 'static) {
    if let (Ok(place), Ok(runtime)) = (PLACES.try_acquire(), Handle::try_current()) {
        runtime.spawn(async move {
            let _place = place;
            drop(timeout(limits::REQUEST, handler).await);
        });
    }
}
