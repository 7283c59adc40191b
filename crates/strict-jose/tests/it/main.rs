//! What strict-jose promises: one module a promise.
#![expect(clippy::unwrap_used, reason = "what a test has made itself is as it made it")]

mod accepted;
mod algorithms;
mod attacks;
mod every_edit;
mod jwk;
mod key_set;
mod keys;
mod other_crate;
mod properties;
mod public_key_attacks;
mod published;
mod refused_keys;
mod rfc7515;
mod rules;
mod token;
