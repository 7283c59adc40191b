//! Passport for Rust.
