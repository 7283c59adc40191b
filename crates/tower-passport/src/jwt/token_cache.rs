use std::time::SystemTime;

/// Whether [`Jwt`](crate::Jwt) keeps what it has verified: [`NoCache`], or `TokenCache` with the feature `token-cache`.
/// Not for implementing.
pub trait CacheTokens<C>: sealed::Sealed + Send + Sync + 'static {
    /// The claims of a token that was verified before and is good at this time.
    #[doc(hidden)]
    fn get(&self, token: &str, now: SystemTime) -> Option<C>;

    /// Keeps the claims of a token that was verified at this time.
    #[doc(hidden)]
    fn keep(&self, token: &str, claims: &C, now: SystemTime, good_until: Option<SystemTime>);
}

/// Each token is verified each time. The default.
#[derive(Clone, Copy, Debug)]
pub struct NoCache;

impl<C> CacheTokens<C> for NoCache {
    fn get(&self, _: &str, _: SystemTime) -> Option<C> {
        None
    }

    fn keep(&self, _: &str, _: &C, _: SystemTime, _: Option<SystemTime>) {}
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::NoCache {}
    #[cfg(feature = "token-cache")]
    impl<C> Sealed for super::TokenCache<C> {}
}

#[cfg(feature = "token-cache")]
pub use self::kept::TokenCache;

#[cfg(feature = "token-cache")]
mod kept {
    use std::fmt;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use moka::sync::Cache;

    use super::CacheTokens;

    /// The tokens that were verified lately, so that a client with many requests is verified once a minute.
    ///
    /// ```
    /// # use serde::Deserialize;
    /// use strict_jose::{Key, Rules};
    /// use tower_passport::{Jwt, TokenCache};
    ///
    /// #[derive(Clone, Deserialize)]
    /// struct Claims {
    ///     sub: String,
    /// }
    /// # fn example(key: Key, rules: Rules) {
    /// let guard = Jwt::new(key, rules, |claims: Claims| async { Ok::<_, String>(Some(claims.sub)) })
    ///     .cache(TokenCache::new(10_000));
    /// # }
    /// ```
    ///
    /// What is kept is the outcome of the *signature and the rules*; your verification is asked about the claims at
    /// every request, so somebody who is locked or logged out stays outside. Nothing is kept of tokens that are refused.
    ///
    /// - A token is found by all of its text, never by its payload, its `jti` or its `kid`: with one character changed it
    ///   is another token.
    /// - It is kept until its `exp` (without leeway) or the age limit of the rules, and at most for the
    ///   [time to keep](Self::keep_for). The time is that of the strategy's clock.
    /// - There are at most so many tokens; those that are used least go first. A token has at most 8 KiB, unless the
    ///   rules allow more.
    ///
    /// # What it is worth
    ///
    /// A hit takes 0.3 µs, or 0.5 µs with the longer tokens of RS256, where verifying takes 1 µs for HS256 and 30 to 60 µs for
    /// the asymmetric algorithms (`cargo bench -p tower-passport`). With HMAC keys it saves two thirds of a microsecond a
    /// request: only a busy program sees that.
    ///
    /// # Withdrawn keys
    ///
    /// A token of a key that is withdrawn (rotated, stolen) stays good for the time to keep, a minute unless told. If a
    /// key must be gone at once, restart the program, or do without the cache.
    pub struct TokenCache<C> {
        tokens: Cache<Box<str>, Arc<Kept<C>>>,
        keep_for: Duration,
    }

    struct Kept<C> {
        claims: C,
        since: SystemTime,
        until: SystemTime,
    }

    impl<C: Clone + Send + Sync + 'static> TokenCache<C> {
        /// For at most so many tokens.
        pub fn new(tokens: u64) -> Self {
            Self { tokens: Cache::new(tokens), keep_for: Duration::from_mins(1) }
        }

        /// Verifies a token again after this long; a minute unless told.
        #[must_use]
        pub fn keep_for(self, time: Duration) -> Self {
            Self { keep_for: time, ..self }
        }
    }

    impl<C: Clone + Send + Sync + 'static> CacheTokens<C> for TokenCache<C> {
        fn get(&self, token: &str, now: SystemTime) -> Option<C> {
            let kept = self.tokens.get(token)?;
            // A clock that was set back is answered by verifying again: `nbf` may be to come.
            if (kept.since..kept.until).contains(&now) {
                return Some(kept.claims.clone());
            }
            self.tokens.invalidate(token);
            None
        }

        fn keep(&self, token: &str, claims: &C, now: SystemTime, good_until: Option<SystemTime>) {
            let Some(until) = now.checked_add(self.keep_for) else { return };
            let until = good_until.map_or(until, |good_until| good_until.min(until));
            if now < until {
                let kept = Kept { claims: claims.clone(), since: now, until };
                self.tokens.insert(token.into(), Arc::new(kept));
            }
        }
    }

    /// Neither tokens nor claims print.
    impl<C> fmt::Debug for TokenCache<C> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.debug_struct("TokenCache").field("keep_for", &self.keep_for).finish_non_exhaustive()
        }
    }
}
