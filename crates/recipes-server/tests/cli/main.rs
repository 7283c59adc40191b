//! The command line of `recipes`: output, files and exit codes.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod backup;
mod export;
mod help;
mod import;
mod program;
mod secret_and_token;
mod settings;
mod tokens;
mod users;
