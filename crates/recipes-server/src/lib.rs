//! The HTTP API.

pub mod passwords;
