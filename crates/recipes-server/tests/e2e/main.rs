//! The real program on a real port.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic fails the test")]

mod accounts;
mod backup;
mod connections;
mod durability;
mod files;
mod health;
mod history;
mod http1;
mod logs;
mod mails;
mod many_at_once;
mod memory;
mod metrics;
mod passwords;
mod program;
mod rate_limits;
mod repeats;
mod room;
mod search;
mod secrets;
mod shutdown;
#[cfg(feature = "otel")]
mod traces;
mod tutorial;
mod webhooks;
