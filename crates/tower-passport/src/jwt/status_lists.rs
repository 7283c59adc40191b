use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use moka::sync::Cache;
use strict_jose::Error as TokenError;
use strict_jose::status_list::{Status, StatusList, StatusListError, StatusListRules, StatusReference};

use super::ProvideKeys;
use super::newest_keys::{LacksKey, verify_with_newest};
use crate::cached_document::{CachePolicy, CachedDocument};
use crate::clock::Clock;
use crate::{Error, HttpClient, HttpError};

/// Follows the status lists of an issuer, so that [`Jwt::status_lists`](crate::Jwt::status_lists) refuses revoked tokens that
/// have not expired.
///
/// A signed token is verified without a question to its issuer, so without a list it is accepted until it expires. A token that
/// can be revoked names its place in a list that the issuer signs and publishes. Each list is fetched for the first token that
/// names it, and again and again while such tokens arrive.
///
/// ```
/// use std::time::Duration;
///
/// use strict_jose::Rules;
/// use tower_passport::{HttpClient, HttpError, Jwt, Network, RemoteKeys, StatusLists};
///
/// # fn example() -> Result<(), HttpError> {
/// let http = HttpClient::new(Network::Public)?;
/// let keys = RemoteKeys::of_issuer("https://id.example", http.clone())?;
/// let lists = StatusLists::new("https://id.example/oauth/status/", http)?.max_age(Duration::from_secs(30));
/// let rules = Rules::typ("at+jwt").issuer("https://id.example").audience("https://recipes.example");
/// let guard = Jwt::new(keys, rules, |claims: serde_json::Value| async move {
///     Ok::<_, std::convert::Infallible>(Some(claims))
/// })
/// .status_lists(lists);
/// # Ok(()) }
/// ```
///
/// | the status of the token | outcome |
/// | --- | --- |
/// | valid | the verification decides |
/// | revoked, suspended, or another one | 401 `invalid_token` |
/// | beyond the end of the list, in a list at another URL, or unreadable | 401 `invalid_token` |
/// | the token names none | the verification decides, or 401 if a status is [required](Self::required) |
/// | there is no list that is new enough | 503 |
///
/// # How long a revoked token is accepted
///
/// - **At most `ttl` + 1 second** after the issuer has published the new list. The list says its `ttl`. When three quarters of
///   it have passed, the next list is fetched in the background; when it has passed, requests wait for that fetch, at most a
///   second. A list without a `ttl`, or with a longer one than [`max_ttl`](Self::max_ttl), is fetched again after that time.
/// - **At most [`max_age`](Self::max_age), one minute by default, while the issuer does not answer** or answers with a list that
///   is invalid: wrong signature, type, `sub`, or size. After that, and after the `exp` of the list, the response is 503.
///
/// One fetch serves all requests. It is conditional (`If-None-Match`), so an unchanged list costs the issuer almost nothing.
/// Lists are verified with the keys of the strategy. A million tokens need a list of up to 222 KB, which the default limits of
/// [`HttpClient`] allow; for longer lists, raise [`HttpClient::max_body`] (up to 1 MiB).
///
/// Source: draft-ietf-oauth-status-list, section 8.3.
#[derive(Clone)]
pub struct StatusLists {
    base: Box<str>,
    http: HttpClient,
    max_ttl: Duration,
    max_age: Duration,
    max_bytes: usize,
    is_required: bool,
}

/// An issuer with more lists than this is fetched from more often.
const MAX_LISTS: u64 = 256;

/// A shorter `ttl` counts as this, and after a failure no fetch begins for this long.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

impl StatusLists {
    /// The lists whose URL begins with `base`, if it ends with a slash; otherwise the one list at this URL.
    ///
    /// # Errors
    /// [`HttpError::Forbidden`] if the client may not connect to it.
    pub fn new(base: &str, http: HttpClient) -> Result<Self, HttpError> {
        http.check(base)?;
        let (max_ttl, max_age) = (Duration::from_secs(30), Duration::from_mins(1));
        Ok(Self { base: base.into(), http, max_ttl, max_age, max_bytes: 1 << 20, is_required: false })
    }

    /// Sets after how long a list is fetched again, even if its `ttl` is longer. The default is 30 seconds.
    #[must_use]
    pub fn max_ttl(self, ttl: Duration) -> Self {
        Self { max_ttl: ttl, ..self }
    }

    /// Sets for how long a list is used while no newer one can be fetched. The default is one minute.
    ///
    /// A longer time survives longer outages of the issuer, and accepts tokens for longer that were revoked just before.
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        Self { max_age: age, ..self }
    }

    /// Sets the maximum size of a decompressed list. The default is 1 MiB, for eight million tokens with one bit each.
    #[must_use]
    pub fn max_bytes(self, bytes: usize) -> Self {
        Self { max_bytes: bytes, ..self }
    }

    /// Refuses tokens that name no place in a status list. By default they are accepted until they expire.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    fn has(&self, uri: &str) -> bool {
        uri == &*self.base || self.base.ends_with('/') && uri.starts_with(&*self.base)
    }

    /// How long a list may be used that was requested at `now`.
    fn policy(&self, list: &StatusList, now: SystemTime) -> CachePolicy {
        let until_expiry =
            list.times().exp.map_or(Duration::MAX, |exp| exp.duration_since(now).unwrap_or_default());
        let ttl = list.ttl().unwrap_or(self.max_ttl).min(self.max_ttl).max(MIN_INTERVAL);
        let usable_for = self.max_age.min(until_expiry);
        let stale_for = ttl.min(usable_for);
        CachePolicy { fresh_for: stale_for * 3 / 4, stale_for, usable_for, retry_after: MIN_INTERVAL }
    }

    /// Fetches the list at `uri`, unless it is still the previous one.
    async fn fetch(
        &self,
        uri: &str,
        keys: &impl ProvideKeys,
        previous: Option<&Fetched>,
        now: SystemTime,
    ) -> Result<Fetched, HttpError> {
        // A list that is about to expire is not renewed by "not modified".
        let previous = previous
            .filter(|previous| self.policy(&previous.list, now).stale_for == previous.policy.stale_for);
        let etag = previous.and_then(|previous| previous.etag.as_ref());
        let mut request = Request::get(uri).header(header::ACCEPT, "application/statuslist+jwt");
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request.body(Bytes::new()).map_err(|_| HttpError::Forbidden("an invalid URL"))?;
        let response = self.http.send(request).await?;
        match (response.status(), previous) {
            (StatusCode::OK, _) => {
                let etag = response.headers().get(header::ETAG).cloned();
                let list = self.verify(uri, keys, response.body(), now).await?;
                Ok(Fetched { policy: self.policy(&list, now), list: Arc::new(list), etag })
            }
            (StatusCode::NOT_MODIFIED, Some(previous)) if etag.is_some() => {
                Ok(Fetched { policy: self.policy(&previous.list, now), ..previous.clone() })
            }
            (status, _) => Err(HttpError::Status(status)),
        }
    }

    async fn verify(
        &self,
        uri: &str,
        keys: &impl ProvideKeys,
        body: &[u8],
        now: SystemTime,
    ) -> Result<StatusList, HttpError> {
        let list = str::from_utf8(body).map_err(|_| HttpError::Unusable("not UTF-8".into()))?.trim_ascii();
        let rules = StatusListRules::new(uri).max_bytes(self.max_bytes);
        let verified = verify_with_newest(keys, list, |keys| rules.verify(list, keys, now)).await;
        let unusable = |reason: String| HttpError::Unusable(reason.into());
        verified
            .map_err(|error| unusable(format!("a status list, but its keys are not available: {error}")))?
            .map_err(|error| unusable(format!("no acceptable status list: {error}")))
    }
}

impl LacksKey for StatusListError {
    fn lacks_key(&self) -> bool {
        matches!(self, Self::Token(TokenError::UnknownKey { .. }))
    }
}

impl fmt::Debug for StatusLists {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("StatusLists");
        debug.field("base", &self.base).field("max_ttl", &self.max_ttl).field("max_age", &self.max_age);
        debug.field("is_required", &self.is_required).finish_non_exhaustive()
    }
}

/// A verified list, and for how long it may be used.
#[derive(Clone)]
struct Fetched {
    list: Arc<StatusList>,
    etag: Option<HeaderValue>,
    policy: CachePolicy,
}

type Fetch = dyn Fn(
        Arc<str>,
        Option<Arc<Fetched>>,
        SystemTime,
    ) -> Pin<Box<dyn Future<Output = Result<Fetched, HttpError>> + Send>>
    + Send
    + Sync;

/// The lists of one strategy.
pub(super) struct FollowedLists {
    settings: StatusLists,
    /// Knows the type of the keys, so that nothing else has to.
    fetch: Arc<Fetch>,
    clock: Clock,
    lists: Cache<String, CachedDocument<Fetched>>,
}

impl FollowedLists {
    pub(super) fn new<K: ProvideKeys>(settings: StatusLists, keys: Arc<K>, clock: Clock) -> Self {
        let of_fetch = settings.clone();
        let fetch = move |uri: Arc<str>, previous: Option<Arc<Fetched>>, now| {
            let settings = StatusLists { http: of_fetch.http.for_task(), ..of_fetch.clone() };
            let keys = Arc::clone(&keys);
            let fetched = async move { settings.fetch(&uri, &*keys, previous.as_deref(), now).await };
            Box::pin(fetched) as Pin<Box<dyn Future<Output = _> + Send>>
        };
        Self { settings, fetch: Arc::new(fetch), clock, lists: Cache::new(MAX_LISTS) }
    }

    pub(super) fn with_clock(self, clock: Clock) -> Self {
        Self { clock, lists: Cache::new(MAX_LISTS), ..self }
    }

    /// The place of a verified token.
    pub(super) fn place_of(token: &str) -> Result<Option<Arc<StatusReference>>, TokenError> {
        Ok(StatusReference::peek(token)?.map(Arc::new))
    }

    /// Looks up the status of a verified token with this place. The inner error means that the token must be refused.
    pub(super) async fn check(&self, place: Option<&StatusReference>) -> Result<Result<(), NotValid>, Error> {
        let Some(place) = place else {
            return Ok(if self.settings.is_required { Err(NotValid::Absent) } else { Ok(()) });
        };
        if !self.settings.has(&place.uri) {
            return Ok(Err(NotValid::OtherList));
        }
        let list = self.lists.get(&place.uri).unwrap_or_else(|| self.follow(&place.uri));
        let fetched = list.get().await.map_err(|error| Error::new(error).with_retry_after(MIN_INTERVAL))?;
        Ok(match fetched.list.status(place.idx) {
            Some(Status::Valid) => Ok(()),
            Some(Status::Invalid) => Err(NotValid::Revoked),
            Some(Status::Suspended) => Err(NotValid::Suspended),
            Some(_) => Err(NotValid::OtherStatus),
            None => Err(NotValid::BeyondList),
        })
    }

    fn follow(&self, uri: &str) -> CachedDocument<Fetched> {
        self.lists.get_with(uri.to_owned(), || {
            let (uri, fetch, clock) = (Arc::from(uri), Arc::clone(&self.fetch), Arc::clone(&self.clock));
            let fetch = move |previous| fetch(Arc::clone(&uri), previous, clock());
            let none = CachePolicy {
                fresh_for: Duration::ZERO,
                stale_for: Duration::ZERO,
                usable_for: Duration::ZERO,
                retry_after: MIN_INTERVAL,
            };
            let policy = move |fetched: Option<&Fetched>| fetched.map_or(none, |fetched| fetched.policy);
            CachedDocument::with_policy(fetch, Arc::clone(&self.clock), policy)
        })
    }
}

/// Why a verified token must be refused.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum NotValid {
    #[error("it is revoked")]
    Revoked,
    #[error("it is suspended")]
    Suspended,
    #[error("it has a status of the application")]
    OtherStatus,
    #[error("its place is beyond the end of the status list")]
    BeyondList,
    #[error("its status list is not one of the followed lists")]
    OtherList,
    #[error("it has no status")]
    Absent,
}

impl NotValid {
    /// The word for the log.
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::OtherStatus => "status_not_valid",
            Self::BeyondList => "status_beyond_list",
            Self::OtherList => "other_status_list",
            Self::Absent => "status_missing",
        }
    }
}
