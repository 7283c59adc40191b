//! Recipes, in SQLite's dialect.

use rusqlite::{Connection, Rows, params};

use super::columns::{self, Columns};
use super::ratings::{self, rating_in, ratings_in};
use super::recipe_row::RecipeRow;
use super::recipe_state::{editor, find_to_edit, state_in, time_of_change, viewer_params};
use super::{Sqlite, cached, execute, find, find_value, image_rows, quota, revisions};
use crate::recipe_commands::{Change, NewContent, visibility_columns};
use crate::recipes::patched;
use crate::revisions_kept::Replaced;
use crate::{
    Context, DEFAULT_PAGE_SIZE, Edit, Listing, NewRecipe, Page, PageEnd, RecipePage, StoreError,
    StoredRecipe, Viewer,
};
use ::recipes::time::to_microseconds;
use ::recipes::{EditTerms, ServerFields};
use ids::{RecipeId, UserId};

/// A page ends early behind this much text: 1,000 recipes may have 256 MiB, and one request must not
/// make us hold them. A hundred everyday recipes have less.
pub(super) const PAGE_BYTES: usize = 128 << 10;

/// The ids behind `?1` that user `?2` may see, if that is not an administrator. Each part comes from an index in the order of the
/// ids. The own ones for members are in two parts, and come once.
macro_rules! visible_ids {
    () => {
        "SELECT id FROM recipes WHERE private = 0 AND id > ?1
         UNION
         SELECT id FROM recipes WHERE owner_id = ?2 AND private = 1 AND id > ?1
         UNION
         SELECT id FROM recipes WHERE members = 1 AND ?2 IS NOT NULL AND id > ?1"
    };
}

/// Writes.
impl Sqlite {
    pub async fn create_recipe(&self, new: NewRecipe, context: Context) -> Result<StoredRecipe, StoreError> {
        let quotas = new.quotas;
        let row = RecipeRow::new(new, to_microseconds(context.now));
        let (id, row) = self.insert_recipe(row, quotas, context).await?;
        Ok(row.stored(columns::recipe_id(id)?))
    }
}

/// Reads.
impl Sqlite {
    pub fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<StoredRecipe>, StoreError> {
        self.read(|db| {
            let sql = "SELECT owner_id, private, members, revision, updated_at, document, rating_count, rating_sum, rated_at
                       FROM recipes WHERE id = ?1";
            let found = find(db, sql, [id.get()], |columns| {
                let state = state_in(columns)?;
                if !state.may_view(viewer) {
                    return Ok(None);
                }
                stored_in(columns, id, state.revision).map(Some)
            });
            found.map(Option::flatten)
        })
    }

    pub fn recipes(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        self.read(|db| page_of(db, page, viewer, PageReader::new(page.limit(), json)))
    }

    pub fn end_of_recipe_page(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Option<PageEnd<RecipeId>>, StoreError> {
        self.read(|db| {
            let (user, admin) = viewer_params(viewer);
            let sql = if admin {
                "SELECT id FROM recipes WHERE id > ?1 AND ?2 IS NULL ORDER BY id LIMIT ?3"
            } else {
                concat!(visible_ids!(), " ORDER BY id LIMIT ?3")
            };
            let after = page.after().map_or(0, RecipeId::get);
            let mut statement = cached(db, sql)?;
            let mut rows = statement.query(params![after, user, page.rows_to_read()])?;
            let mut ids = Vec::new();
            while let Some(row) = rows.next()? {
                ids.push(Columns::of(row).recipe_id()?);
            }
            let Listing { rows, next } = page.listing(ids, |id| *id);
            Ok(rows.last().map(|last| PageEnd { last: *last, next }))
        })
    }

    pub fn recipes_of(
        &self,
        owner: UserId,
        page: Page<RecipeId>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        self.read(|db| {
            let mut reader = PageReader::new(page.limit(), Vec::new());
            let mut statement = cached(
                db,
                "SELECT recipes.id, document, rating_count, rating_sum
                 FROM (SELECT id FROM recipes WHERE owner_id = ?1 AND private = 0 AND id > ?2
                       UNION ALL
                       SELECT id FROM recipes WHERE owner_id = ?1 AND private = 1 AND id > ?2
                       ORDER BY id LIMIT ?3) AS theirs
                 CROSS JOIN recipes ON recipes.id = theirs.id",
            )?;
            let after = page.after().map_or(0, RecipeId::get);
            reader.read(statement.query(params![owner.get(), after, page.rows_to_read()])?)?;
            Ok(reader.listing())
        })
    }

    pub async fn count_recipes(&self, viewer: Viewer) -> Result<u64, StoreError> {
        let sql = match viewer {
            Viewer::Anyone => "SELECT count(*) FROM recipes WHERE private = 0 AND ?1 IS NULL",
            Viewer::User(_) => {
                "SELECT (SELECT count(*) FROM recipes WHERE private = 0)
                      + (SELECT count(*) FROM recipes WHERE owner_id = ?1 AND private = 1)
                      + (SELECT count(*) FROM recipes WHERE members = 1)
                      - (SELECT count(*) FROM recipes WHERE owner_id = ?1 AND members = 1)"
            }
            Viewer::Admin => "SELECT count(*) FROM recipes WHERE ?1 IS NULL",
        };
        let (user, _) = viewer_params(viewer);
        let count: Option<i64> = self.read_at_length(move |db| find_value(db, sql, [user])).await?;
        Ok(count.unwrap_or(0).unsigned_abs())
    }
}

/// A recipe that exists.
pub(super) fn current(db: &Connection, id: RecipeId) -> Result<StoredRecipe, StoreError> {
    let sql = "SELECT revision, updated_at, document, rating_count, rating_sum, rated_at FROM recipes WHERE id = ?1";
    let found = find(db, sql, [id.get()], |columns| {
        let revision = columns.get()?;
        stored_in(columns, id, revision)
    });
    found?.ok_or_else(|| StoreError::Bug("a recipe is gone within a transaction".to_owned()))
}

/// From `updated_at, document, rating_count, rating_sum, rated_at`.
pub(super) fn stored_in(
    columns: &mut Columns<'_>,
    id: RecipeId,
    revision: i64,
) -> Result<StoredRecipe, StoreError> {
    let updated_at = columns.time()?;
    let text = columns.bytes_of_text()?.to_owned();
    Ok(StoredRecipe { id, revision, updated_at, text, ratings: ratings_in(columns)? })
}

/// [`RecipeState::may_view`] for lists, over the parameters of [`viewer_params`].
macro_rules! visible {
    () => {
        "(private = 0 OR owner_id = ?3 OR (members = 1 AND ?3 IS NOT NULL) OR ?4)"
    };
}

/// Scans the table itself, as recipes nearly always lie side by side. Where private or deleted ones leave wide gaps, a
/// scan would step over all of them for every reader. So it stops at twice the page, and an index finds the rest.
pub(super) fn page_of(
    db: &Connection,
    page: Page<RecipeId>,
    viewer: Viewer,
    mut reader: PageReader,
) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
    let (user, admin) = viewer_params(viewer);
    let after = page.after().map_or(0, RecipeId::get);
    let near = if admin { i64::MAX } else { after.saturating_add(2 * i64::from(page.limit())) };
    let sql = concat!(
        "SELECT id, document, rating_count, rating_sum FROM recipes NOT INDEXED WHERE id > ?1 AND id <= ?2 AND ",
        visible!(),
        " ORDER BY id"
    );
    reader.read(cached(db, sql)?.query(params![after, near, user, admin])?)?;
    if !reader.more && !admin {
        let sql = concat!(
            "SELECT recipes.id, document, rating_count, rating_sum FROM (",
            visible_ids!(),
            " ORDER BY id LIMIT ?3) AS visible CROSS JOIN recipes ON recipes.id = visible.id"
        );
        reader.read(cached(db, sql)?.query(params![near, user, page.rows_to_read()])?)?;
    }
    Ok(reader.listing())
}

/// Reads the recipes of a page.
pub(super) struct PageReader {
    page: RecipePage,
    limit: usize,
    /// There was a row beyond the page.
    more: bool,
}

impl PageReader {
    pub(super) fn new(limit: u16, json: Vec<u8>) -> Self {
        let limit = usize::from(limit);
        let mut page = RecipePage::after(json);
        // Everyday recipes have about a kilobyte; a buffer that grows copies them all.
        let rows = limit.min(usize::from(DEFAULT_PAGE_SIZE));
        page.reserve(rows, rows << 10);
        Self { page, limit, more: false }
    }

    fn listing(self) -> Listing<RecipePage, RecipeId> {
        Listing { next: self.page.last().filter(|_| self.more), rows: self.page }
    }

    fn read(&mut self, mut rows: Rows<'_>) -> Result<(), StoreError> {
        while let Some(row) = rows.next()? {
            let mut columns = Columns::of(row);
            let (id, text) = (columns.recipe_id()?, columns.bytes_of_text()?);
            let is_full = self.page.json_len() + text.len() > PAGE_BYTES && !self.page.is_empty();
            if is_full || self.page.len() == self.limit {
                self.more = true;
                return Ok(());
            }
            self.page.push(id, text, rating_in(&mut columns)?);
        }
        Ok(())
    }
}
