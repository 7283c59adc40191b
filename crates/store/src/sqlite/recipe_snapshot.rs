//! Reads all recipes in one transaction.

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::changes::page_by_id;
use super::recipes::{PageReader, page_of};
use super::{Sqlite, execute};
use crate::recipe_snapshot::{IDS, Ids, send};
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

    /// Sends the recipes with these ids, or those that are received. Blocks.
    pub(crate) fn read_recipes(
        &self,
        mut ids: Ids,
        viewer: Viewer,
        out: &mpsc::Sender<RecipePage>,
    ) -> Result<(), StoreError> {
        self.0.readers.read_beside(|db, check| {
            execute(db, "BEGIN", [])?;
            loop {
                let wanted: Vec<_> = ids.by_ref().take(IDS).collect();
                let mut rest = wanted.as_slice();
                if rest.is_empty() {
                    return Ok(());
                }
                while !rest.is_empty() {
                    let (page, looked_up) = page_by_id(db, rest, viewer, Vec::new())?;
                    check()?;
                    if !page.is_empty() && !Handle::current().block_on(send(out, page))? {
                        return Ok(());
                    }
                    rest = rest.get(looked_up.max(1)..).unwrap_or_default();
                }
            }
        })
    }
}
