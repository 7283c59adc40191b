//! A remote document, cached with stale-while-revalidate (RFC 5861).
//!
//! One fetch serves all callers. A fresh document is returned at once. A stale one is returned at once as well, while the
//! next one is fetched in the background. Callers wait only if there is none. After a failure no fetch begins for a while.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::HttpError;
use crate::clock::Clock;

type Fetch<T> = dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, HttpError>> + Send>> + Send + Sync;

/// A remote document in a cache. A clone shares the cache.
pub(crate) struct CachedDocument<T>(Arc<Shared<T>>);

struct Shared<T> {
    fetch: Box<Fetch<T>>,
    clock: Clock,
    policy: CachePolicy,
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
    /// The shortest time between two fetches, and between a failure and the next fetch.
    pub(crate) retry_after: Duration,
}

/// The result of [`CachedDocument::refetch`].
#[derive(Debug)]
pub(crate) enum Refetched<T> {
    Document(Arc<T>),
    /// The next fetch is allowed after this time.
    NotBefore(Duration),
}

struct State<T> {
    document: Option<Fetched<Arc<T>>>,
    failure: Option<Fetched<HttpError>>,
    /// Closes when the current fetch has ended, also if it failed or panicked.
    fetching: Option<watch::Receiver<()>>,
}

struct Fetched<T> {
    value: T,
    at: SystemTime,
}

impl<T> Fetched<T> {
    /// Zero if the clock was set back.
    fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.at).unwrap_or_default()
    }
}

impl<T: Send + Sync + 'static> CachedDocument<T> {
    /// A document that `fetch` loads when it is first needed.
    pub(crate) fn new<F, Answer>(fetch: F, clock: Clock, policy: CachePolicy) -> Self
    where
        F: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<T, HttpError>> + Send + 'static,
    {
        let fetch: Box<Fetch<T>> = Box::new(move || Box::pin(fetch()));
        let state = Mutex::new(State { document: None, failure: None, fetching: None });
        Self(Arc::new(Shared { fetch, clock, policy, state }))
    }

    /// The cached document. Waits for a fetch only if there is no fresh or stale one.
    pub(crate) async fn get(&self) -> Result<Arc<T>, HttpError> {
        let CachePolicy { fresh_for, stale_for, retry_after } = self.0.policy;
        let end_of_fetch = {
            let now = (self.0.clock)();
            let mut state = self.state();
            let recent_failure = state.failure.as_ref().filter(|failure| failure.age(now) < retry_after);
            match &state.document {
                Some(document) if document.age(now) < fresh_for => return Ok(Arc::clone(&document.value)),
                Some(document) if document.age(now) < stale_for => {
                    let value = Arc::clone(&document.value);
                    if recent_failure.is_none() {
                        self.fetch(&mut state);
                    }
                    return Ok(value);
                }
                _ => {}
            }
            if let Some(failure) = recent_failure {
                return Err(failure.value.clone());
            }
            self.fetch(&mut state)
        };
        self.fetched(end_of_fetch).await
    }

    /// A newly fetched document, for callers that miss something in the cached one. Within `retry_after` of the last fetch
    /// it fetches nothing, so that requests for things that do not exist cause few fetches.
    pub(crate) async fn refetch(&self) -> Result<Refetched<T>, HttpError> {
        let end_of_fetch = {
            let now = (self.0.clock)();
            let retry_after = self.0.policy.retry_after;
            let mut state = self.state();
            if let Some(failure) = state.failure.as_ref().filter(|failure| failure.age(now) < retry_after) {
                return Err(failure.value.clone());
            }
            let age = state.document.as_ref().map(|document| document.age(now));
            if let Some(wait) = age.and_then(|age| retry_after.checked_sub(age))
                && !wait.is_zero()
            {
                return Ok(Refetched::NotBefore(wait));
            }
            self.fetch(&mut state)
        };
        self.fetched(end_of_fetch).await.map(Refetched::Document)
    }

    /// Begins a fetch, or joins the current one. It runs in its own task, so it continues if a caller is dropped.
    fn fetch(&self, state: &mut State<T>) -> watch::Receiver<()> {
        if let Some(fetching) = &state.fetching {
            return fetching.clone();
        }
        let (end, end_of_fetch) = watch::channel(());
        state.fetching = Some(end_of_fetch.clone());
        let document = self.clone();
        tokio::spawn(async move {
            // Both are dropped at the end, also if the fetch panics: callers wake, and the next fetch can begin.
            let _end = end;
            let _clear = ClearFetching(&document);
            let fetched = (document.0.fetch)().await;
            let at = (document.0.clock)();
            let mut state = document.state();
            match fetched {
                Ok(value) => {
                    state.document = Some(Fetched { value: Arc::new(value), at });
                    state.failure = None;
                }
                Err(error) => {
                    tracing::warn!(%error, cause = std::error::Error::source(&error), "Fetch failed: {error}");
                    state.failure = Some(Fetched { value: error, at });
                }
            }
        });
        end_of_fetch
    }

    async fn fetched(&self, mut end_of_fetch: watch::Receiver<()>) -> Result<Arc<T>, HttpError> {
        // Nothing is ever sent; the channel closes when the fetch ends.
        let _ = end_of_fetch.changed().await;
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
        retry_after: Duration::from_secs(10),
    };

    fn publisher() -> (Arc<Publisher>, CachedDocument<usize>) {
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
        (publisher, CachedDocument::new(fetch, clock, POLICY))
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
