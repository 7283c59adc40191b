//! Permissions: access tokens, callers and their scopes, rate limits.

pub mod access_tokens;
pub mod caller;
pub mod rate_limit;
