//! Reads all recipes in one transaction.

use tokio::sync::mpsc;

use super::Postgres;
use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::recipes::page_in;
use crate::recipe_snapshot::send;
use crate::{Page, RecipePage, StoreError, Viewer};

/// The peer of the transaction may be a slow client.
const SETTINGS: &str = "SET LOCAL idle_in_transaction_session_timeout = '2min'";

impl Postgres {
    /// Sends all recipes, or those that are received.
    pub(crate) async fn read_all_recipes(
        &self,
        viewer: Viewer,
        out: &mpsc::Sender<RecipePage>,
    ) -> Result<(), StoreError> {
        Ok(self.send_all_recipes(viewer, out).await?)
    }

    async fn send_all_recipes(&self, viewer: Viewer, out: &mpsc::Sender<RecipePage>) -> Result<(), Failure> {
        let db = self.0.long_reads.get().await?;
        db.begin(Isolation::Snapshot).await?;
        db.batch(SETTINGS).await?;
        let sent = send_pages(&db, viewer, out).await;
        if sent.is_err() {
            db.roll_back().await;
            return sent;
        }
        db.commit().await
    }
}

async fn send_pages(db: &Db, viewer: Viewer, out: &mpsc::Sender<RecipePage>) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let listing = page_in(db, viewer, Page::longest(after)).await?;
        after = listing.next;
        let is_wanted = listing.rows.is_empty() || send(out, listing.rows).await?;
        if !is_wanted || after.is_none() {
            return Ok(());
        }
    }
}
