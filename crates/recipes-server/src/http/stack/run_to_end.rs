//! Finishes a change after its client has hung up.
//!
//! A handler that is cancelled between a commit and what belongs to it leaves things half done: an account or an
//! invitation without its mail. So a change that has begun runs to its end.

use std::{future::poll_fn, pin::pin};

use tokio::{runtime::Handle, sync::Semaphore, time::timeout};

use crate::limits;
use crate::telemetry::request::LoggedRequest;

static PLACES: Semaphore = Semaphore::const_new(limits::ABANDONED);

/// Runs the handler of this request, if there is a place for it. A flood of clients that hang up must not fill the memory.
pub(super) fn spawn(logged: LoggedRequest, handler: impl Future<Output: Send> + Send + 'static) {
    if let (Ok(place), Ok(runtime)) = (PLACES.try_acquire(), Handle::try_current()) {
        runtime.spawn(async move {
            let _place = place;
            let mut handler = pin!(handler);
            let named = poll_fn(|context| logged.scope(|| handler.as_mut().poll(context)));
            drop(timeout(limits::REQUEST, named).await);
        });
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tokio::sync::oneshot;

    use super::*;
    use crate::telemetry::request::with_current;
    use crate::telemetry::traces::RequestSpan;

    #[tokio::test]
    async fn events_of_an_abandoned_change_name_its_request() {
        let (sender, receiver) = oneshot::channel();
        let logged =
            LoggedRequest { id: HeaderValue::from_static("abc"), client: None, span: RequestSpan::none() };
        spawn(logged, async {
            tokio::task::yield_now().await;
            let _ = sender.send(with_current(|request| request.id().to_owned()));
        });
        assert_eq!(receiver.await.unwrap().as_deref(), Some("abc"));
    }
}
