//! How long one connection has its thread before the others get their turn.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The turn of one connection, which ends after some bytes. The runtime alone would end it after 128 reads of the socket, and never
/// between two parts of a response.
pub struct Turn {
    max_bytes: usize,
    bytes: usize,
    of_others: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Turn {
    pub fn of_bytes(max_bytes: usize) -> Self {
        Self { max_bytes, bytes: 0, of_others: None }
    }

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
        if self.bytes >= self.max_bytes {
            self.bytes = 0;
            // Unlike a call of the waker, it lets the runtime look for new requests first.
            self.of_others = Some(Box::pin(tokio::task::yield_now()));
        }
    }
}
