//! The changes of the recipes that one viewer may read, in SQLite's dialect.

use rusqlite::params;

use super::changes::Position;
use super::columns::Columns;
use super::recipe_state::viewer_params;
use super::{Sqlite, list};
use crate::feed::{FeedAnswer, FeedRequest};
use crate::{FeedChange, StoreError, Viewer};

/// Whether the viewer may read a row of `recipes`.
macro_rules! visible {
    () => {
        "(recipes.private = 0 OR recipes.owner_id = ?4 OR (recipes.members = 1 AND ?6) OR ?5)"
    };
}

/// `?1` and `?2` are the position, `?3` is the id before the page, `?4` the user, `?5` says whether it is an administrator, `?6` whether
/// it has logged in, `?7` is the number of rows. A recipe that the viewer may read is not gone, whatever has happened to it before.
///
/// `CROSS JOIN`, `+` and `INDEXED BY` make SQLite begin with the few rows behind the position. Because of the order, it would read all.
const CHANGES: &str = concat!(
    "SELECT id, 0 AS is_gone FROM recipes WHERE id > max(?1, ?3) AND ",
    visible!(),
    " UNION
     SELECT recipes.id, 0 FROM recipe_changes CROSS JOIN recipes ON recipes.id = recipe_id
     WHERE position > ?2 AND +recipe_id > ?3 AND ",
    visible!(),
    " UNION
     SELECT recipe_id, 1 FROM recipe_departures AS departure INDEXED BY recipe_departures_by_position
     WHERE position > ?2 AND recipe_id > ?3 AND (audience = 0 OR (audience = 1 AND ?6) OR owner_id = ?4 OR ?5)
       AND NOT EXISTS (SELECT 1 FROM recipes WHERE recipes.id = departure.recipe_id AND ",
    visible!(),
    ") ORDER BY 1 LIMIT ?7"
);

impl Sqlite {
    /// On the blocking pool: a program that follows may have been away for long.
    pub(crate) async fn feed(&self, since: &str, request: FeedRequest) -> Result<FeedAnswer, StoreError> {
        let Some(since) = Position::parse(since) else { return Ok(None) };
        let FeedRequest { viewer, after, limit } = request;
        self.read_at_length(move |db| {
            let now = Position::current(db)?;
            if !since.is_before(&now) {
                return Ok(None);
            }
            let ((user, admin), has_account) = (viewer_params(viewer), viewer != Viewer::Anyone);
            let values = params![since.id, since.noted, after, user, admin, has_account, limit];
            let changes = list(db, CHANGES, values, change_in)?;
            Ok(Some((changes, now.to_text())))
        })
        .await
    }
}

fn change_in(columns: &mut Columns<'_>) -> Result<FeedChange, StoreError> {
    Ok(FeedChange { id: columns.recipe_id()?, is_gone: columns.get()? })
}
