//! Fuzz targets for strict-jose, strict-oidc, the readers of recipe files and the amounts of ingredients. `fuzz/run` runs them with
//! libFuzzer; `cargo test` runs them on the files in `seeds/` and on variants of these.
//!
//! Each function is a target. It panics if a property of the crates does not hold. The crates themselves must never panic.

mod ingredient_line;
mod keys;
#[path = "../../crates/strict-jose/src/strict_json/no_duplicates.rs"]
mod no_duplicates;
mod proof;
mod recipe_file;
mod request;
mod token;

pub use ingredient_line::ingredient_line;
pub use keys::{jwk, jwks, pem_der};
pub use proof::proof;
pub use recipe_file::recipe_file;
pub use request::request;
pub use token::token;
