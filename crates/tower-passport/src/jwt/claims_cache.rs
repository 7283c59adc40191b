use std::time::SystemTime;

/// The cache of a `Jwt`, as a trait object: its bounds on the claims are not bounds of every `Jwt`.
pub(super) trait ClaimsCache<C>: Send + Sync {
    /// The claims of a token that was checked before and is still valid.
    fn get(&self, token: &str, now: SystemTime) -> Option<C>;

    /// Caches the claims of a token that was checked at `now`.
    fn insert(&self, token: &str, claims: &C, now: SystemTime, valid_until: Option<SystemTime>);
}
