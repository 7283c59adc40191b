//! One binary for all integration tests: it links once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod clock;
mod proxy;
mod store;
