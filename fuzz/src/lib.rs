//! What must hold of strict-jose for any bytes. libFuzzer looks for bytes for which it does not (`fuzz/run`); `cargo test`
//! tries what is in `seeds/`, and what is near to it.
//!
//! Each function is a target. It panics where a promise is broken; that the crate itself never panics is promised too.

mod keys;
#[path = "../../crates/strict-jose/src/strict_json/no_duplicates.rs"]
mod no_duplicates;
mod token;

pub use keys::{jwk, jwks, pem_der};
pub use token::token;
