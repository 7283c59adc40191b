//! The real program on a real port: what only a process can show.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod accounts;
mod connections;
mod durability;
mod many_at_once;
mod program;
mod shutdown;
mod tutorial;
