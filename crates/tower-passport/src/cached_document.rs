//! A remote document, cached with stale-while-revalidate and stale-if-error (RFC 5861).
//!
//! One fetch serves all callers. A fresh document is returned at once. A stale one is returned at once as well, while the
//! next one is fetched in the background. An older one is returned if the next one does not arrive in time. Callers wait for the
//! end of a fetch only if there is no usable document. After a failure no fetch begins for a while.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::HttpError;
use crate::clock::Clock;

/// Fetches a document; the argument is the previous one.
type Fetch<T> =
    dyn Fn(Option<Arc<T>>) -> Pin<Box<dyn Future<Output = Result<T, HttpError>> + Send>> + Send + Sync;

/// The policy for a document, or while there is none.
type Policy<T> = dyn Fn(Option<&T>) -> CachePolicy + Send + Sync;

/// A remote document in a cache. A clone shares the cache.
pub(crate) struct CachedDocument<T>(Arc<Shared<T>>);

struct Shared<T> {
    fetch: Box<Fetch<T>>,
    clock: Clock,
    policy: Box<Policy<T>>,
    state: Mutex<State<T>>,
}

/// How long a document is cached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachePolicy {
    /// Until this age no fetch begins (`max-age`).
    pub(crate) fresh_for: Duration,
    /// Until this age the document is used while a new one is fetched (`max-age` + `stale-while-revalidate`). A shorter
    /// outage has no effect.
    pub(crate) stale_for: Duration,
    /// Until this age the document is used if the fetch of a new one fails or takes longer than [`PATIENCE`] (`max-age` +
    /// `stale-if-error`). Not later than `stale_for`: never.
    pub(crate) usable_for: Duration,
    /// The shortest time between two fetches, and between a failure and the next fetch.
    pub(crate) retry_after: Duration,
}

/// How long a caller waits for a new document while the old one can still be used.
const PATIENCE: Duration = Duration::from_secs(1);

/// The result of [`CachedDocument::refetch`].
#[cfg(feature = "remote-keys")]
#[derive(Debug)]
pub(crate) enum Refetched<T> {
    Document(Arc<T>),
    /// The next fetch is allowed after this time.
    NotBefore(Duration),
}

struct State<T> {
    document: Option<Fetched<Arc<T>>>,
    failure: Option<Fetched<HttpError>>,
    fetching: Option<Fetching>,
}

#[derive(Clone)]
struct Fetching {
    since: Instant,
    /// Closes when the fetch has ended, also if it failed or panicked.
    end: watch::Receiver<()>,
}

struct Fetched<T> {
    value: T,
    at: SystemTime,
}

impl<T> Fetched<T> {
    /// If the clock was set back, it is older the further that was: its true age is unknown.
    fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.at).unwrap_or_else(|set_back| set_back.duration())
    }
}

impl<T: Send + Sync + 'static> CachedDocument<T> {
    /// A document that `fetch` loads when it is first needed.
    #[cfg(feature = "remote-keys")]
    pub(crate) fn new<F, Answer>(fetch: F, clock: Clock, policy: CachePolicy) -> Self
    where
        F: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<T, HttpError>> + Send + 'static,
    {
        Self::with_policy(move |_| fetch(), clock, move |_| policy)
    }

    /// A document that says itself how long it may be cached. `fetch` receives the previous one, for a conditional request.
    pub(crate) fn with_policy<F, Answer>(
        fetch: F,
        clock: Clock,
        policy: impl Fn(Option<&T>) -> CachePolicy + Send + Sync + 'static,
    ) -> Self
    where
        F: Fn(Option<Arc<T>>) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<T, HttpError>> + Send + 'static,
    {
        let fetch: Box<Fetch<T>> = Box::new(move |previous| Box::pin(fetch(previous)));
        let state = Mutex::new(State { document: None, failure: None, fetching: None });
        Self(Arc::new(Shared { fetch, clock, policy: Box::new(policy), state }))
    }

    /// The cached document. Waits for a fetch only if there is no fresh or stale one.
    pub(crate) async fn get(&self) -> Result<Arc<T>, HttpError> {
        let (fetching, usable) = {
            let now = (self.0.clock)();
            let mut state = self.state();
            let usable = match &state.document {
                Some(document) => {
                    let (policy, age) = (self.policy(Some(&document.value)), document.age(now));
                    let value = Arc::clone(&document.value);
                    if age < policy.fresh_for {
                        return Ok(value);
                    }
                    if age < policy.stale_for {
                        if self.recent_failure(&state, now).is_none() {
                            self.fetch(&mut state);
                        }
                        return Ok(value);
                    }
                    (age < policy.usable_for).then_some(value)
                }
                None => None,
            };
            if let Some(failure) = self.recent_failure(&state, now) {
                return usable.ok_or(failure);
            }
            (self.fetch(&mut state), usable)
        };
        let Some(usable) = usable else { return self.fetched(fetching).await };
        // While a server hangs, only the first callers of a fetch wait for it.
        let patience = fetching.since + PATIENCE;
        match timeout_at(patience, self.fetched(fetching)).await {
            Ok(Ok(document)) => Ok(document),
            Ok(Err(_)) | Err(_) => Ok(usable),
        }
    }

    /// A newly fetched document, for callers that miss something in the cached one. Within `retry_after` of the last fetch
    /// it fetches nothing, so that requests for things that do not exist cause few fetches.
    #[cfg(feature = "remote-keys")]
    pub(crate) async fn refetch(&self) -> Result<Refetched<T>, HttpError> {
        let fetching = {
            let now = (self.0.clock)();
            let mut state = self.state();
            if let Some(failure) = self.recent_failure(&state, now) {
                return Err(failure);
            }
            let age = state.document.as_ref().map(|document| document.age(now));
            if let Some(wait) = age.and_then(|age| self.retry_after(&state).checked_sub(age))
                && !wait.is_zero()
            {
                return Ok(Refetched::NotBefore(wait));
            }
            self.fetch(&mut state)
        };
        self.fetched(fetching).await.map(Refetched::Document)
    }

    fn policy(&self, document: Option<&T>) -> CachePolicy {
        (self.0.policy)(document)
    }

    fn retry_after(&self, state: &State<T>) -> Duration {
        self.policy(state.document.as_ref().map(|document| &*document.value)).retry_after
    }

    /// The failure after which no fetch may begin yet.
    fn recent_failure(&self, state: &State<T>, now: SystemTime) -> Option<HttpError> {
        let failure = state.failure.as_ref()?;
        (failure.age(now) < self.retry_after(state)).then(|| failure.value.clone())
    }

    /// Begins a fetch, or joins the current one. It runs in its own task, so it continues if a caller is dropped.
    fn fetch(&self, state: &mut State<T>) -> Fetching {
        if let Some(fetching) = &state.fetching {
            return fetching.clone();
        }
        let previous = state.document.as_ref().map(|document| Arc::clone(&document.value));
        // In the task of the caller, whose trace the request continues.
        let fetch = (self.0.fetch)(previous);
        let (end, end_of_fetch) = watch::channel(());
        let fetching = Fetching { since: Instant::now(), end: end_of_fetch };
        state.fetching = Some(fetching.clone());
        // A document is as old as its request: what changed later may be missing in it.
        let begun = (self.0.clock)();
        let document = self.clone();
        tokio::spawn(async move {
            // Both are dropped at the end, also if the fetch panics: callers wake, and the next fetch can begin.
            let _end = end;
            let _clear = ClearFetching(&document);
            let fetched = fetch.await;
            let ended = (document.0.clock)();
            let mut state = document.state();
            match fetched {
                Ok(value) => {
                    state.document = Some(Fetched { value: Arc::new(value), at: begun });
                    state.failure = None;
                }
                Err(error) => {
                    tracing::warn!(%error, cause = std::error::Error::source(&error), "Fetch failed: {error}");
                    state.failure = Some(Fetched { value: error, at: ended });
                }
            }
        });
        fetching
    }

    async fn fetched(&self, mut fetching: Fetching) -> Result<Arc<T>, HttpError> {
        // Nothing is ever sent; the channel closes when the fetch ends.
        let _ = fetching.end.changed().await;
        let state = self.state();
        match (&state.failure, &state.document) {
            (Some(failure), _) => Err(failure.value.clone()),
            (None, Some(document)) => Ok(Arc::clone(&document.value)),
            (None, None) => Err(HttpError::Unusable("one that made this program panic".into())),
        }
    }
}

impl<T> CachedDocument<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Each field is set by one assignment, so the state is consistent even if the lock is poisoned.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct ClearFetching<'a, T>(&'a CachedDocument<T>);

impl<T> Drop for ClearFetching<'_, T> {
    fn drop(&mut self) {
        self.0.state().fetching = None;
    }
}

impl<T> Clone for CachedDocument<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// A publisher that sends a response when the test permits it, with a clock that the test sets.
    struct Publisher {
        fetches: AtomicUsize,
        permits: Semaphore,
        is_down: AtomicUsize,
        seconds: AtomicU64,
    }

    const POLICY: CachePolicy = CachePolicy {
        fresh_for: Duration::from_secs(100),
        stale_for: Duration::from_secs(1_000),
        usable_for: Duration::ZERO,
        retry_after: Duration::from_secs(10),
    };

    fn publisher() -> (Arc<Publisher>, CachedDocument<usize>) {
        publisher_with(POLICY)
    }

    fn publisher_with(policy: CachePolicy) -> (Arc<Publisher>, CachedDocument<usize>) {
        let publisher = Arc::new(Publisher {
            fetches: AtomicUsize::new(0),
            permits: Semaphore::new(0),
            is_down: AtomicUsize::new(0),
            seconds: AtomicU64::new(0),
        });
        let [fetched, timed] = [(); 2].map(|()| Arc::clone(&publisher));
        let fetch = move || {
            let publisher = Arc::clone(&fetched);
            async move {
                let edition = publisher.fetches.fetch_add(1, Ordering::SeqCst) + 1;
                publisher.permits.acquire().await.unwrap().forget();
                let is_up = publisher.is_down.load(Ordering::SeqCst) == 0;
                if is_up { Ok(edition) } else { Err(HttpError::Unusable("down".into())) }
            }
        };
        let clock: Clock = Arc::new(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(timed.seconds.load(Ordering::SeqCst))
        });
        (publisher, CachedDocument::new(fetch, clock, policy))
    }

    impl Publisher {
        fn fetches(&self) -> usize {
            self.fetches.load(Ordering::SeqCst)
        }

        fn at(&self, seconds: u64) {
            self.seconds.store(seconds, Ordering::SeqCst);
        }

        fn permit(&self, times: usize) {
            self.permits.add_permits(times);
        }

        fn is_down(&self, down: usize) {
            self.is_down.store(down, Ordering::SeqCst);
        }
    }

    /// Runs every task that is ready.
    async fn settle() {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn all_callers_share_one_fetch_which_continues_if_a_caller_is_dropped() {
        let (publisher, document) = publisher();
        let leaves = tokio::spawn({
            let document = document.clone();
            async move { document.get().await }
        });
        settle().await;
        let wait: Vec<_> = (0..50)
            .map(|_| {
                let document = document.clone();
                tokio::spawn(async move { document.get().await })
            })
            .collect();
        settle().await;
        leaves.abort();
        publisher.permit(1);
        for waiting in wait {
            assert_eq!(*waiting.await.unwrap().unwrap(), 1);
        }
        assert_eq!(publisher.fetches(), 1);
    }

    #[tokio::test]
    async fn a_stale_document_is_returned_while_the_next_one_is_fetched() {
        let (publisher, document) = publisher();
        publisher.permit(1);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.at(99);
        assert_eq!(*document.get().await.unwrap(), 1);
        settle().await;
        assert_eq!(publisher.fetches(), 1);
        publisher.at(100);
        for _ in 0..5 {
            assert_eq!(*document.get().await.unwrap(), 1);
            settle().await;
        }
        assert_eq!(publisher.fetches(), 2);
        publisher.permit(1);
        settle().await;
        assert_eq!(*document.get().await.unwrap(), 2);
    }

    #[tokio::test]
    async fn an_outage_is_an_error_only_when_the_stale_document_has_expired() {
        let (publisher, document) = publisher();
        publisher.permit(100);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.is_down(1);
        for at in [100, 200, 999] {
            publisher.at(at);
            assert_eq!(*document.get().await.unwrap(), 1);
            settle().await;
        }
        assert_eq!(publisher.fetches(), 4);
        publisher.at(1_009);
        assert!(document.get().await.is_err());
        for _ in 0..20 {
            assert!(document.get().await.is_err(), "no fetch begins so soon after a failure");
        }
        assert_eq!(publisher.fetches(), 5);
        publisher.at(1_019);
        publisher.is_down(0);
        assert_eq!(*document.get().await.unwrap(), 6);
    }

    #[tokio::test]
    async fn a_usable_document_is_returned_only_if_the_next_one_does_not_arrive() {
        let (publisher, document) =
            publisher_with(CachePolicy { usable_for: Duration::from_secs(2_000), ..POLICY });
        publisher.permit(3);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.at(1_000);
        assert_eq!(*document.get().await.unwrap(), 2, "this caller waits");
        publisher.is_down(1);
        publisher.at(2_000);
        for _ in 0..20 {
            assert_eq!(*document.get().await.unwrap(), 2);
        }
        assert_eq!(publisher.fetches(), 3);
        publisher.at(2_010);
        assert_eq!(*document.get().await.unwrap(), 2, "the publisher hangs");
        publisher.at(3_000);
        publisher.permit(1);
        assert!(document.get().await.is_err(), "too old");
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_makes_a_document_old() {
        let (publisher, document) = publisher();
        publisher.permit(2);
        publisher.at(5_000);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.at(4_999);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.at(1_000);
        assert_eq!(*document.get().await.unwrap(), 2);
    }

    #[tokio::test]
    async fn refetching_is_limited_to_once_in_retry_after() {
        let (publisher, document) = publisher();
        publisher.permit(100);
        assert_eq!(*document.get().await.unwrap(), 1);
        for second in 0..10 {
            publisher.at(second);
            let left = Duration::from_secs(10 - second);
            assert!(matches!(document.refetch().await, Ok(Refetched::NotBefore(wait)) if wait == left));
        }
        publisher.at(10);
        assert!(matches!(document.refetch().await, Ok(Refetched::Document(edition)) if *edition == 2));
        for _ in 0..100 {
            assert!(matches!(document.refetch().await, Ok(Refetched::NotBefore(_))));
        }
        assert_eq!(publisher.fetches(), 2);
        publisher.at(20);
        publisher.is_down(1);
        for _ in 0..100 {
            assert!(document.refetch().await.is_err(), "a failure leaves it unknown whether it exists");
        }
        assert_eq!(publisher.fetches(), 3);
        assert_eq!(*document.get().await.unwrap(), 2);
    }
}
