//! The command line of `recipes`: output, files and exit codes.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod backup;
mod check;
mod clients;
mod completions;
mod export;
mod full_disk;
mod help;
mod import;
mod pictures;
mod postgres;
mod program;
mod secret_and_token;
mod secrets;
mod settings;
mod tokens;
mod users;
mod webhooks;
