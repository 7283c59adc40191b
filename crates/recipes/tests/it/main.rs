//! One binary for all integration tests, so that they link once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure fails the test")]

mod amounts;
mod bodies;
mod draft;
mod real_data;
mod recipe;
mod schemas;
