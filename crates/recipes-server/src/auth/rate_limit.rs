//! Rate limits that make guessing slow: by client address and by account.
//!
//! A limit is a quota in a window, counted by the generic cell rate algorithm (ITU-T I.371): one number a key, and the
//! quota is refilled evenly, not all at once at the end of the window.
//!
//! An attacker cannot lock the owner of an account out for good:
//!
//! * `account` counts log-ins for one account *from one address* (IPv4 address or IPv6 /64), so failures at other
//!   addresses do not count against the owner. At a *known* address, where the owner has a session or has logged in within
//!   a month, a second count of the same size follows the first;
//! * `account-anywhere` counts log-ins for one account from all addresses, against attackers with many of them. An attack
//!   can use it up. It then does not apply to known addresses;
//! * a session and an API token have a count of their own for the password checks of a signed-in user.
//!
//! Log-ins are counted for the submitted account, whether it exists or not. A correct password gives back what it took.
//!
//! `governor` uses the same algorithm, but its table grows with every key that a client makes up until it is swept, and
//! it has a clock of its own. The tables of this process have a fixed size. Servers that share a database count together.

mod counts;
mod layer;
mod quota;
mod table;

use std::{
    hash::{Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use accounts::{audit::Actor, network};
use http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};
use ids::UserId;
use jiff::Timestamp;
use store::SharedLimits;

use self::counts::{Counts, Key};
use self::table::Taken;
pub use self::{
    layer::limit_by_address,
    quota::{Limit, Quota, Quotas},
};
use crate::clock::Clock;

/// For how long an address is trusted for an account after a correct password.
const TRUSTED_FOR: Duration = Duration::from_hours(30 * 24);

/// An IPv6 /48 contains up to 65,536 networks of /64. Together they have this many times the quota of one.
const QUOTAS_PER_SITE: u32 = 16;

/// All limits and their usage. Clones share it.
#[derive(Clone)]
pub struct RateLimits(Arc<Shared>);

struct Shared {
    counts: [Option<Counts>; Limit::ALL.len()],
    /// Trusted pairs of account and address.
    trusted: Counts,
    /// Has a random key, so that a client cannot choose keys that share a row of a table.
    hash: RandomState,
    clock: Clock,
}

/// Mails with a quota of their own. Anonymous requests have other quotas than users and administrators, so that an
/// attacker cannot use up the mails of a user.
#[derive(Clone, Copy, Debug, Hash)]
pub enum MailKind<'a> {
    /// A password reset that any client may request, for this address. The address need not have an account.
    Reset(&'a str),
    /// A password reset that an administrator requests.
    ResetByAdmin(UserId),
    /// To the address of an account. By user this would be no limit: a user can delete the account and make another one
    /// with the same address.
    Verification(&'a str),
    /// To an invited address. By administrator this would be no limit: there may be several.
    Invitation(&'a str),
}

/// The state of a limit after a request was counted, for the response headers.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    limit: Limit,
    quota: Quota,
    remaining: u32,
    reset: Duration,
}

/// The request exceeds the limit.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many requests: the limit {:?} is used up for {} s", usage.limit.name(), retry_after.as_secs())]
pub struct LimitReached {
    usage: Usage,
    pub retry_after: Duration,
}

impl LimitReached {
    /// The name in the setting `RATE_LIMITS`.
    pub fn limit_name(&self) -> &'static str {
        self.usage.limit.name()
    }
}

/// A password check that was counted and is not decided yet.
#[must_use = "a correct password gives back its quota, and so does an attempt that was not verified"]
pub struct Attempt<'a> {
    limits: &'a RateLimits,
    /// The key of the account at this address.
    here: Key,
    /// The same for the second count of a known address.
    here_if_known: Key,
    /// Whether the address is trusted.
    trusted: Key,
    /// What was counted.
    taken: Vec<(Limit, Key)>,
    /// The limit that refuses this attempt, unless the address is known.
    refused_unless_known: Option<LimitReached>,
}

impl RateLimits {
    /// `shared`: the counts of all servers on a database, if there may be several.
    pub fn new(quotas: Quotas, clock: Clock, shared: Option<&SharedLimits>) -> Self {
        let counts = |quota| Counts::new(quota, shared.cloned());
        let trusted = counts(Quota::new(1, TRUSTED_FOR));
        let counts = Limit::ALL.map(|limit| quotas.of(limit).map(counts));
        Self(Arc::new(Shared { counts, trusted, hash: RandomState::new(), clock }))
    }

    /// Counts a request of a client address and of its IPv6 /48.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub async fn by_address(
        &self,
        limit: Limit,
        client: Option<IpAddr>,
    ) -> Result<Option<Usage>, LimitReached> {
        let AddressKeys { address, site } = self.address_keys(limit, client);
        // The site first: a site that is used up makes no entries for its addresses.
        if let Some(site) = site {
            self.take_share(limit, site, QUOTAS_PER_SITE).await?;
        }
        let usage = self.take(limit, address).await;
        if let (Some(site), Err(_), Some(counts)) = (site, &usage, self.counts(limit)) {
            // A refused request does not count for the site: else one address could use up the quota of all others.
            counts.give_back(site, QUOTAS_PER_SITE).await;
        }
        usage
    }

    /// Undoes [`by_address`](Self::by_address) for a request that turned out not to count.
    pub async fn give_back_by_address(&self, limit: Limit, client: Option<IpAddr>) {
        let Some(counts) = self.counts(limit) else { return };
        let AddressKeys { address, site } = self.address_keys(limit, client);
        counts.give_back(address, 1).await;
        if let Some(site) = site {
            counts.give_back(site, QUOTAS_PER_SITE).await;
        }
    }

    /// Counts a log-in for this account, whether it exists or not. [`Attempt::refusal`] decides whether it is allowed.
    pub async fn log_in(&self, account: &str, client: Option<IpAddr>) -> Attempt<'_> {
        let mut attempt = self.attempt(account, client);
        let mut refused = attempt.take(Limit::Account, attempt.here).await.err();
        if refused.is_none() {
            let anywhere = self.key((Limit::AccountAnywhere, account));
            refused = attempt.take(Limit::AccountAnywhere, anywhere).await.err();
        }
        attempt.refused_unless_known = refused;
        attempt
    }

    /// Counts a password check of a signed-in user, by the session or the API token.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub async fn confirmation(&self, account: &str, actor: &Actor) -> Result<Attempt<'_>, LimitReached> {
        let mut attempt = self.attempt(account, actor.address);
        attempt.take(Limit::Account, self.key((Limit::Account, actor.session, actor.api_token))).await?;
        Ok(attempt)
    }

    fn attempt(&self, account: &str, client: Option<IpAddr>) -> Attempt<'_> {
        let (here, here_if_known) =
            (self.account_key(account, client), self.known_account_key(account, client));
        let trusted = self.trusted_key(account, client);
        Attempt { limits: self, here, here_if_known, trusted, taken: Vec::new(), refused_unless_known: None }
    }

    /// Counts a request of a signed-in user.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub async fn by_user(&self, limit: Limit, user: UserId) -> Result<(), LimitReached> {
        self.take(limit, self.key((limit, user.get()))).await.map(drop)
    }

    /// Counts a mail.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub async fn mail(&self, mail: MailKind<'_>) -> Result<(), LimitReached> {
        self.take(Limit::Mail, self.key((Limit::Mail, mail))).await.map(drop)
    }

    /// Trusts this address for an account: the client there has proved that it reads the owner's mail. Failed log-ins from
    /// there are forgiven.
    pub async fn trust(&self, account: &str, client: Option<IpAddr>) {
        if let Some(counts) = self.counts(Limit::Account) {
            counts.forget(self.account_key(account, client)).await;
            counts.forget(self.known_account_key(account, client)).await;
        }
        self.0.trusted.exhaust(self.trusted_key(account, client), self.now()).await;
    }

    fn address_keys(&self, limit: Limit, client: Option<IpAddr>) -> AddressKeys {
        AddressKeys {
            address: self.key((limit, client.map(network))),
            site: client.and_then(site).map(|site| self.key((limit, "site", site))),
        }
    }

    fn account_key(&self, account: &str, client: Option<IpAddr>) -> Key {
        self.key((Limit::Account, account, client.map(network)))
    }

    fn known_account_key(&self, account: &str, client: Option<IpAddr>) -> Key {
        self.key((Limit::Account, "known", account, client.map(network)))
    }

    fn trusted_key(&self, account: &str, client: Option<IpAddr>) -> Key {
        self.key(("trusted", account, client.map(network)))
    }

    async fn take(&self, limit: Limit, key: Key) -> Result<Option<Usage>, LimitReached> {
        self.take_share(limit, key, 1).await
    }

    /// Takes one request of a quota that is multiplied by `times`.
    async fn take_share(&self, limit: Limit, key: Key, times: u32) -> Result<Option<Usage>, LimitReached> {
        let Some(counts) = self.counts(limit) else { return Ok(None) };
        let Taken { remaining, reset, retry_after } = counts.take(key, times, self.now()).await;
        let usage = Usage { limit, quota: counts.quota(), remaining, reset };
        match retry_after {
            None => Ok(Some(usage)),
            Some(retry_after) => Err(LimitReached { usage, retry_after }),
        }
    }

    async fn give_back(&self, limit: Limit, key: Key) {
        if let Some(counts) = self.counts(limit) {
            counts.give_back(key, 1).await;
        }
    }

    fn counts(&self, limit: Limit) -> Option<&Counts> {
        self.0.counts[limit as usize].as_ref()
    }

    fn key(&self, of: impl Hash) -> Key {
        Key::new(&self.0.hash, of)
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl Attempt<'_> {
    /// The limit that refuses this attempt. `is_in_use_here` is asked if that depends on whether the account has a session
    /// at this address.
    ///
    /// # Errors
    /// Those of `is_in_use_here`.
    pub async fn refusal<E>(
        &mut self,
        is_in_use_here: impl Future<Output = Result<bool, E>>,
    ) -> Result<Option<LimitReached>, E> {
        let Some(refused) = self.refused_unless_known else { return Ok(None) };
        let is_trusted = self.limits.0.trusted.is_exhausted(self.trusted, self.limits.now()).await;
        if !is_in_use_here.await? && !is_trusted {
            return Ok(Some(refused));
        }
        Ok(match refused.usage.limit {
            Limit::Account => self.take(Limit::Account, self.here_if_known).await.err(),
            _ => None,
        })
    }

    async fn take(&mut self, limit: Limit, key: Key) -> Result<(), LimitReached> {
        self.limits.take(limit, key).await?;
        self.taken.push((limit, key));
        Ok(())
    }

    /// The password was correct: gives back the quota and trusts the address.
    pub async fn succeeded(self) {
        self.limits.0.trusted.exhaust(self.trusted, self.limits.now()).await;
        self.cancel().await;
    }

    /// The password was not verified, so the client learned nothing about it: gives back the quota.
    pub async fn cancel(self) {
        for (limit, key) in self.taken {
            self.limits.give_back(limit, key).await;
        }
    }
}

/// The keys under which a request of a client address is counted.
struct AddressKeys {
    address: Key,
    site: Option<Key>,
}

/// The /48 of an IPv6 address. IPv4 addresses have no site.
fn site(address: IpAddr) -> Option<Ipv6Addr> {
    match address.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
    }
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

impl Usage {
    /// Writes `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).
    pub fn write_headers(&self, headers: &mut HeaderMap) {
        let Self { limit, quota, remaining, reset } = self;
        let name = limit.name();
        let policy = format!("\"{name}\";q={};w={}", quota.requests(), quota.window().as_secs().max(1));
        let left = format!("\"{name}\";r={remaining};t={}", seconds(*reset));
        for (header, value) in [(POLICY, policy), (RATE_LIMIT, left)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(header, value);
            }
        }
    }
}

impl LimitReached {
    /// Writes the headers of [`Usage`] and `Retry-After` (RFC 9110, section 10.2.3).
    pub fn write_headers(&self, headers: &mut HeaderMap) {
        self.usage.write_headers(headers);
        headers.insert(RETRY_AFTER, seconds(self.retry_after).into());
    }
}

/// Rounded up: a client that retries too early is refused again.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
