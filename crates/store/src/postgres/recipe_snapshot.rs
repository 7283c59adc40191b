//! Reads all recipes in one transaction.

use tokio::sync::mpsc;

use super::Postgres;
use super::changes::page_by_id;
use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::recipes::page_in;
use crate::recipe_snapshot::{IDS, Ids, send};
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
        let db = self.begin_snapshot().await?;
        Ok(ended(&db, send_pages(&db, viewer, out).await).await?)
    }

    /// Sends the recipes with these ids, or those that are received.
    pub(crate) async fn read_recipes(
        &self,
        ids: Ids,
        viewer: Viewer,
        out: &mpsc::Sender<RecipePage>,
    ) -> Result<(), StoreError> {
        let db = self.begin_snapshot().await?;
        Ok(ended(&db, send_recipes(&db, ids, viewer, out).await).await?)
    }

    async fn begin_snapshot(&self) -> Result<Db, Failure> {
        let db = self.0.long_reads.get().await?;
        db.begin(Isolation::Snapshot).await?;
        db.batch(SETTINGS).await?;
        Ok(db)
    }
}

/// Ends the transaction of a snapshot.
async fn ended(db: &Db, sent: Result<(), Failure>) -> Result<(), Failure> {
    if sent.is_err() {
        db.roll_back().await;
        return sent;
    }
    db.commit().await
}

async fn send_recipes(
    db: &Db,
    mut ids: Ids,
    viewer: Viewer,
    out: &mpsc::Sender<RecipePage>,
) -> Result<(), Failure> {
    loop {
        let wanted: Vec<_> = ids.by_ref().take(IDS).collect();
        let mut rest = wanted.as_slice();
        if rest.is_empty() {
            return Ok(());
        }
        while !rest.is_empty() {
            let (page, looked_up) = page_by_id(db, rest, viewer).await?;
            if !page.is_empty() && !send(out, page).await? {
                return Ok(());
            }
            rest = rest.get(looked_up.max(1)..).unwrap_or_default();
        }
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
