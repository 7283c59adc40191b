//! Fuzz targets for strict-jose. `fuzz/run` runs them with libFuzzer; `cargo test` runs them on the files in `seeds/` and on
//! variants of these.
//!
//! Each function is a target. It panics if a property of the crate does not hold. The crate itself must never panic.

mod keys;
#[path = "../../crates/strict-jose/src/strict_json/no_duplicates.rs"]
mod no_duplicates;
mod proof;
mod token;

pub use keys::{jwk, jwks, pem_der};
pub use proof::proof;
pub use token::token;
