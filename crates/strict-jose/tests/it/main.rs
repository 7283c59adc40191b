//! The integration tests of strict-jose.
#![expect(clippy::unwrap_used, reason = "tests make valid inputs")]

mod accepted;
mod algorithms;
mod attacks;
mod every_edit;
mod jwk;
mod key_set;
mod keys;
mod messages;
mod other_crate;
mod proof;
mod properties;
mod public_key_attacks;
mod published;
mod refused_keys;
mod rfc7515;
mod rules;
mod sign;
mod status_list;
mod token;
mod wycheproof_jose;
