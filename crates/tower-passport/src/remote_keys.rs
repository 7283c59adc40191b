//! The public keys of an issuer, fetched from it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use strict_jose::{Algorithm, KeySet, KidExcerpt};

use crate::clock::{Clock, system_clock};
use crate::discovery::Metadata;
use crate::fetched::{Fetched, Keeping, Newer};
use crate::{Error, HttpClient, HttpError, ProvideKeys};

/// The keys that an issuer publishes as a JWK set, for [`Jwt`](crate::Jwt): fetched when the first token comes, kept, and
/// renewed behind the scenes.
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
/// - **One fetch for everybody** who waits, and a client that hangs up ends it for nobody.
/// - **Stale while revalidating:** after ten minutes the keys are renewed while the old ones serve; if that fails they
///   serve for a day. Only then, or if there never were any, the answer is 503 (never 401: no token became bad).
/// - **Rotation:** a token that names a key which is not here has the set fetched anew, at once. But anybody can write
///   such a token, so there is at most one fetch in ten seconds, whoever asks, and none within five minutes for a name
///   that was asked for in vain. In between, the answer to a token with a name that was not looked for is 503 with
///   `Retry-After`, since it may be the first of a new key; those of known keys do not notice.
/// - **A hostile or broken server** finds an [`HttpClient`] that knows how long to wait and how much to read. A set with
///   something wrong in it is refused as a whole, and the last good one stays.
pub struct RemoteKeys {
    origin: Origin,
    fetched: Fetched<KeySet>,
    /// Names that were asked for and were not in the set fetched for them.
    unknown: Mutex<Vec<(KidExcerpt, SystemTime)>>,
}

const KEEPING: Keeping = Keeping {
    fresh: Duration::from_mins(10),
    usable: Duration::from_hours(24),
    pause: Duration::from_secs(10),
};

/// How long a name that nobody has is remembered, and how many of them.
const REMEMBERED: (Duration, usize) = (Duration::from_mins(5), 64);

/// Where the set is, and how it is read.
#[derive(Clone)]
struct Origin {
    place: Place,
    http: HttpClient,
    rsa: Algorithm,
    clock: Clock,
}

#[derive(Clone)]
enum Place {
    Jwks(Arc<str>),
    Issuer(Arc<str>),
    #[cfg(feature = "oidc")]
    Discovered(Fetched<Metadata>),
}

impl RemoteKeys {
    /// The set at this URL, as `jwks_uri` in an issuer's metadata says it.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`] if the client may not ask it.
    pub fn new(jwks_uri: &str, http: HttpClient) -> Result<Self, HttpError> {
        http.check(jwks_uri)?;
        Ok(Self::at(Place::Jwks(jwks_uri.into()), http, system_clock()))
    }

    /// The set of the issuer, found by its metadata (`OpenID` Connect Discovery, section 4), which must name the same
    /// issuer, character by character.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`] if the client may not ask it.
    pub fn of_issuer(issuer: &str, http: HttpClient) -> Result<Self, HttpError> {
        http.check(issuer)?;
        Ok(Self::at(Place::Issuer(issuer.into()), http, system_clock()))
    }

    /// The set of an issuer whose metadata somebody else keeps.
    #[cfg(feature = "oidc")]
    pub(crate) fn discovered(
        metadata: Fetched<Metadata>,
        http: HttpClient,
        rsa: Algorithm,
        clock: Clock,
    ) -> Self {
        Self::at(Place::Discovered(metadata), http, clock).rsa_algorithm(rsa)
    }

    fn at(place: Place, http: HttpClient, clock: Clock) -> Self {
        Self::from_origin(Origin { place, http, rsa: Algorithm::Rs256, clock })
    }

    fn from_origin(origin: Origin) -> Self {
        let asked = origin.clone();
        let fetch = move || {
            let origin = asked.clone();
            async move { origin.fetch().await }
        };
        let fetched = Fetched::new(fetch, Arc::clone(&origin.clock), KEEPING);
        Self { origin, fetched, unknown: Mutex::default() }
    }

    /// Takes the time from this clock instead of the system's, so that tests can stop it.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self::from_origin(Origin { clock: Arc::new(clock), ..self.origin })
    }

    /// What an RSA key is for that does not say it: RS256 unless said. Some large issuers publish such keys, and one key
    /// is for one algorithm.
    #[must_use]
    pub fn rsa_algorithm(self, algorithm: Algorithm) -> Self {
        Self::from_origin(Origin { rsa: algorithm, ..self.origin })
    }

    fn is_remembered(&self, kid: &KidExcerpt, now: SystemTime) -> bool {
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: SystemTime| now.duration_since(at).unwrap_or_default() < REMEMBERED.0;
        unknown.iter().any(|(other, at)| other == kid && is_recent(*at))
    }

    fn remember(&self, kid: &KidExcerpt, now: SystemTime) {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        unknown.retain(|(other, _)| other != kid);
        if unknown.len() == REMEMBERED.1 {
            unknown.remove(0);
        }
        unknown.push((*kid, now));
    }
}

impl Origin {
    async fn fetch(&self) -> Result<KeySet, HttpError> {
        let jwks = match &self.place {
            Place::Jwks(url) => self.http.document(url).await?,
            Place::Issuer(issuer) => {
                let metadata = Metadata::fetch(&self.http, issuer, issuer).await?;
                self.http.document(&metadata.jwks_uri).await?
            }
            #[cfg(feature = "oidc")]
            Place::Discovered(metadata) => self.http.document(&metadata.get().await?.jwks_uri).await?,
        };
        KeySet::from_jwks_as(self.rsa, &jwks)
            .map_err(|error| HttpError::NotUnderstood(format!("no JWK set: {error}").into()))
    }
}

impl ProvideKeys for RemoteKeys {
    type Keys<'a> = Arc<KeySet>;

    async fn keys(&self) -> Result<Arc<KeySet>, Error> {
        self.fetched.get().await.map_err(unreachable_issuer)
    }

    async fn keys_beyond(&self, kid: &KidExcerpt) -> Result<Option<Arc<KeySet>>, Error> {
        let now = (self.origin.clock)();
        if self.is_remembered(kid, now) {
            return Ok(None);
        }
        match self.fetched.newer().await.map_err(unreachable_issuer)? {
            Newer::Now(keys) => {
                if keys.iter().all(|key| key.kid().map(KidExcerpt::of) != Some(*kid)) {
                    self.remember(kid, now);
                }
                Ok(Some(keys))
            }
            // A set from a moment ago may be from a moment before the key was published.
            Newer::In(left) => Err(Error::not_yet("the key is looked for after a pause", left)),
        }
    }
}

fn unreachable_issuer(error: HttpError) -> Error {
    Error::new(error).with_retry_after(KEEPING.pause)
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("RemoteKeys");
        match &self.origin.place {
            Place::Jwks(url) => debug.field("jwks_uri", url),
            Place::Issuer(issuer) => debug.field("issuer", issuer),
            #[cfg(feature = "oidc")]
            Place::Discovered(_) => &mut debug,
        };
        debug.finish_non_exhaustive()
    }
}
