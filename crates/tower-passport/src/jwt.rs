//! Signed tokens: `Authorization: Bearer eyJhbGciOi...`.

mod by_issuer;
mod claims_cache;
mod newest_keys;
mod provide_keys;
#[cfg(feature = "status-list")]
mod status_lists;
#[cfg(feature = "token-cache")]
mod token_cache;
mod with_header;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;
use strict_jose::{Error as TokenError, Rules, Verified};

pub use self::by_issuer::ByIssuer;
use self::claims_cache::{Checked, ClaimsCache};
use self::newest_keys::verify_with_newest;
pub use self::provide_keys::{ProvideKeys, UnverifiedHeader};
#[cfg(feature = "status-list")]
use self::status_lists::FollowedLists;
#[cfg(feature = "status-list")]
pub use self::status_lists::StatusLists;
#[cfg(feature = "token-cache")]
pub use self::token_cache::TokenCache;
pub use self::with_header::{FromVerified, WithHeader};
use crate::clock::{Clock, system_clock};
use crate::token_challenges::TokenChallenges;
use crate::{BearerHeader, Error, InvalidChallenge, Outcome, Strategy, TokenSource, Verify};

/// Authenticates by a signed JSON Web Token, which [`strict_jose`] checks before the application verifies its claims.
///
/// It needs the keys, the rules for the token (issuer, audience, type), and a [verification](Verify): a function or a
/// type that finds the user of the claims.
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
/// A verification that also needs the `kid` of the token takes [`WithHeader`] instead of the claims.
///
/// With a type as the verification, the strategy has a type that can be written out:
/// `type Guard = Jwt<Key, Claims, FindUser>`.
///
/// | the request has | outcome |
/// | --- | --- |
/// | no `Authorization`, or another scheme | pass, `WWW-Authenticate: Bearer` |
/// | two `Authorization` headers, or `Bearer` and not exactly one token | 400 `invalid_request` |
/// | a token without the two dots of a JWT | the next strategy of a chain that recognizes it, otherwise 401 `invalid_token` |
/// | a token that `strict_jose` rejects | 401 `invalid_token` |
/// | a good token that a status list revokes (`StatusLists`) | 401 `invalid_token` |
/// | a good token, and the verification denies | 401 `invalid_token`, unless the [`Denial`](crate::Denial) says otherwise |
/// | a good token, and the verification fails | 503 |
/// | a token, and the keys [are not available](ProvideKeys), or its status list | 503 |
///
/// The client sees the same response to every bad token. The log has the cause (`expired`, `bad_signature`, ...).
///
/// For tokens of several issuers on one route, see [`ByIssuer`].
///
/// Source: RFC 6750 (bearer tokens), RFC 8725 (best practices for JWTs).
pub struct Jwt<K, C, V> {
    keys: Arc<K>,
    rules: Rules,
    verify: V,
    tokens: Box<dyn TokenSource>,
    #[cfg(feature = "status-list")]
    status_lists: Option<FollowedLists>,
    cache: Option<Box<dyn ClaimsCache<C>>>,
    clock: Clock,
    challenges: TokenChallenges,
}

impl<K, C, V: Verify<C>> Jwt<K, C, V> {
    /// The strategy for tokens that are signed by these keys and meet these rules.
    pub fn new(keys: K, rules: Rules, verify: V) -> Self {
        Self {
            keys: Arc::new(keys),
            rules,
            verify,
            tokens: Box::new(BearerHeader),
            #[cfg(feature = "status-list")]
            status_lists: None,
            cache: None,
            clock: system_clock(),
            challenges: TokenChallenges::bearer(),
        }
    }
}

impl<K, C, V> Jwt<K, C, V> {
    /// Uses this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        let clock: Clock = Arc::new(clock);
        Self {
            #[cfg(feature = "status-list")]
            status_lists: self.status_lists.map(|lists| lists.with_clock(Arc::clone(&clock))),
            clock,
            ..self
        }
    }

    /// Names the realm in the challenges: `Bearer realm="recipes"`.
    ///
    /// # Errors
    /// [`InvalidChallenge`] if the name is not printable ASCII.
    pub fn realm(self, realm: &str) -> Result<Self, InvalidChallenge> {
        Ok(Self { challenges: self.challenges.with_realm(realm)?, ..self })
    }

    /// Reads the token from this source instead of the `Authorization` header: see [`TokenSource`].
    #[must_use]
    pub fn tokens_from(self, tokens: impl TokenSource) -> Self {
        let challenges = self.challenges.for_source(&tokens, "Bearer");
        Self { tokens: Box::new(tokens), challenges, ..self }
    }

    /// Caches checked tokens, so that a token that is sent again is not checked again: see [`TokenCache`].
    #[cfg(feature = "token-cache")]
    #[must_use]
    pub fn cache(self, cache: TokenCache<C>) -> Self
    where
        C: Clone + Send + Sync + 'static,
    {
        Self { cache: Some(Box::new(cache)), ..self }
    }

    /// Refuses tokens that the issuer has revoked although they have not expired: see [`StatusLists`].
    #[cfg(feature = "status-list")]
    #[must_use]
    pub fn status_lists(self, lists: StatusLists) -> Self
    where
        K: ProvideKeys,
    {
        let lists = FollowedLists::new(lists, Arc::clone(&self.keys), Arc::clone(&self.clock));
        Self { status_lists: Some(lists), ..self }
    }
}

impl<K, C, V> Strategy for Jwt<K, C, V>
where
    K: ProvideKeys,
    C: FromVerified,
    V: Verify<C>,
{
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        // `strict_jose` allows fewer characters than a bearer token, so a good token needs no other check.
        let token = match self.tokens.raw_token(request) {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(self.challenges.pass()),
            Err(error) => return self.challenges.unreadable(error),
        };
        // Before anything else: a key of another strategy must not wait for the keys of an issuer.
        if !has_two_dots(&token) {
            return match self.tokens.token(request) {
                Ok(_) => Ok(self.challenges.unrecognized()),
                Err(error) => self.challenges.unreadable(error),
            };
        }
        let checked = match self.checked(&token).await {
            Ok(checked) => checked,
            Err(ClaimsError::Invalid(error)) => {
                if let Err(error) = self.tokens.token(request) {
                    return self.challenges.unreadable(error);
                }
                tracing::debug!(target: crate::LOG_TARGET, %error, path = request.uri.path(), "Token rejected: {error}");
                return Ok(Outcome::Reject(self.challenges.invalid_token(error.reason())));
            }
            Err(ClaimsError::Undecided(error)) => return Err(error),
        };
        #[cfg(feature = "status-list")]
        if let Some(lists) = &self.status_lists
            && let Err(not_valid) = lists.check(checked.status.as_deref()).await?
        {
            tracing::debug!(target: crate::LOG_TARGET, path = request.uri.path(), "Token rejected: {not_valid}");
            return Ok(Outcome::Reject(self.challenges.invalid_token(not_valid.cause())));
        }
        let verification = self.verify.verify(checked.claims, request).await?;
        Ok(self.challenges.verified(verification, "unknown_user"))
    }

    fn recognizes(&self, request: &Parts) -> Option<&str> {
        self.challenges.recognizes(&*self.tokens, request, has_two_dots)
    }
}

/// Whether it has the three parts of a signed token (RFC 7515, section 7.1).
fn has_two_dots(token: &str) -> bool {
    memchr::memchr_iter(b'.', token.as_bytes()).count() == 2
}

impl<K: ProvideKeys, C: FromVerified, V: Send + Sync> Jwt<K, C, V> {
    /// The claims of a good token, from the cache or checked now.
    async fn checked(&self, token: &str) -> Result<Checked<C>, ClaimsError> {
        let now = (self.clock)();
        let cache = self.cache.as_deref();
        if let Some(checked) = cache.and_then(|cache| cache.get(token, now)) {
            return Ok(checked);
        }
        let verified: Verified<C::Claims> =
            verify_with_newest(&*self.keys, token, |keys| self.rules.verify(token, keys, now)).await??;
        let registered = verified.registered;
        let checked = Checked {
            claims: C::from_verified(verified),
            #[cfg(feature = "status-list")]
            status: self.status_lists.as_ref().map_or(Ok(None), |_| FollowedLists::place_of(token))?,
        };
        if let Some(cache) = cache {
            cache.insert(token, &checked, now, self.rules.valid_until(&registered));
        }
        Ok(checked)
    }
}

/// Why there are no claims.
enum ClaimsError {
    Invalid(TokenError),
    Undecided(Error),
}

impl From<TokenError> for ClaimsError {
    fn from(error: TokenError) -> Self {
        Self::Invalid(error)
    }
}

impl From<Error> for ClaimsError {
    fn from(error: Error) -> Self {
        Self::Undecided(error)
    }
}

/// Leaves out the keys, the rules and the verification.
impl<K, C, V> fmt::Debug for Jwt<K, C, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jwt").field("challenge", self.challenges.ask()).finish_non_exhaustive()
    }
}
