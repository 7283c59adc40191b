//! Who may do what: callers, scopes, rate limits.

pub mod caller;
pub mod log_in;
pub mod rate_limit;
