//! The public keys of an issuer, fetched from its server.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use strict_jose::{Algorithm, Excerpt, KeySet};

use crate::cached_document::{CachePolicy, CachedDocument, Refetched};
use crate::clock::{Clock, system_clock};
use crate::discovery::Metadata;
use crate::{Error, HttpClient, HttpError, ProvideKeys, UnverifiedHeader};

/// The keys that an issuer publishes as a JWK set, for [`Jwt`](crate::Jwt): fetched for the first token, then cached.
///
/// ```
/// use strict_jose::Rules;
/// use tower_passport::{HttpClient, Jwt, Network, RemoteKeys};
///
/// # fn example() -> Result<(), tower_passport::HttpError> {
/// let keys = RemoteKeys::of_issuer("https://id.example", HttpClient::new(Network::Public)?)?;
/// let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("recipes");
/// let guard = Jwt::new(keys, rules, |claims: serde_json::Value| async move {
///     Ok::<_, std::convert::Infallible>(Some(claims))
/// });
/// # Ok(()) }
/// ```
///
/// - **One fetch** serves all requests that wait for it. It continues if a client disconnects.
/// - **Stale while revalidating:** after ten minutes the keys are fetched again while the old ones are used. If that fails, they
///   are used for a day. After that, or if the first fetch fails, the response is 503. It is never 401, because the token is
///   not the problem.
/// - **Rotation:** a token with an unknown key id causes a fetch at once. Any client can send such a token, so there is at
///   most one fetch in ten seconds, and none for 30 seconds for an id that the set did not contain: a key that is published
///   after its first token is found then. In between, the response to a token with another unknown id is 503 with
///   `Retry-After`, since the key may be new. Tokens of known keys are not affected.
/// - **Mistakes of the issuer:** an invalid key does not spoil the set. It is skipped, with a warning that names it. A set
///   without any usable key, such as `{"keys":[]}`, is a failed fetch: the previous set stays in use.
/// - **Hostile or broken servers** are limited by the timeout and the size limit of the [`HttpClient`]. A set that is no JSON,
///   too large or contains a secret is rejected as a whole, and the previous set stays in use.
pub struct RemoteKeys {
    source: Source,
    key_set: CachedDocument<KeySet>,
    /// A negative cache: key ids that a newly fetched set did not contain, and the time of the fetch.
    unknown: Cache<String, SystemTime>,
}

const POLICY: CachePolicy = CachePolicy {
    fresh_for: Duration::from_mins(10),
    stale_for: Duration::from_hours(24),
    usable_for: Duration::ZERO,
    retry_after: Duration::from_secs(10),
};

/// How long an unknown key id stays in the negative cache.
///
/// Short, because an issuer may sign with a new key before it publishes it, or before all its servers do.
const UNKNOWN_FOR: Duration = Duration::from_secs(30);

/// The capacity of the negative cache.
const UNKNOWN_CAPACITY: u64 = 64;

/// The location of the set, and how it is read.
#[derive(Clone)]
struct Source {
    location: Location,
    http: HttpClient,
    rsa: Algorithm,
    clock: Clock,
}

#[derive(Clone)]
enum Location {
    Jwks(Arc<str>),
    Issuer(Arc<str>),
    #[cfg(feature = "oidc")]
    Discovered(CachedDocument<Metadata>),
}

impl RemoteKeys {
    /// The set at this URL, which is the `jwks_uri` in the issuer's metadata.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`] if the client may not connect to it.
    pub fn new(jwks_uri: &str, http: HttpClient) -> Result<Self, HttpError> {
        http.check(jwks_uri)?;
        Ok(Self::at_location(Location::Jwks(jwks_uri.into()), http, system_clock()))
    }

    /// The set of an issuer, found through its metadata (`OpenID` Connect Discovery, section 4).
    ///
    /// The metadata must name the same issuer, character by character.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`] if the client may not connect to it.
    pub fn of_issuer(issuer: &str, http: HttpClient) -> Result<Self, HttpError> {
        http.check(issuer)?;
        Ok(Self::at_location(Location::Issuer(issuer.into()), http, system_clock()))
    }

    /// The set of an issuer with metadata in another cache.
    #[cfg(feature = "oidc")]
    pub(crate) fn discovered(
        metadata: CachedDocument<Metadata>,
        http: HttpClient,
        rsa: Algorithm,
        clock: Clock,
    ) -> Self {
        Self::at_location(Location::Discovered(metadata), http, clock).rsa_algorithm(rsa)
    }

    fn at_location(location: Location, http: HttpClient, clock: Clock) -> Self {
        Self::from_source(Source { location, http, rsa: Algorithm::Rs256, clock })
    }

    fn from_source(source: Source) -> Self {
        let source_of_fetch = source.clone();
        let fetch = move || {
            let source = Source { http: source_of_fetch.http.for_task(), ..source_of_fetch.clone() };
            async move { source.fetch().await }
        };
        let key_set = CachedDocument::new(fetch, Arc::clone(&source.clock), POLICY);
        let unknown = Cache::builder().max_capacity(UNKNOWN_CAPACITY).eviction_policy(EvictionPolicy::lru());
        Self { source, key_set, unknown: unknown.build() }
    }

    /// Uses this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self::from_source(Source { clock: Arc::new(clock), ..self.source })
    }

    /// Sets the algorithm of RSA keys that name none. The default is RS256.
    ///
    /// Some large issuers publish such keys, and each key is for one algorithm.
    #[must_use]
    pub fn rsa_algorithm(self, algorithm: Algorithm) -> Self {
        Self::from_source(Source { rsa: algorithm, ..self.source })
    }

    /// Whether a recent fetch has shown that no key has this id.
    fn is_known_to_be_unknown(&self, kid: &str, now: SystemTime) -> bool {
        let at = self.unknown.get(kid);
        at.is_some_and(|at| now.duration_since(at).unwrap_or_default() < UNKNOWN_FOR)
    }
}

impl Source {
    async fn fetch(&self) -> Result<KeySet, HttpError> {
        let jwks = match &self.location {
            Location::Jwks(url) => self.http.document(url).await?,
            Location::Issuer(issuer) => {
                let metadata = Metadata::fetch(&self.http, issuer, issuer).await?;
                self.http.document(&metadata.jwks_uri).await?
            }
            #[cfg(feature = "oidc")]
            Location::Discovered(metadata) => self.http.document(&metadata.get().await?.jwks_uri).await?,
        };
        let keys = KeySet::from_jwks_as(self.rsa, &jwks)
            .map_err(|error| HttpError::Unusable(format!("no JWK set: {error}").into()))?;
        for skipped in keys.skipped() {
            tracing::warn!(location = ?self.location, %skipped, "A published key is skipped: {skipped}");
        }
        if keys.iter().next().is_none() {
            return Err(HttpError::Unusable("a JWK set without a key for signatures".into()));
        }
        Ok(keys)
    }
}

impl ProvideKeys for RemoteKeys {
    type Keys<'a> = Arc<KeySet>;

    async fn keys(&self, _: &UnverifiedHeader<'_>) -> Result<Arc<KeySet>, Error> {
        self.key_set.get().await.map_err(unavailable)
    }

    async fn keys_beyond(&self, header: &UnverifiedHeader<'_>) -> Result<Option<Arc<KeySet>>, Error> {
        let now = (self.source.clock)();
        let kid = header.kid().unwrap_or_default();
        // The client chose its length, so only its start is stored.
        let start = Excerpt::of(&kid).to_string();
        if self.is_known_to_be_unknown(&start, now) {
            return Ok(None);
        }
        match self.key_set.refetch().await.map_err(unavailable)? {
            Refetched::Document(keys) => {
                if keys.iter().all(|key| key.kid() != Some(&kid)) {
                    self.unknown.insert(start, now);
                }
                Ok(Some(keys))
            }
            // The key may have been published after the last fetch.
            Refetched::NotBefore(wait) => {
                Err(Error::not_yet("the next fetch of the keys is not allowed yet", wait))
            }
        }
    }
}

fn unavailable(error: HttpError) -> Error {
    Error::new(error).with_retry_after(POLICY.retry_after)
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RemoteKeys").field("location", &self.source.location).finish_non_exhaustive()
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jwks(url) | Self::Issuer(url) => url.fmt(formatter),
            #[cfg(feature = "oidc")]
            Self::Discovered(_) => formatter.write_str("discovered"),
        }
    }
}
