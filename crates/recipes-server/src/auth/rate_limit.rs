//! How often: limits that make guessing slow, by the address that a request comes from and by the account it is about.
//!
//! Each limit is a quota in a window, counted by the generic cell rate algorithm (ITU-T I.371): one number a key, and
//! what was used comes back evenly, not all at the window's end.
//!
//! Nobody can be locked out of his own account for good by somebody who guesses at it:
//!
//! * `account` counts log-ins for one account *from one place* (an IPv4 address, an IPv6 /64), so a stranger's failures
//!   do not count against the owner, who sits elsewhere;
//! * `account-anywhere` counts them from everywhere, against guessers with many addresses. It can be used up by such
//!   an attack, and then it does not hold for places from which the owner is logged in, or has logged in within a
//!   month.
//!
//! Both count what was submitted, whether there is such an account or not, and give back what a good password took.
//!
//! `governor` counts alike, but its table grows with every key that a stranger makes up until it is swept, and knows
//! another clock. These tables have a fixed size; a database that several servers share would keep the same one number
//! a key.

mod by_address;
mod quota;
mod table;

use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use crate::clock::Clock;
use accounts::network as place;
use http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};
use ids::UserId;

use self::table::{Table, Taken};
pub use self::{
    by_address::by_address,
    quota::{Limit, Quota, Quotas},
};

/// How long a place stays known to an account after a good password.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// All limits and what was used of them. Clones share it.
#[derive(Clone)]
pub struct RateLimits(Arc<Shared>);

struct Shared {
    tables: [Option<Table>; Limit::ALL.len()],
    /// Which accounts were used from which places.
    known: Table,
    /// Keyed at random: nobody can choose keys that fall into one row.
    hash: RandomState,
    clock: Clock,
}

/// Mails that are counted together. What strangers can ask for is apart from what the user or an administrator can, so
/// that nobody uses up the mails that others want.
#[derive(Clone, Copy, Debug, Hash)]
pub enum Mail<'a> {
    /// A reset that anybody may ask for, for this address, whether it is anybody's or not.
    Reset(&'a str),
    /// A reset that an administrator asks for.
    ResetByAdmin(UserId),
    /// To the address of an account. Nobody else asks for it; by the user it would be no limit, as who deletes an account
    /// can make another one with the address of somebody else.
    Verification(&'a str),
    /// To an address that administrators invite. By the administrator it would be no limit, as there may be several.
    Invitation(&'a str),
}

/// A request that was counted: what is left, for its answer.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    limit: Limit,
    quota: Quota,
    remaining: u32,
    reset: Duration,
}

/// A request too many.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many requests: the limit {:?} is used up for {} s", spent.limit.name(), retry_after.as_secs())]
pub struct LimitReached {
    spent: Spent,
    pub retry_after: Duration,
}

/// A log-in under way that was counted for its account.
#[must_use = "a good password gives back what it took, and so does one that was not looked at"]
pub struct Attempt<'a> {
    limits: &'a RateLimits,
    here: u64,
    /// `None`: nothing was left of this limit, and nothing was taken.
    anywhere: Option<u64>,
    /// The limit that holds unless the place is known to the account.
    pub refused_unless_known: Option<LimitReached>,
}

impl RateLimits {
    pub fn new(quotas: Quotas, clock: Clock) -> Self {
        let tables = Limit::ALL.map(|limit| quotas.of(limit).map(Table::new));
        let known = Table::new(Quota::new(1, KNOWN_FOR));
        Self(Arc::new(Shared { tables, known, hash: RandomState::new(), clock }))
    }

    /// Counts a request of this client, and of the site that it is in.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub fn by_address(&self, limit: Limit, client: Option<IpAddr>) -> Result<Option<Spent>, LimitReached> {
        let (place, site) = self.whence(limit, client);
        // The site first: what a whole site may not do any more makes no entries for its places.
        if let Some(site) = site {
            self.take_of(limit, site, PLACES_OF_A_SITE)?;
        }
        let spent = self.take(limit, place);
        if let (Some(site), Err(_), Some(table)) = (site, &spent, self.table(limit)) {
            // What is refused counts for nobody: one place could use up the whole site by it.
            table.give_back(site, PLACES_OF_A_SITE);
        }
        spent
    }

    /// Takes back what [`by_address`](Self::by_address) counted: it was no attempt.
    pub fn give_back_by_address(&self, limit: Limit, client: Option<IpAddr>) {
        let Some(table) = self.table(limit) else { return };
        let (place, site) = self.whence(limit, client);
        table.give_back(place, 1);
        if let Some(site) = site {
            table.give_back(site, PLACES_OF_A_SITE);
        }
    }

    /// Counts a log-in for this account, whether it exists or not.
    ///
    /// # Errors
    /// [`LimitReached`] if there were too many from this place; too many from everywhere is the attempt's to say.
    pub fn log_in(&self, account: &str, client: Option<IpAddr>) -> Result<Attempt<'_>, LimitReached> {
        let here = self.here(account, client);
        let anywhere = self.key((Limit::AccountAnywhere, account));
        self.take(Limit::Account, here)?;
        let is_known = self.0.known.is_exhausted(here, self.now());
        let refused = self.take(Limit::AccountAnywhere, anywhere).err();
        let anywhere = refused.is_none().then_some(anywhere);
        Ok(Attempt { limits: self, here, anywhere, refused_unless_known: refused.filter(|_| !is_known) })
    }

    /// Counts something that a user does who is signed in.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub fn by_user(&self, limit: Limit, user: UserId) -> Result<(), LimitReached> {
        self.take(limit, self.key((limit, user.get()))).map(drop)
    }

    /// Counts a mail, together with others that the same may ask for.
    ///
    /// # Errors
    /// [`LimitReached`].
    pub fn mail(&self, mail: Mail<'_>) -> Result<(), LimitReached> {
        self.take(Limit::Mail, self.key((Limit::Mail, mail))).map(drop)
    }

    /// Takes this place for one of the account's owner: he has just shown that he reads its mail. What was tried in
    /// vain from here before was tried by him.
    pub fn welcome(&self, account: &str, client: Option<IpAddr>) {
        let (here, now) = (self.here(account, client), self.now());
        if let Some(table) = &self.0.tables[Limit::Account as usize] {
            table.forget(here);
        }
        self.0.known.set(here, now);
    }

    /// The keys of a client's place and of the site that it is in.
    fn whence(&self, limit: Limit, client: Option<IpAddr>) -> (u64, Option<u64>) {
        let site = client.and_then(site).map(|site| self.key((limit, "site", site)));
        (self.key((limit, client.map(place))), site)
    }

    fn here(&self, account: &str, client: Option<IpAddr>) -> u64 {
        self.key((Limit::Account, account, client.map(place)))
    }

    fn take(&self, limit: Limit, key: u64) -> Result<Option<Spent>, LimitReached> {
        self.take_of(limit, key, 1)
    }

    fn take_of(&self, limit: Limit, key: u64, times: u32) -> Result<Option<Spent>, LimitReached> {
        let Some(table) = self.table(limit) else { return Ok(None) };
        let Taken { remaining, reset, retry_after } = table.take(key, times, self.now());
        let spent = Spent { limit, quota: table.quota(), remaining, reset };
        match retry_after {
            None => Ok(Some(spent)),
            Some(retry_after) => Err(LimitReached { spent, retry_after }),
        }
    }

    fn give_back(&self, limit: Limit, key: u64) {
        if let Some(table) = self.table(limit) {
            table.give_back(key, 1);
        }
    }

    fn table(&self, limit: Limit) -> Option<&Table> {
        self.0.tables[limit as usize].as_ref()
    }

    fn key(&self, of: impl std::hash::Hash) -> u64 {
        self.0.hash.hash_one(of)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.clock.now().as_microsecond()).unwrap_or(0)
    }
}

impl Attempt<'_> {
    /// The password was right: it was no guess, and its owner is here.
    pub fn succeeded(self) {
        self.limits.0.known.set(self.here, self.limits.now());
        self.not_made();
    }

    /// The password was not looked at, so nothing was learned about it.
    pub fn not_made(self) {
        self.limits.give_back(Limit::Account, self.here);
        if let Some(anywhere) = self.anywhere {
            self.limits.give_back(Limit::AccountAnywhere, anywhere);
        }
    }
}

/// Sites get an IPv6 /48 or /56 with up to 65,536 places in it; all of them together may do as much as these many.
const PLACES_OF_A_SITE: u32 = 16;

/// The /48 of an IPv6 address; an IPv4 address is a place and nothing more.
fn site(address: IpAddr) -> Option<std::net::Ipv6Addr> {
    match address.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(std::net::Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
    }
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

impl Spent {
    /// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).
    pub fn tell(&self, headers: &mut HeaderMap) {
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
    /// The same, and when to come back (RFC 9110, section 10.2.3).
    pub fn tell(&self, headers: &mut HeaderMap) {
        self.spent.tell(headers);
        headers.insert(RETRY_AFTER, seconds(self.retry_after).into());
    }
}

/// Rounded up: coming back too early is another refusal.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
