//! Strict and fast JSON Web Tokens.
#![deny(missing_docs)]

mod algorithm;
mod base64url;
mod claims;
mod error;
mod inspect;
mod jws;
mod key;
mod rules;
mod strict_json;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::{Registered, Verified};
pub use error::{Error, KidExcerpt, Malformed};
pub use inspect::{Inspected, inspect};
pub use jws::{Header, SignError};
pub use key::{Key, KeyError, Keys};
pub use rules::{NeedsAudience, NeedsIssuer, Rules};

/// How long a token may be unless [`Rules::max_len`] says otherwise: 8 KiB, as much as most servers take in one header.
pub const DEFAULT_MAX_LEN: usize = 8 * 1024;
