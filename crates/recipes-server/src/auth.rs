//! Permissions: access tokens, callers and their scopes, rate limits.

pub mod access_tokens;
pub mod caller;
pub mod log_in;
pub mod rate_limit;
