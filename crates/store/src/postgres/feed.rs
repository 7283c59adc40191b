//! The changes of the recipes that one viewer may read, in PostgreSQL's dialect. Positions are those of `changes.rs`.

use ids::RecipeId;

use super::Postgres;
use super::changes::KnownPosition;
use super::columns::Columns;
use super::recipe_state::user_of;
use crate::feed::{FeedAnswer, FeedRequest};
use crate::{FeedChange, StoreError, Viewer};

/// Whether the viewer may read a row of `recipes`.
macro_rules! visible {
    () => {
        "(NOT recipes.private OR recipes.owner_id = $3::bigint OR (recipes.members AND $5) OR $4)"
    };
}

/// One statement, so that its rows and its position are of one snapshot. The first row has the position. `$2` is the id before the page,
/// `$3` the user, `$4` says whether it is an administrator, `$5` whether it has logged in, `$6` is the number of rows. A recipe that the
/// viewer may read is not gone, whatever has happened to it before.
///
/// `MATERIALIZED` makes PostgreSQL begin with the few rows behind the position. Because of the order, it could read all.
const CHANGES: &str = concat!(
    "WITH old AS (SELECT $1::text::pg_snapshot AS snapshot),
     present AS MATERIALIZED (
         SELECT id FROM recipes, old
         WHERE changed_in >= pg_snapshot_xmin(snapshot) AND changed_in < pg_snapshot_xmax(pg_current_snapshot())
           AND NOT pg_visible_in_snapshot(changed_in, snapshot)
           AND id > $2 AND ",
    visible!(),
    "),
     gone AS MATERIALIZED (
         SELECT DISTINCT recipe_id FROM recipe_departures AS departure, old
         WHERE departed_in >= pg_snapshot_xmin(snapshot) AND departed_in < pg_snapshot_xmax(pg_current_snapshot())
           AND NOT pg_visible_in_snapshot(departed_in, snapshot)
           AND recipe_id > $2 AND (audience = 0 OR (audience = 1 AND $5) OR owner_id = $3::bigint OR $4)
           AND NOT EXISTS (SELECT FROM recipes WHERE recipes.id = departure.recipe_id AND ",
    visible!(),
    "))
     SELECT NULL::bigint AS id, NULL::boolean AS is_gone, pg_current_snapshot()::text AS position
     UNION ALL
     (SELECT id, is_gone, NULL FROM (
          SELECT id, false AS is_gone FROM present
          UNION ALL
          SELECT recipe_id, true FROM gone) AS changes
      ORDER BY id LIMIT $6)"
);

impl Postgres {
    pub(crate) async fn feed(&self, since: &str, request: FeedRequest) -> Result<FeedAnswer, StoreError> {
        let KnownPosition { history, snapshot, .. } = self.known_position(Some(since)).await?;
        let Some(since) = &snapshot else { return Ok(None) };
        let FeedRequest { viewer, after, limit } = request;
        let rows = self.read_at_length(move |db| async move {
            let (user, limit) = (user_of(viewer), i64::from(limit));
            let (is_admin, has_account) = (viewer == Viewer::Admin, viewer != Viewer::Anyone);
            db.rows(CHANGES, &[since, &after, &user, &is_admin, &has_account, &limit]).await
        });
        let (mut changes, mut position) = (Vec::new(), String::new());
        for row in &rows.await? {
            let mut columns = Columns::of(row);
            let (id, is_gone) = (columns.get::<Option<i64>>()?, columns.get::<Option<bool>>()?);
            match (id.and_then(RecipeId::from_i64), is_gone) {
                (Some(id), Some(is_gone)) => changes.push(FeedChange { id, is_gone }),
                _ => columns.text()?.clone_into(&mut position),
            }
        }
        Ok(Some((changes, format!("{history}/{position}"))))
    }
}
