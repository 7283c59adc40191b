//! The changes of recipes, in PostgreSQL's dialect.
//!
//! A position is a snapshot. What a transaction has changed that this snapshot did not see, and that the current one sees, is new:
//! no change is missed because a transaction with a lower number ended later, and none is repeated.

use ids::RecipeId;

use super::Postgres;
use super::columns::Columns;
use super::ratings::rating_in;
use super::recipe_state::user_of;
use super::recipes::PAGE_BYTES;
use crate::{RecipeChanges, RecipePage, StoreError, Viewer};

/// One statement, so that its rows and its position are of one snapshot. The first row has the position.
const CHANGED: &str = "
    WITH old AS (SELECT $1::text::pg_snapshot AS snapshot)
    SELECT NULL AS id, pg_current_snapshot()::text AS position
    UNION ALL
    (SELECT id, NULL FROM recipes, old
     WHERE changed_in >= pg_snapshot_xmin(snapshot) AND changed_in < pg_snapshot_xmax(pg_current_snapshot())
       AND NOT pg_visible_in_snapshot(changed_in, snapshot))
    UNION ALL
    (SELECT recipe_id, NULL FROM recipe_deletions, old
     WHERE deleted_in >= pg_snapshot_xmin(snapshot) AND deleted_in < pg_snapshot_xmax(pg_current_snapshot())
       AND NOT pg_visible_in_snapshot(deleted_in, snapshot))";

const NOW: &str = "
    SELECT name, pg_current_snapshot()::text,
           $1::text IS NOT NULL AND pg_snapshot_xmax($1::text::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
    FROM recipe_history";

impl Postgres {
    pub async fn recipe_changes(&self, after: Option<&str>) -> Result<RecipeChanges, StoreError> {
        let after =
            after.and_then(|after| after.split_once('/')).filter(|(_, snapshot)| is_snapshot(snapshot));
        let snapshot = after.map(|(_, snapshot)| snapshot);
        let now = self.read(move |db| async move {
            db.find(NOW, &[&snapshot], |columns| {
                Ok((columns.text()?.to_owned(), columns.text()?.to_owned(), columns.get()?))
            })
            .await
        });
        let Some((history, position, is_before)) = now.await? else {
            return Err(StoreError::Corrupt("the history of the recipes has no name".to_owned()));
        };
        match after {
            Some((name, snapshot)) if name == history && is_before => {
                let (ids, position) = self.changed_since(snapshot).await?;
                Ok(RecipeChanges { ids: Some(ids), position: format!("{history}/{position}") })
            }
            _ => Ok(RecipeChanges { ids: None, position: format!("{history}/{position}") }),
        }
    }

    async fn changed_since(&self, snapshot: &str) -> Result<(Vec<RecipeId>, String), StoreError> {
        let rows = self.read(move |db| async move { db.rows(CHANGED, &[&snapshot]).await }).await?;
        let (mut ids, mut now) = (Vec::with_capacity(rows.len()), String::new());
        for row in &rows {
            let mut columns = Columns::of(row);
            let (id, position) = (columns.get::<Option<i64>>()?, columns.get::<Option<String>>()?);
            ids.extend(id.and_then(RecipeId::from_i64));
            now = position.unwrap_or(now);
        }
        Ok((ids, now))
    }

    pub async fn recipes_by_id(
        &self,
        ids: &[RecipeId],
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<(RecipePage, usize), StoreError> {
        // Texts behind the end of the page are not sent.
        let sql = &format!(
            "SELECT place, id, document, rating_count, rating_sum FROM (
                 SELECT place, id, document, rating_count, rating_sum, sum(octet_length(document)) OVER (ORDER BY place) - octet_length(document) AS before
                 FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (wanted_id, place) JOIN recipes ON id = wanted_id
                 WHERE NOT private OR owner_id = $2::bigint OR $3) AS page
             WHERE before <= {PAGE_BYTES} ORDER BY place"
        );
        let numbers: Vec<i64> = ids.iter().map(|id| id.get()).collect();
        let numbers = &numbers;
        let rows = self.read(move |db| async move {
            db.rows(sql, &[numbers, &user_of(viewer), &(viewer == Viewer::Admin)]).await
        });
        let mut page = RecipePage::after(json);
        let mut looked_up = 0;
        for row in &rows.await? {
            let mut columns = Columns::of(row);
            let (place, id, text) = (columns.get::<i64>()?, columns.recipe_id()?, columns.text()?);
            if page.json_len() + text.len() > PAGE_BYTES && !page.is_empty() {
                return Ok((page, looked_up));
            }
            page.push(id, text.as_bytes(), rating_in(&mut columns)?);
            looked_up = usize::try_from(place).unwrap_or(usize::MAX);
        }
        // Without a text behind the end, what is left does not exist for the viewer.
        let is_full = page.json_len() > PAGE_BYTES;
        Ok((page, if is_full { looked_up } else { ids.len() }))
    }
}

/// `xmin:xmax:` and numbers with commas. A cursor or a file may say anything.
fn is_snapshot(text: &str) -> bool {
    let mut parts = text.split(':');
    let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u64>().is_ok());
    is_number(parts.next())
        && is_number(parts.next())
        && parts
            .next()
            .is_some_and(|list| list.is_empty() || list.split(',').all(|number| is_number(Some(number))))
        && parts.next().is_none()
}
