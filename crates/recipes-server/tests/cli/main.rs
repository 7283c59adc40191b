//! The `recipes` program as people and scripts use it: what it prints, what it writes, and the code it ends with.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod export;
mod help;
mod import;
mod program;
mod secret_and_token;
mod settings;
mod tokens;
mod users;
