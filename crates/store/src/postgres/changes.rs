//! The changes of recipes, in PostgreSQL's dialect.
//!
//! A position is a snapshot. What a transaction has changed that this snapshot did not see, and that the current one sees, is new:
//! no change is missed because a transaction with a lower number ended later, and none is repeated.

use ids::RecipeId;
use tokio_postgres::Row;

use super::Postgres;
use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
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

/// A position, compared with the present.
pub(super) struct KnownPosition {
    /// The name of the history.
    pub(super) history: String,
    /// That of the position. `None`: it is not of this history.
    pub(super) snapshot: Option<String>,
    /// The current snapshot.
    now: String,
}

impl Postgres {
    pub async fn recipe_changes(&self, after: Option<&str>) -> Result<RecipeChanges, StoreError> {
        let KnownPosition { history, snapshot, now } = self.known_position(after).await?;
        let (ids, position) = match snapshot {
            Some(snapshot) => {
                let (ids, position) = self.changed_since(&snapshot).await?;
                (Some(ids), position)
            }
            None => (None, now),
        };
        Ok(RecipeChanges { ids, position: format!("{history}/{position}") })
    }

    pub(super) async fn known_position(&self, position: Option<&str>) -> Result<KnownPosition, StoreError> {
        let position = position.and_then(|position| position.split_once('/'));
        let position = position.filter(|(_, snapshot)| is_snapshot(snapshot));
        let snapshot = position.map(|(_, snapshot)| snapshot);
        let now = self.read(move |db| async move {
            db.find(NOW, &[&snapshot], |columns| {
                Ok((columns.text()?.to_owned(), columns.text()?.to_owned(), columns.get::<bool>()?))
            })
            .await
        });
        let Some((history, now, is_before)) = now.await? else {
            return Err(StoreError::Corrupt("the history of the recipes has no name".to_owned()));
        };
        let known = position.filter(|(name, _)| *name == history && is_before);
        let snapshot = known.map(|(_, snapshot)| snapshot.to_owned());
        Ok(KnownPosition { history, snapshot, now })
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
        let sql = &sql_by_id();
        let numbers = &numbers_of(ids);
        let rows = self.read(move |db| async move {
            db.rows(sql, &[numbers, &user_of(viewer), &(viewer == Viewer::Admin)]).await
        });
        page_in(&rows.await?, ids, json)
    }
}

/// See [`Store::recipes_by_id`](crate::Store::recipes_by_id).
pub(super) async fn page_by_id(
    db: &Db,
    ids: &[RecipeId],
    viewer: Viewer,
) -> Result<(RecipePage, usize), Failure> {
    let (numbers, is_admin) = (numbers_of(ids), viewer == Viewer::Admin);
    let rows = db.rows(&sql_by_id(), &[&numbers, &user_of(viewer), &is_admin]).await?;
    Ok(page_in(&rows, ids, Vec::new())?)
}

/// Texts behind the end of the page are not sent.
fn sql_by_id() -> String {
    format!(
        "SELECT place, id, document, rating_count, rating_sum FROM (
             SELECT place, id, document, rating_count, rating_sum, sum(octet_length(document)) OVER (ORDER BY place) - octet_length(document) AS before
             FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (wanted_id, place) JOIN recipes ON id = wanted_id
             WHERE NOT private OR owner_id = $2::bigint OR (members AND $2 IS NOT NULL) OR $3) AS page
         WHERE before <= {PAGE_BYTES} ORDER BY place"
    )
}

fn numbers_of(ids: &[RecipeId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}

fn page_in(rows: &[Row], ids: &[RecipeId], json: Vec<u8>) -> Result<(RecipePage, usize), StoreError> {
    let mut page = RecipePage::after(json);
    let mut looked_up = 0;
    for row in rows {
        let mut columns = Columns::of(row);
        let (place, id, text) = (columns.get::<i64>()?, columns.recipe_id()?, columns.text()?);
        if page.json_len() + text.len() > PAGE_BYTES && !page.is_empty() {
            return Ok((page, looked_up));
        }
        page.push(id, text.as_bytes(), rating_in(&mut columns)?);
        looked_up = usize::try_from(place).unwrap_or(usize::MAX);
    }
    // Without a text behind the end, the remaining recipes do not exist for the viewer.
    let is_full = page.json_len() > PAGE_BYTES;
    Ok((page, if is_full { looked_up } else { ids.len() }))
}

/// `xmin:xmax:` and ascending numbers between them with commas. A client may send anything, and PostgreSQL reports other texts as errors.
fn is_snapshot(text: &str) -> bool {
    let number = |text: &str| {
        let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_decimal.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut parts = text.split(':');
    let (Some(from), Some(to)) = (parts.next().and_then(number), parts.next().and_then(number)) else {
        return false;
    };
    let (Some(running), None) = (parts.next(), parts.next()) else { return false };
    let mut last = from;
    let mut is_next = |text| {
        let is_next = number(text).is_some_and(|number| number >= last && number < to);
        last = number(text).unwrap_or(last);
        is_next
    };
    from > 0 && from <= to && (running.is_empty() || running.split(',').all(&mut is_next))
}

#[cfg(test)]
mod tests {
    use super::is_snapshot;

    #[test]
    fn only_what_postgresql_reads_is_a_snapshot() {
        for text in ["5:5:", "5:9:", "5:9:5", "5:9:6,8", "5:9223372036854775807:"] {
            assert!(is_snapshot(text), "{text}");
        }
        for text in [
            "", "5", "5:9", "5:9:9", "5:9:4", "5:9:8,6", "5:9:6,", "9:5:", "0:5:", "+5:9:", "5:9:6:",
            "5:9: 6",
        ] {
            assert!(!is_snapshot(text), "{text}");
        }
    }
}
