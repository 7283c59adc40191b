//! How long one connection has its thread before the others get their turn.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Bytes of a turn. The runtime alone would end it after 128 reads, and never between two parts of a response: beside four clients
/// that read pages of 4 MiB, others waited 4 ms (median).
pub const TURN_BYTES: usize = 64 * 1024;

/// The turn of one connection, which ends after 64 KiB.
#[derive(Default)]
pub struct Turn {
    bytes: usize,
    of_others: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Turn {
    /// Ready when the connection may read or send more.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(others) = &mut self.of_others {
            ready!(others.as_mut().poll(context));
            self.of_others = None;
        }
        Poll::Ready(())
    }

    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= TURN_BYTES {
            self.bytes = 0;
            // Unlike a call of the waker, it lets the runtime look for new requests first.
            self.of_others = Some(Box::pin(tokio::task::yield_now()));
        }
    }
}
