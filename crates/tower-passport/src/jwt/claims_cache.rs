#[cfg(feature = "status-list")]
use std::sync::Arc;
use std::time::SystemTime;

#[cfg(feature = "status-list")]
use strict_jose::status_list::StatusReference;

/// The cached values of a verified token.
#[derive(Clone)]
pub(super) struct Checked<C> {
    pub(super) claims: C,
    /// Its place in a status list, if the strategy follows such lists. The status itself is looked up at each request.
    #[cfg(feature = "status-list")]
    pub(super) status: Option<Arc<StatusReference>>,
}

/// The cache of a `Jwt`, as a trait object: its bounds on the claims are not bounds of every `Jwt`.
pub(super) trait ClaimsCache<C>: Send + Sync {
    /// The claims of a token that was checked before and is still valid.
    fn get(&self, token: &str, now: SystemTime) -> Option<Checked<C>>;

    /// Caches the claims of a token that was checked at `now`.
    fn insert(&self, token: &str, checked: &Checked<C>, now: SystemTime, valid_until: Option<SystemTime>);
}
