//! Reads all recipes in one transaction.

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::recipes::{PageReader, page_of};
use super::{Sqlite, execute};
use crate::recipe_snapshot::send;
use crate::{Page, RecipePage, StoreError, Viewer};

impl Sqlite {
    /// Sends all recipes, or those that are received. Blocks.
    pub(crate) fn read_all_recipes(
        &self,
        viewer: Viewer,
        out: &mpsc::Sender<RecipePage>,
    ) -> Result<(), StoreError> {
        self.0.readers.read_beside(|db, check| {
            // The first read of the transaction fixes what all of them see.
            execute(db, "BEGIN", [])?;
            let mut after = None;
            loop {
                let page = Page::longest(after);
                let listing = page_of(db, page, viewer, PageReader::new(page.limit(), Vec::new()))?;
                after = listing.next;
                check()?;
                let is_wanted =
                    listing.rows.is_empty() || Handle::current().block_on(send(out, listing.rows))?;
                if !is_wanted || after.is_none() {
                    return Ok(());
                }
            }
        })
    }
}
