//! The real program on a real port.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

mod accounts;
mod connections;
mod durability;
mod files;
mod many_at_once;
mod program;
mod shutdown;
mod tutorial;
