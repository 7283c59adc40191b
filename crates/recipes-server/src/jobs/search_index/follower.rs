//! Brings the changes of the store into the index.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ids::RecipeId;
use recipes::{Recipe, Viewer};
use search::{RecipeIndex, SearchError, Writer};
use store::{Page, Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

use super::Progress;

/// Without a search, the index follows so often.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// The writer takes 15 MB and three threads. It is given back after so long without a change.
const IDLE: Duration = Duration::from_secs(30);

/// After a failure.
const RETRY: Duration = Duration::from_secs(2);

/// Recipes of one commit while the index is built.
const COMMIT_EVERY: usize = 5_000;

pub(super) struct Follower {
    store: Store,
    index: RecipeIndex,
    progress: Arc<Progress>,
    /// Of the last changes that were brought in.
    position: Option<String>,
    writer: Option<Writer>,
}

/// What the follower is asked for.
pub(super) struct Requests {
    /// Searches that wait until the index has what was acknowledged before.
    pub(super) waiting: mpsc::Receiver<oneshot::Sender<()>>,
    pub(super) closing: watch::Receiver<bool>,
}

impl Requests {
    /// All searches that wait. Comes back after a second if there is none, and with `None` at the end.
    async fn next(&mut self) -> Option<Vec<oneshot::Sender<()>>> {
        let mut waiting = Vec::new();
        tokio::select! {
            _ = self.closing.wait_for(|closing| *closing) => return None,
            first = timeout(FOLLOW_EVERY, self.waiting.recv()) => {
                if let Ok(first) = first {
                    waiting.push(first?);
                }
            }
        }
        // They came before the look at the changes, so what they wait for is among them.
        while let Ok(more) = self.waiting.try_recv() {
            waiting.push(more);
        }
        Some(waiting)
    }

    fn are_closing(&self) -> bool {
        *self.closing.borrow()
    }
}

impl Follower {
    pub(super) fn new(store: Store, index: RecipeIndex, progress: Arc<Progress>) -> Self {
        Self { position: index.position(), store, index, progress, writer: None }
    }

    /// Ends when it is asked to, or when no handle is left.
    pub(super) async fn run(mut self, mut requests: Requests) {
        let mut last_change = Instant::now();
        // The first look is for no search: an index that must be built is built at once.
        let mut next = Some(Vec::<oneshot::Sender<()>>::new());
        while let Some(waiting) = next {
            match self.catch_up(&requests).await {
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
                Err(FollowError::Closing) => return,
                Err(error) => {
                    tracing::warn!(%error, "The search index could not follow the store; retrying");
                    // What was not committed is lost with the writer.
                    (self.writer, self.position) = (None, self.index.position());
                    drop(waiting);
                    tokio::select! {
                        _ = requests.closing.wait_for(|closing| *closing) => return,
                        () = sleep(RETRY) => {}
                    }
                }
            }
            next = requests.next().await;
        }
    }

    /// Answers whether there was a change.
    async fn catch_up(&mut self, requests: &Requests) -> Result<bool, FollowError> {
        let asked_at = Instant::now();
        let changes = self.store.recipe_changes(self.position.as_deref()).await?;
        match changes.ids {
            Some(ids) if ids.is_empty() => {
                self.position = Some(changes.position);
                self.progress.level(asked_at);
                return Ok(false);
            }
            Some(ids) => {
                self.progress.changes.send_replace(());
                self.bring_in(&ids).await?;
                self.commit(Some(changes.position)).await?;
            }
            None => {
                self.progress.changes.send_replace(());
                self.build(requests).await?;
                self.commit(Some(changes.position)).await?;
                tracing::info!("The search index was built: {} recipes", self.index.len());
            }
        }
        self.progress.level(asked_at);
        Ok(true)
    }

    /// Reads all recipes. Changes that happen meanwhile are after the position from before.
    async fn build(&mut self, requests: &Requests) -> Result<(), FollowError> {
        let total = self.store.count_recipes(Viewer::Admin).await?;
        self.progress.begin_building(total);
        tracing::info!(
            "Building the search index of {total} recipes; searches answer 503 until it is complete"
        );
        self.writer()?.clear()?;
        let (mut after, mut uncommitted) = (None, 0);
        loop {
            if requests.are_closing() {
                return Err(FollowError::Closing);
            }
            let listing = self.store.recipes(Page::longest(after), Viewer::Admin, Vec::new()).await?;
            let recipes = read(listing.rows.iter().map(|(_, json)| json));
            let count = recipes.len();
            self.put(recipes, Vec::new()).await?;
            self.progress.add_indexed(count);
            uncommitted += count;
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
            let recipes = read(page.iter().map(|(_, json)| json));
            let present: HashSet<_> = recipes.iter().map(|recipe| recipe.id).collect();
            let gone = these.iter().filter(|id| !present.contains(id)).copied().collect();
            self.put(recipes, gone).await?;
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
    #[error("the service ends")]
    Closing,
}
