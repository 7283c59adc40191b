//! Signed tokens: `Authorization: Bearer eyJhbGciOi...`.

mod by_issuer;
mod provide_keys;
mod token_cache;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use strict_jose::{Error as TokenError, Rules, Verified};

pub use self::by_issuer::ByIssuer;
pub use self::provide_keys::ProvideKeys;
#[cfg(feature = "token-cache")]
pub use self::token_cache::TokenCache;
pub use self::token_cache::{CacheTokens, NoCache};
pub use self::verify::{ByFunction, ByType, IntoVerifyClaims, VerifyClaims, VerifyFn};
use crate::clock::{Clock, system_clock};
use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, Error, InvalidChallenge, Outcome, Strategy, TokenSource};

/// A signed JSON Web Token, checked by [`strict_jose`], and then by you.
///
/// Three things make it: the keys, the rules that a token must meet (issuer, audience, what it is for), and the
/// verification: a function or a [type](VerifyClaims) that makes a user of the claims.
///
/// ```
/// use serde::Deserialize;
/// use strict_jose::{Key, Rules};
/// use tower_passport::Jwt;
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: u64,
/// }
/// # #[derive(Clone)] struct Users;
/// # impl Users { async fn find(&self, id: u64) -> Result<Option<String>, std::io::Error> { Ok(None) } }
/// # fn example(users: Users, secret: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let rules = Rules::typ("at+jwt").issuer("https://recipes.example").audience("recipes");
/// let guard = Jwt::new(Key::hs256(secret)?, rules, move |claims: Claims| {
///     let users = users.clone();
///     async move { users.find(claims.sub).await }
/// })
/// .realm("recipes")?;
/// # Ok(()) }
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no `Authorization`, or another scheme | pass, `WWW-Authenticate: Bearer` |
/// | two `Authorization` fields, or `Bearer` and not exactly one token | 400 `invalid_request` |
/// | a token that `strict_jose` refuses, for whatever reason | 401 `invalid_token` |
/// | a good token, and the verification said `Ok(None)` | 401 `invalid_token` |
/// | a good token, and the verification said `Err` | 503 |
/// | a token, and the keys [could not be had](ProvideKeys) | 503 |
///
/// The client hears the same words for every bad token; the log has the reason (`expired`, `bad_signature`, ...).
///
/// Tokens of several issuers on one route: [`ByIssuer`].
///
/// Source: RFC 6750 (bearer tokens), RFC 8725 (best practices for JWTs).
pub struct Jwt<K, V, T = BearerHeader, C = NoCache> {
    keys: K,
    rules: Rules,
    verify: V,
    tokens: T,
    cache: C,
    clock: Clock,
    challenges: TokenChallenges,
}

impl<K, V> Jwt<K, V> {
    /// The strategy for tokens signed by these keys that meet these rules.
    ///
    /// The verification is a function `|claims: C| async { .. }` or a [`VerifyClaims`] type. With the latter, the
    /// strategy has a name to write in handlers: `type Guard = Jwt<Key, FindUser>`.
    pub fn new<Kind>(keys: K, rules: Rules, verify: impl IntoVerifyClaims<Kind, Verify = V>) -> Self {
        Self {
            keys,
            rules,
            verify: verify.into_verify(),
            tokens: BearerHeader,
            cache: NoCache,
            clock: system_clock(),
            challenges: TokenChallenges::bearer(),
        }
    }
}

impl<K, V, T, C> Jwt<K, V, T, C> {
    /// Takes the time from this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Names the realm in the challenges: `Bearer realm="recipes"`.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the name is not printable ASCII.
    pub fn realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Ok(Self { challenges: self.challenges.with_realm(realm)?, ..self })
    }

    /// Takes the token from elsewhere than the `Authorization` header: see [`TokenSource`].
    pub fn tokens_from<Other: TokenSource>(self, tokens: Other) -> Jwt<K, V, Other, C> {
        let Self { keys, rules, verify, tokens: _, cache, clock, challenges } = self;
        let challenges = challenges.for_source(&tokens, "Bearer");
        Jwt { keys, rules, verify, tokens, cache, clock, challenges }
    }

    /// Keeps what was verified, and verifies the same token less often: see [`TokenCache`]. The type of the strategy is
    /// then `Jwt<K, V, T, TokenCache<Claims>>`.
    #[cfg(feature = "token-cache")]
    pub fn cache<Claims>(self, cache: TokenCache<Claims>) -> Jwt<K, V, T, TokenCache<Claims>>
    where
        V: VerifyClaims<Claims = Claims>,
    {
        let Self { keys, rules, verify, tokens, cache: _, clock, challenges } = self;
        Jwt { keys, rules, verify, tokens, cache, clock, challenges }
    }
}

impl<K, V, T, C> Strategy for Jwt<K, V, T, C>
where
    K: ProvideKeys,
    V: VerifyClaims,
    T: TokenSource,
    C: CacheTokens<V::Claims>,
{
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let token = match self.tokens.token(request) {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.no_token(error),
        };
        let claims = match self.claims(&token).await? {
            Ok(claims) => claims,
            Err(error) => {
                tracing::debug!(%error, "Token refused: {error}");
                return Ok(self.challenges.invalid_token(error.reason()));
            }
        };
        match self.verify.verify(claims).await {
            Ok(Some(user)) => Ok(Outcome::Accept(user)),
            Ok(None) => Ok(self.challenges.invalid_token("unknown_user")),
            Err(error) => Err(Error::new(error)),
        }
    }
}

impl<K: ProvideKeys, V: VerifyClaims, T, C: CacheTokens<V::Claims>> Jwt<K, V, T, C> {
    async fn claims(&self, token: &str) -> Result<Result<V::Claims, TokenError>, Error> {
        let now = (self.clock)();
        if let Some(claims) = self.cache.get(token, now) {
            return Ok(Ok(claims));
        }
        Ok(self.verified(token, now).await?.map(|Verified { claims, registered, .. }| {
            self.cache.keep(token, &claims, now, self.rules.valid_until(&registered));
            claims
        }))
    }

    /// Only a token that names a key which nobody knows is verified twice.
    async fn verified(
        &self,
        token: &str,
        now: SystemTime,
    ) -> Result<Result<Verified<V::Claims>, TokenError>, Error> {
        let verified = self.rules.verify(token, &self.keys.keys().await?, now);
        let Err(TokenError::UnknownKey { kid }) = verified else { return Ok(verified) };
        Ok(match self.keys.keys_beyond(&kid).await? {
            Some(keys) => self.rules.verify(token, &keys, now),
            None => Err(TokenError::UnknownKey { kid }),
        })
    }
}

/// Keys, rules and verification stay out of it.
impl<K, V, T, C> fmt::Debug for Jwt<K, V, T, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwt").field("challenge", self.challenges.ask()).finish_non_exhaustive()
    }
}
