//! All recipes at one moment, for exports.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{self, JoinHandle};

use ids::RecipeId;

use crate::{RecipePage, Store, StoreError, Viewer};

/// Pages that wait for the client.
const PAGES: usize = 1;

/// The client has this long for each page. A transaction that stays open keeps SQLite's log and PostgreSQL's old rows.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// All recipes that a viewer may see, as they are at one moment, read page by page in the order of their ids while the
/// service goes on.
#[derive(Debug)]
pub struct RecipeSnapshot {
    pages: mpsc::Receiver<RecipePage>,
    reading: Option<JoinHandle<Result<(), StoreError>>>,
}

impl RecipeSnapshot {
    /// The next recipes. `None` behind the last one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database fails or is closed. The snapshot is incomplete then.
    pub async fn next(&mut self) -> Result<Option<RecipePage>, StoreError> {
        if let Some(page) = self.pages.recv().await {
            return Ok(Some(page));
        }
        let Some(reading) = self.reading.take() else { return Ok(None) };
        reading.await.unwrap_or_else(|why| Err(StoreError::Bug(why.to_string()))).map(|()| None)
    }
}

impl Store {
    /// Begins to read all recipes that this viewer may see: in one read transaction of SQLite, in one `REPEATABLE READ`
    /// transaction of PostgreSQL. The reader has a minute for each page.
    pub fn recipe_snapshot(&self, viewer: Viewer) -> RecipeSnapshot {
        let (page, pages) = mpsc::channel(PAGES);
        let reading = match self.clone() {
            Self::Sqlite(db) => task::spawn_blocking(move || db.read_all_recipes(viewer, &page)),
            Self::Postgres(db) => task::spawn(async move { db.read_all_recipes(viewer, &page).await }),
        };
        RecipeSnapshot { pages, reading: Some(reading) }
    }

    /// The same for the recipes with these ids, in this order. Those that do not exist for the viewer are left out.
    pub fn recipe_snapshot_of(
        &self,
        ids: impl Iterator<Item = RecipeId> + Send + 'static,
        viewer: Viewer,
    ) -> RecipeSnapshot {
        let (page, pages) = mpsc::channel(PAGES);
        let ids: Ids = Box::new(ids);
        let reading = match self.clone() {
            Self::Sqlite(db) => task::spawn_blocking(move || db.read_recipes(ids, viewer, &page)),
            Self::Postgres(db) => task::spawn(async move { db.read_recipes(ids, viewer, &page).await }),
        };
        RecipeSnapshot { pages, reading: Some(reading) }
    }
}

/// Ids that a snapshot is to read.
pub(crate) type Ids = Box<dyn Iterator<Item = RecipeId> + Send>;

/// So many ids are looked up at a time.
pub(crate) const IDS: usize = 1_000;

/// Whether the page was taken in time. A page that the reader does not take ends the reading without an error.
pub(crate) async fn send(out: &mpsc::Sender<RecipePage>, page: RecipePage) -> Result<bool, StoreError> {
    match tokio::time::timeout(PATIENCE, out.send(page)).await {
        Ok(sent) => Ok(sent.is_ok()),
        Err(_) => Err(StoreError::Bug("the reader of the recipes took too long".to_owned())),
    }
}
