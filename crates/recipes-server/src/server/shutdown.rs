//! The signals that end the service.

use std::pin::Pin;

use tokio::signal::unix::{SignalKind, signal};

/// The request to shut down, once the requests in flight are served.
pub struct Shutdown {
    /// Resolves when the service must end without waiting for them.
    pub immediately: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Waits for SIGTERM or SIGINT; a second one ends the service immediately.
pub(super) async fn signalled() -> Shutdown {
    one_signal().await;
    Shutdown { immediately: Box::pin(one_signal()) }
}

async fn one_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without a handler, the signal ends the process by default.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
