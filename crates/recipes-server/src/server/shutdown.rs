//! The signals that end the service.

use std::{fs, future::poll_fn, pin::Pin, task::Poll};

use tokio::signal::unix::{SignalKind, signal};

/// The request to shut down, once the requests in flight are served.
pub struct Shutdown {
    /// Resolves when the service must end without waiting for them.
    pub immediately: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Resolves at SIGTERM, SIGINT or SIGHUP. After it, SIGTERM and SIGINT end the service immediately. The handlers are
/// installed by the call: a signal before the future is polled is not lost.
pub(super) fn signalled() -> impl Future<Output = Shutdown> + Send {
    // Asked before the first handler is installed, which would undo it.
    let first = one_signal(!ignores_hangup());
    async {
        first.await;
        // A terminal that closes may send SIGHUP twice: from its shell and from the kernel.
        Shutdown { immediately: Box::pin(one_signal(false)) }
    }
}

fn one_signal(hangup: bool) -> impl Future<Output = ()> + Send {
    let mut kinds = vec![SignalKind::terminate(), SignalKind::interrupt()];
    kinds.extend(hangup.then(SignalKind::hangup));
    // Without a handler, a signal ends the process by default.
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    poll_fn(move |context| {
        let is_received = signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        if is_received { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// Whether `nohup` started the process. Linux only; other systems end the service with its terminal.
fn ignores_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}
