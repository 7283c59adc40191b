//! Recipes, in PostgreSQL's dialect.

use tokio_postgres::Row;

use super::Postgres;
use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::ratings::rating_in;
use super::recipe_row::{RecipeRow, stored_in};
use super::recipe_state::user_of;
use super::writer::Job;
use crate::{
    Context, DEFAULT_PAGE_SIZE, Listing, Lookup, NewRecipe, Page, PageEnd, RecipePage, StoreError,
    StoredRecipe, Viewer,
};
use ::recipes::RecipeState;
use ::recipes::time::to_microseconds;
use ids::{RecipeId, UserId};

/// A page ends early behind this much text: 1,000 recipes may have 256 MiB, and one request must not
/// make us hold them. A hundred everyday recipes have less.
pub(super) const PAGE_BYTES: usize = 128 << 10;

/// Longer recipes are not cached: a thousand entries should stay below eight megabytes.
const CACHED_BYTES: usize = 8 << 10;

/// The ids behind `$1` that this viewer may see, at most `$3`: `$2` is the user. Each part comes from an index in the order of the ids.
const ALL: &str = "SELECT id FROM recipes WHERE id > $1 AND $2::bigint IS NULL ORDER BY id LIMIT $3";
const PUBLIC: &str =
    "SELECT id FROM recipes WHERE NOT private AND id > $1 AND $2::bigint IS NULL ORDER BY id LIMIT $3";
/// The own ones for members are in two parts, and come once.
const VISIBLE: &str = "(SELECT id FROM recipes WHERE NOT private AND id > $1 ORDER BY id LIMIT $3)
     UNION
     (SELECT id FROM recipes WHERE owner_id = $2::bigint AND private AND id > $1 ORDER BY id LIMIT $3)
     UNION
     (SELECT id FROM recipes WHERE members AND $2::bigint IS NOT NULL AND id > $1 ORDER BY id LIMIT $3)
     ORDER BY id LIMIT $3";
const OWN: &str =
    "(SELECT id FROM recipes WHERE owner_id = $2::bigint AND NOT private AND id > $1 ORDER BY id LIMIT $3)
     UNION ALL
     (SELECT id FROM recipes WHERE owner_id = $2::bigint AND private AND id > $1 ORDER BY id LIMIT $3)
     ORDER BY id LIMIT $3";

/// Writes.
impl Postgres {
    pub async fn create_recipe(&self, new: NewRecipe, context: Context) -> Result<StoredRecipe, StoreError> {
        let quotas = new.quotas;
        let row = RecipeRow::new(new, to_microseconds(context.now));
        self.0.writer.create(Job { row, quotas, context }).await
    }
}

/// Reads.
impl Postgres {
    pub async fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<StoredRecipe>, StoreError> {
        let visible = |(state, recipe): (RecipeState, _)| state.may_view(viewer).then_some(recipe);
        let slot = match self.0.recipes.get(id) {
            Lookup::Hit(found) => return Ok(visible(found)),
            Lookup::Miss(slot) => slot,
        };
        let Some(found) = self.0.reader.read(id).await? else { return Ok(None) };
        if found.1.text.len() <= CACHED_BYTES {
            slot.fill(found.clone());
        }
        Ok(visible(found))
    }

    pub async fn recipes(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        self.page_of(ids_of(viewer), viewer, page, json).await
    }

    pub async fn recipes_of(
        &self,
        owner: UserId,
        page: Page<RecipeId>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        self.page_of(OWN, Viewer::User(owner), page, Vec::new()).await
    }

    async fn page_of(
        &self,
        ids: &str,
        viewer: Viewer,
        page: Page<RecipeId>,
        json: Vec<u8>,
    ) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
        let sql = &page_sql(ids);
        let rows = self.read(move |db| async move {
            db.rows(sql, &[&after(page), &user_of(viewer), &i64::from(page.rows_to_read())]).await
        });
        fill(&rows.await?, page.limit(), json)
    }

    pub async fn end_of_recipe_page(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Option<PageEnd<RecipeId>>, StoreError> {
        let ids = self.read(move |db| async move {
            let values = [after(page), i64::from(page.rows_to_read())];
            db.list(ids_of(viewer), &[&values[0], &user_of(viewer), &values[1]], |columns| {
                columns.recipe_id()
            })
            .await
        });
        let Listing { rows, next } = page.listing(ids.await?, |id| *id);
        Ok(rows.last().map(|last| PageEnd { last: *last, next }))
    }

    pub async fn count_recipes(&self, viewer: Viewer) -> Result<u64, StoreError> {
        let sql = match viewer {
            Viewer::Anyone => "SELECT count(*) FROM recipes WHERE NOT private AND $1::bigint IS NULL",
            Viewer::User(_) => {
                "SELECT (SELECT count(*) FROM recipes WHERE NOT private)
                      + (SELECT count(*) FROM recipes WHERE owner_id = $1::bigint AND private)
                      + (SELECT count(*) FROM recipes WHERE members)
                      - (SELECT count(*) FROM recipes WHERE owner_id = $1::bigint AND members)"
            }
            Viewer::Admin => "SELECT count(*) FROM recipes WHERE $1::bigint IS NULL",
        };
        let count =
            self.read_at_length(move |db| async move { db.number(sql, &[&user_of(viewer)]).await }).await?;
        Ok(count.unsigned_abs())
    }
}

/// A recipe that exists.
pub(super) async fn current(db: &Db, id: RecipeId) -> Result<StoredRecipe, Failure> {
    let sql = "SELECT revision, updated_at, document, rating_count, rating_sum, rated_at FROM recipes WHERE id = $1";
    let read = |columns: &mut Columns<'_>| {
        let revision = columns.get()?;
        stored_in(columns, id, revision)
    };
    let found = db.find(sql, &[&id.get()], read).await?;
    Ok(found.ok_or_else(|| StoreError::Bug("a recipe is gone within a transaction".to_owned()))?)
}

/// Texts behind the end of the page are not sent; `found` tells that there are some.
fn page_sql(ids: &str) -> String {
    format!(
        "SELECT id, document, found, rating_count, rating_sum FROM (
             SELECT id, document, rating_count, rating_sum, count(*) OVER () AS found,
                    sum(octet_length(document)) OVER (ORDER BY id) - octet_length(document) AS before
             FROM recipes WHERE id IN ({ids})) AS page
         WHERE before <= {PAGE_BYTES} ORDER BY id"
    )
}

/// A page of the recipes that this viewer may see, in the transaction of the caller.
pub(super) async fn page_in(
    db: &Db,
    viewer: Viewer,
    page: Page<RecipeId>,
) -> Result<Listing<RecipePage, RecipeId>, Failure> {
    let parameters = (after(page), user_of(viewer), i64::from(page.rows_to_read()));
    let rows = db.rows(&page_sql(ids_of(viewer)), &[&parameters.0, &parameters.1, &parameters.2]).await?;
    Ok(fill(&rows, page.limit(), Vec::new())?)
}

fn after(page: Page<RecipeId>) -> i64 {
    page.after().map_or(0, RecipeId::get)
}

fn ids_of(viewer: Viewer) -> &'static str {
    match viewer {
        Viewer::Anyone => PUBLIC,
        Viewer::User(_) => VISIBLE,
        Viewer::Admin => ALL,
    }
}

fn fill(rows: &[Row], limit: u16, json: Vec<u8>) -> Result<Listing<RecipePage, RecipeId>, StoreError> {
    let mut page = RecipePage::after(json);
    let (limit, usual) = (usize::from(limit), usize::from(DEFAULT_PAGE_SIZE));
    page.reserve(rows.len().min(usual), rows.len().min(usual) << 10);
    let mut found = 0;
    for row in rows {
        let mut columns = Columns::of(row);
        let (id, text) = (columns.recipe_id()?, columns.text()?);
        found = usize::try_from(columns.get::<i64>()?).unwrap_or(usize::MAX);
        let is_full = page.json_len() + text.len() > PAGE_BYTES && !page.is_empty();
        if is_full || page.len() == limit {
            break;
        }
        page.push(id, text.as_bytes(), rating_in(&mut columns)?);
    }
    Ok(Listing { next: page.last().filter(|_| found > page.len()), rows: page })
}
