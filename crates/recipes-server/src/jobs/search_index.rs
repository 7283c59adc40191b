//! Keeps the search index up with the store.
//!
//! A recipe is found by the next search after its 201: each search first lets the index catch up with the changes of that moment, and
//! searches that come together wait for the same look at them. No write waits for the index.

mod folder;
mod follower;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use search::{RecipeIndex, SearchError};
use store::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

pub(crate) use self::folder::FOLDER;
use self::folder::FolderLock;
use self::follower::{Follower, Requests};

/// How long a search waits for the index. After that it answers from the present state of the index.
const PATIENCE: Duration = Duration::from_millis(250);

/// A search waits while an index of at most this many recipes is built.
const SMALL: u64 = 2_000;

/// How long the shutdown waits for the last commit. The next start reads the missing changes from the store.
const CLOSING: Duration = Duration::from_secs(2);

/// Searches that wait at the same time.
const WAITING: usize = 1_024;

/// The index, and the way to let it catch up. Clones share it.
#[derive(Clone)]
pub struct SearchIndex(Arc<Shared>);

struct Shared {
    index: RecipeIndex,
    /// Each is answered when the index has what was acknowledged before.
    waiting: mpsc::Sender<oneshot::Sender<()>>,
    progress: Arc<Progress>,
    closing: watch::Sender<bool>,
    /// Held for as long as the index is used.
    _folder: Option<FolderLock>,
}

/// How much of the store is in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Everything that was acknowledged before the question.
    UpToDate,
    /// Perhaps not the last changes.
    Behind,
    /// It is being built: only a part of the recipes.
    Building { indexed: u64, total: u64 },
}

/// The index, for health checks and metrics.
#[derive(Clone, Copy, Debug)]
pub struct IndexStatus {
    /// Recipes in the index, and those that there are, while it is being built.
    pub building: Option<(u64, u64)>,
    /// Since the index last had everything.
    pub behind: Duration,
}

/// Told by the follower, read by searches and health checks.
struct Progress {
    is_built: AtomicBool,
    indexed: AtomicU64,
    total: AtomicU64,
    started: Instant,
    /// Milliseconds from `started` to the last time when the index had everything.
    level_at: AtomicU64,
    /// Marked for each look at the store that has found changes.
    changes: watch::Sender<()>,
}

impl SearchIndex {
    /// Opens the index in the data directory and follows the store for as long as the service runs.
    ///
    /// # Errors
    /// [`SearchError`] if the folder cannot be written.
    pub fn start(store: Store, data_dir: &Path) -> Result<Self, SearchError> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let (folder, lock) = folder::lock(data_dir)?;
        Ok(Self::run(store, RecipeIndex::open(&folder, boot.trim())?, Some(lock)))
    }

    /// Follows the store with this index.
    pub fn follow(store: Store, index: RecipeIndex) -> Self {
        Self::run(store, index, None)
    }

    fn run(store: Store, index: RecipeIndex, folder: Option<FolderLock>) -> Self {
        let (waiting, requests) = mpsc::channel(WAITING);
        let (closing, closed) = watch::channel(false);
        let progress = Arc::new(Progress {
            is_built: AtomicBool::new(index.position().is_some()),
            indexed: AtomicU64::new(0),
            total: AtomicU64::new(0),
            started: Instant::now(),
            level_at: AtomicU64::new(0),
            changes: watch::Sender::new(()),
        });
        let follower = Follower::new(store, index.clone(), Arc::clone(&progress));
        tokio::spawn(follower.run(Requests { waiting: requests, closing: closed }));
        Self(Arc::new(Shared { index, waiting, progress, closing, _folder: folder }))
    }

    pub fn index(&self) -> &RecipeIndex {
        &self.0.index
    }

    /// Is marked when recipes have changed, within a second. It spares others that follow the store a look of their own.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.progress.changes.subscribe()
    }

    /// Lets the index catch up with the store, for a quarter of a second at most.
    pub async fn catch_up(&self) -> Freshness {
        if let Some(building @ Freshness::Building { total, .. }) = self.0.progress.building()
            && total > SMALL
        {
            return building;
        }
        let (done, answer) = oneshot::channel();
        let caught_up = async { self.0.waiting.send(done).await.is_ok() && answer.await.is_ok() };
        match timeout(PATIENCE, caught_up).await {
            Ok(true) => Freshness::UpToDate,
            // Catching up may have become building.
            _ => self.0.progress.building().unwrap_or(Freshness::Behind),
        }
    }

    pub fn status(&self) -> IndexStatus {
        let progress = &self.0.progress;
        let building = match progress.building() {
            Some(Freshness::Building { indexed, total }) => Some((indexed, total)),
            _ => None,
        };
        IndexStatus { building, behind: progress.behind() }
    }

    /// Ends following, after the commit that is being written.
    pub async fn close(&self) {
        let _ = self.0.closing.send(true);
        let _ = timeout(CLOSING, self.0.waiting.closed()).await;
    }
}

impl Progress {
    fn building(&self) -> Option<Freshness> {
        let (indexed, total) = (self.indexed.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed));
        (!self.is_built.load(Ordering::Acquire)).then_some(Freshness::Building { indexed, total })
    }

    fn behind(&self) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(self.level_at.load(Ordering::Relaxed)))
    }

    /// Notes that the index has everything that was acknowledged before this time.
    fn level(&self, at: Instant) {
        let since_start = at.duration_since(self.started).as_millis();
        self.level_at.store(u64::try_from(since_start).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.is_built.store(true, Ordering::Release);
    }

    fn begin_building(&self, total: u64) {
        self.indexed.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.is_built.store(false, Ordering::Release);
    }

    fn add_indexed(&self, recipes: usize) {
        self.indexed.fetch_add(u64::try_from(recipes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
