//! Keeps the search index up with the store.
//!
//! A recipe is found by the next search after its 201: each search first lets the index catch up with the changes of that moment, and
//! searches that come together wait for the same look at them. No write waits for the index.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ids::RecipeId;
use recipes::{Recipe, Viewer};
use search::{RecipeIndex, SearchError, Writer};
use store::{Page, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

/// A search waits so long for the index. Then it answers with what is there.
const PATIENCE: Duration = Duration::from_millis(250);

/// Without a search, the index follows so often.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// The writer takes 15 MB and three threads. It is given back after so long without a change.
const IDLE: Duration = Duration::from_secs(30);

/// After a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Recipes of one commit while the index is built.
const COMMIT_EVERY: usize = 5_000;

/// Searches that wait at the same time.
const WAITING: usize = 1_024;

/// The index, and the way to let it catch up. Clones share it.
#[derive(Clone)]
pub struct SearchIndex(Arc<Shared>);

struct Shared {
    index: RecipeIndex,
    /// Each is answered when the index has what was acknowledged before.
    waiting: mpsc::Sender<oneshot::Sender<()>>,
    is_built: Arc<AtomicBool>,
}

/// How much of the store is in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Everything that was acknowledged before the question.
    UpToDate,
    /// Perhaps not the last changes.
    Behind,
    /// It is being built: only a part of the recipes.
    Building,
}

impl SearchIndex {
    /// Opens the index in a folder and follows the store for as long as the service runs.
    ///
    /// # Errors
    /// [`SearchError`] if the folder cannot be written.
    pub fn start(store: Store, folder: &Path) -> Result<Self, SearchError> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Ok(Self::follow(store, RecipeIndex::open(folder, boot.trim())?))
    }

    /// Follows the store with this index.
    pub fn follow(store: Store, index: RecipeIndex) -> Self {
        let (waiting, requests) = mpsc::channel(WAITING);
        let position = index.position();
        let is_built = Arc::new(AtomicBool::new(position.is_some()));
        let follower =
            Follower { store, index: index.clone(), is_built: Arc::clone(&is_built), position, writer: None };
        tokio::spawn(follower.run(requests));
        Self(Arc::new(Shared { index, waiting, is_built }))
    }

    pub fn index(&self) -> &RecipeIndex {
        &self.0.index
    }

    /// Lets the index catch up with the store, for a quarter of a second at most.
    pub async fn catch_up(&self) -> Freshness {
        if !self.0.is_built.load(Ordering::Acquire) {
            return Freshness::Building;
        }
        let (done, answer) = oneshot::channel();
        let caught_up = async { self.0.waiting.send(done).await.is_ok() && answer.await.is_ok() };
        match timeout(PATIENCE, caught_up).await {
            Ok(true) => Freshness::UpToDate,
            _ => Freshness::Behind,
        }
    }
}

/// Brings the changes of the store into the index.
struct Follower {
    store: Store,
    index: RecipeIndex,
    is_built: Arc<AtomicBool>,
    /// Of the last changes that were brought in.
    position: Option<String>,
    writer: Option<Writer>,
}

impl Follower {
    /// Ends when no handle is left.
    async fn run(mut self, mut requests: mpsc::Receiver<oneshot::Sender<()>>) {
        let mut last_change = Instant::now();
        loop {
            let mut waiting = Vec::new();
            if let Ok(first) = timeout(FOLLOW_EVERY, requests.recv()).await {
                let Some(first) = first else { return };
                waiting.push(first);
            }
            // They came before the look at the changes, so what they wait for is among them.
            while let Ok(more) = requests.try_recv() {
                waiting.push(more);
            }
            match self.catch_up().await {
                Ok(changed) => {
                    for done in waiting {
                        let _ = done.send(());
                    }
                    if changed {
                        last_change = Instant::now();
                    } else if last_change.elapsed() > IDLE {
                        self.writer = None;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "The search index could not follow the store; retrying");
                    // What was not committed is lost with the writer.
                    (self.writer, self.position) = (None, self.index.position());
                    drop(waiting);
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Answers whether there was a change.
    async fn catch_up(&mut self) -> Result<bool, FollowError> {
        let changes = self.store.recipe_changes(self.position.as_deref()).await?;
        match changes.ids {
            Some(ids) if ids.is_empty() => {
                self.position = Some(changes.position);
                return Ok(false);
            }
            Some(ids) => self.bring_in(&ids).await?,
            None => self.build().await?,
        }
        self.commit(Some(changes.position)).await?;
        if !self.is_built.swap(true, Ordering::AcqRel) {
            tracing::info!(recipes = self.index.len(), "The search index was built");
        }
        Ok(true)
    }

    /// Reads all recipes. Changes that happen meanwhile are after the position from before.
    async fn build(&mut self) -> Result<(), FollowError> {
        self.is_built.store(false, Ordering::Release);
        tracing::info!("Building the search index; searches answer 503 until it is complete");
        self.writer()?.clear()?;
        let (mut after, mut uncommitted) = (None, 0);
        loop {
            let listing = self.store.recipes(Page::longest(after), Viewer::Admin, Vec::new()).await?;
            let recipes = read(listing.rows.iter().map(|(_, json)| json));
            uncommitted += recipes.len();
            self.put(recipes, Vec::new()).await?;
            if uncommitted >= COMMIT_EVERY {
                self.commit(None).await?;
                uncommitted = 0;
            }
            let Some(last) = listing.next else { return Ok(()) };
            after = Some(last);
        }
    }

    async fn bring_in(&mut self, ids: &[RecipeId]) -> Result<(), FollowError> {
        let mut rest = ids;
        while !rest.is_empty() {
            let (page, looked_up) = self.store.recipes_by_id(rest, Viewer::Admin, Vec::new()).await?;
            let (these, others) = rest.split_at(looked_up.clamp(1, rest.len()));
            let there: Vec<_> = page.iter().map(|(id, _)| id).collect();
            let gone = these.iter().filter(|id| !there.contains(id)).copied().collect();
            self.put(read(page.iter().map(|(_, json)| json)), gone).await?;
            rest = others;
        }
        Ok(())
    }

    async fn put(&mut self, recipes: Vec<Recipe>, gone: Vec<RecipeId>) -> Result<(), FollowError> {
        self.with_writer(move |writer| {
            for recipe in &recipes {
                writer.put(recipe)?;
            }
            for id in gone {
                writer.delete(id);
            }
            Ok(())
        })
        .await
    }

    async fn commit(&mut self, position: Option<String>) -> Result<(), FollowError> {
        let committed = position.clone();
        self.with_writer(move |writer| writer.commit(committed)).await?;
        self.position = position;
        Ok(())
    }

    /// Runs on the blocking pool: the index compresses and syncs.
    async fn with_writer(
        &mut self,
        work: impl FnOnce(&mut Writer) -> Result<(), SearchError> + Send + 'static,
    ) -> Result<(), FollowError> {
        self.writer()?;
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        let (writer, outcome) = spawn_blocking(move || {
            let outcome = work(&mut writer);
            (writer, outcome)
        })
        .await?;
        self.writer = Some(writer);
        Ok(outcome?)
    }

    fn writer(&mut self) -> Result<&mut Writer, SearchError> {
        match &mut self.writer {
            Some(writer) => Ok(writer),
            none => Ok(none.insert(self.index.writer()?)),
        }
    }
}

/// A recipe that cannot be read is not found, and named in the log.
fn read<'a>(documents: impl Iterator<Item = &'a [u8]>) -> Vec<Recipe> {
    let read = |document| match Recipe::from_json(document) {
        Ok(recipe) => Some(recipe),
        Err(error) => {
            tracing::error!(%error, "A recipe is left out of the search index");
            None
        }
    };
    documents.filter_map(read).collect()
}

#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error("a thread has failed: {0}")]
    Thread(#[from] JoinError),
}
