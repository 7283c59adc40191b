//! Permissions: access tokens, callers, requirements of routes, rate limits.

pub mod access_tokens;
pub mod caller;
pub mod guard;
pub mod issuer_tokens;
pub mod log_in;
pub mod rate_limit;
pub mod requirements;
pub mod token_keys;
