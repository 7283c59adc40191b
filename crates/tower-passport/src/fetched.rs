//! A document that somebody else publishes and changes: fetched once for everybody, kept, and renewed behind the scenes.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::HttpError;
use crate::clock::Clock;

type Fetch<T> = dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, HttpError>> + Send>> + Send + Sync;

/// See the constructor. A clone is the same document.
pub(crate) struct Fetched<T>(Arc<Shared<T>>);

struct Shared<T> {
    fetch: Box<Fetch<T>>,
    clock: Clock,
    keeping: Keeping,
    state: Mutex<State<T>>,
}

/// How long a document is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    /// Until then it is used and nobody asks.
    pub(crate) fresh: Duration,
    /// Until then it is used while a new one is fetched: an outage shorter than this is not noticed.
    pub(crate) usable: Duration,
    /// So long nobody asks again, after an answer or a failure, whoever wants to.
    pub(crate) pause: Duration,
}

/// See [`Fetched::newer`].
#[derive(Debug)]
pub(crate) enum Newer<T> {
    Now(Arc<T>),
    In(Duration),
}

struct State<T> {
    latest: Option<Dated<Arc<T>>>,
    failure: Option<Dated<HttpError>>,
    /// Ends when the fetch that is under way has ended, however it ended.
    under_way: Option<watch::Receiver<()>>,
}

struct Dated<T> {
    value: T,
    at: SystemTime,
}

impl<T> Dated<T> {
    /// Zero if the clock was put back.
    fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.at).unwrap_or_default()
    }
}

impl<T: Send + Sync + 'static> Fetched<T> {
    /// The document that `fetch` gets, first when it is first needed.
    pub(crate) fn new<F, Answer>(fetch: F, clock: Clock, keeping: Keeping) -> Self
    where
        F: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<T, HttpError>> + Send + 'static,
    {
        let fetch: Box<Fetch<T>> = Box::new(move || Box::pin(fetch()));
        let state = Mutex::new(State { latest: None, failure: None, under_way: None });
        Self(Arc::new(Shared { fetch, clock, keeping, state }))
    }

    /// The document, waiting for it only if there is none that can still be used.
    pub(crate) async fn get(&self) -> Result<Arc<T>, HttpError> {
        let Keeping { fresh, usable, pause } = self.0.keeping;
        let ended = {
            let now = (self.0.clock)();
            let mut state = self.state();
            let paused = state.failure.as_ref().filter(|failure| failure.age(now) < pause);
            match &state.latest {
                Some(latest) if latest.age(now) < fresh => return Ok(Arc::clone(&latest.value)),
                Some(latest) if latest.age(now) < usable => {
                    let old = Arc::clone(&latest.value);
                    if paused.is_none() {
                        self.begin(&mut state);
                    }
                    return Ok(old);
                }
                _ => {}
            }
            if let Some(failure) = paused {
                return Err(failure.value.clone());
            }
            self.begin(&mut state)
        };
        self.result(ended).await
    }

    /// A document fetched just now, because the latest lacks something that should be in it; or how long to wait, if that
    /// is from a moment ago, so that whoever asks for what does not exist makes no more than one fetch a pause.
    pub(crate) async fn newer(&self) -> Result<Newer<T>, HttpError> {
        let ended = {
            let now = (self.0.clock)();
            let mut state = self.state();
            if let Some(failure) =
                state.failure.as_ref().filter(|failure| failure.age(now) < self.0.keeping.pause)
            {
                return Err(failure.value.clone());
            }
            let age = state.latest.as_ref().map(|latest| latest.age(now));
            if let Some(left) = age.and_then(|age| self.0.keeping.pause.checked_sub(age))
                && !left.is_zero()
            {
                return Ok(Newer::In(left));
            }
            self.begin(&mut state)
        };
        self.result(ended).await.map(Newer::Now)
    }

    /// Begins a fetch, or joins the one that is under way. It is a task of its own: a client that hangs up does not
    /// end what others wait for.
    fn begin(&self, state: &mut State<T>) -> watch::Receiver<()> {
        if let Some(under_way) = &state.under_way {
            return under_way.clone();
        }
        let (end, ended) = watch::channel(());
        state.under_way = Some(ended.clone());
        let document = self.clone();
        tokio::spawn(async move {
            // Dropped, and so heard, also if the fetch panics.
            let _end = end;
            let _clear = Clear(&document);
            let fetched = (document.0.fetch)().await;
            let at = (document.0.clock)();
            let mut state = document.state();
            match fetched {
                Ok(value) => {
                    state.latest = Some(Dated { value: Arc::new(value), at });
                    state.failure = None;
                }
                Err(error) => {
                    tracing::warn!(%error, cause = std::error::Error::source(&error), "Fetch failed: {error}");
                    state.failure = Some(Dated { value: error, at });
                }
            }
        });
        ended
    }

    async fn result(&self, mut ended: watch::Receiver<()>) -> Result<Arc<T>, HttpError> {
        // Nothing is ever sent: the end is that the sender goes away.
        let _ = ended.changed().await;
        let state = self.state();
        match (&state.failure, &state.latest) {
            (Some(failure), _) => Err(failure.value.clone()),
            (None, Some(latest)) => Ok(Arc::clone(&latest.value)),
            (None, None) => Err(HttpError::NotUnderstood("one that this program broke on".into())),
        }
    }
}

impl<T> Fetched<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        // Every change of the state is one assignment: there is nothing half-done to fear in a poisoned one.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Clear<'a, T>(&'a Fetched<T>);

impl<T> Drop for Clear<'_, T> {
    fn drop(&mut self) {
        self.0.state().under_way = None;
    }
}

impl<T> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// A publisher whose answers are let through one by one, and a clock that stands still.
    struct Publisher {
        asked: AtomicUsize,
        answers: Semaphore,
        is_down: AtomicUsize,
        seconds: AtomicU64,
    }

    const KEEPING: Keeping = Keeping {
        fresh: Duration::from_secs(100),
        usable: Duration::from_secs(1_000),
        pause: Duration::from_secs(10),
    };

    fn publisher() -> (Arc<Publisher>, Fetched<usize>) {
        let publisher = Arc::new(Publisher {
            asked: AtomicUsize::new(0),
            answers: Semaphore::new(0),
            is_down: AtomicUsize::new(0),
            seconds: AtomicU64::new(0),
        });
        let [fetched, timed] = [(); 2].map(|()| Arc::clone(&publisher));
        let fetch = move || {
            let publisher = Arc::clone(&fetched);
            async move {
                let edition = publisher.asked.fetch_add(1, Ordering::SeqCst) + 1;
                publisher.answers.acquire().await.unwrap().forget();
                let is_up = publisher.is_down.load(Ordering::SeqCst) == 0;
                if is_up { Ok(edition) } else { Err(HttpError::NotUnderstood("down".into())) }
            }
        };
        let clock: Clock = Arc::new(move || {
            SystemTime::UNIX_EPOCH + Duration::from_secs(timed.seconds.load(Ordering::SeqCst))
        });
        (publisher, Fetched::new(fetch, clock, KEEPING))
    }

    impl Publisher {
        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }

        fn at(&self, seconds: u64) {
            self.seconds.store(seconds, Ordering::SeqCst);
        }

        fn answer(&self, times: usize) {
            self.answers.add_permits(times);
        }

        fn is_down(&self, down: usize) {
            self.is_down.store(down, Ordering::SeqCst);
        }
    }

    /// Lets every task that can go on go on.
    async fn settle() {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn many_who_wait_make_one_fetch_and_one_who_leaves_ends_it_for_nobody() {
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
        publisher.answer(1);
        for waiting in wait {
            assert_eq!(*waiting.await.unwrap().unwrap(), 1);
        }
        assert_eq!(publisher.asked(), 1);
    }

    #[tokio::test]
    async fn a_stale_document_is_served_while_the_next_is_fetched() {
        let (publisher, document) = publisher();
        publisher.answer(1);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.at(99);
        assert_eq!(*document.get().await.unwrap(), 1);
        settle().await;
        assert_eq!(publisher.asked(), 1);
        publisher.at(100);
        for _ in 0..5 {
            assert_eq!(*document.get().await.unwrap(), 1);
            settle().await;
        }
        assert_eq!(publisher.asked(), 2);
        publisher.answer(1);
        settle().await;
        assert_eq!(*document.get().await.unwrap(), 2);
    }

    #[tokio::test]
    async fn an_outage_is_seen_only_when_nothing_usable_is_left() {
        let (publisher, document) = publisher();
        publisher.answer(100);
        assert_eq!(*document.get().await.unwrap(), 1);
        publisher.is_down(1);
        for at in [100, 200, 999] {
            publisher.at(at);
            assert_eq!(*document.get().await.unwrap(), 1);
            settle().await;
        }
        assert_eq!(publisher.asked(), 4);
        publisher.at(1_009);
        assert!(document.get().await.is_err());
        for _ in 0..20 {
            assert!(document.get().await.is_err(), "and nobody is asked again so soon");
        }
        assert_eq!(publisher.asked(), 5);
        publisher.at(1_019);
        publisher.is_down(0);
        assert_eq!(*document.get().await.unwrap(), 6);
    }

    #[tokio::test]
    async fn whoever_wants_a_newer_one_gets_one_a_pause() {
        let (publisher, document) = publisher();
        publisher.answer(100);
        assert_eq!(*document.get().await.unwrap(), 1);
        for second in 0..10 {
            publisher.at(second);
            let left = Duration::from_secs(10 - second);
            assert!(matches!(document.newer().await, Ok(Newer::In(wait)) if wait == left));
        }
        publisher.at(10);
        assert!(matches!(document.newer().await, Ok(Newer::Now(edition)) if *edition == 2));
        for _ in 0..100 {
            assert!(matches!(document.newer().await, Ok(Newer::In(_))));
        }
        assert_eq!(publisher.asked(), 2);
        publisher.at(20);
        publisher.is_down(1);
        for _ in 0..100 {
            assert!(document.newer().await.is_err(), "whether it exists cannot be known now");
        }
        assert_eq!(publisher.asked(), 3);
        assert_eq!(*document.get().await.unwrap(), 2);
    }
}
