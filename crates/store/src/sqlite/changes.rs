//! The changes of recipes, in SQLite's dialect.

use ids::RecipeId;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::ratings::rating_in;
use super::recipe_state::viewer_params;
use super::recipes::PAGE_BYTES;
use super::{Sqlite, cached, find_value};
use crate::{RecipeChanges, RecipePage, StoreError, Viewer};

/// The name of the history, the highest id and the highest noted position.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Position {
    history: String,
    pub(super) id: i64,
    pub(super) noted: i64,
}

impl Sqlite {
    pub fn recipe_changes(&self, after: Option<&str>) -> Result<RecipeChanges, StoreError> {
        self.read(|db| {
            let now = Position::current(db)?;
            let after = after.and_then(Position::parse).filter(|after| after.is_before(&now));
            let ids = after.map(|after| changed_since(db, &after)).transpose()?;
            Ok(RecipeChanges { ids, position: now.to_text() })
        })
    }

    pub fn recipes_by_id(
        &self,
        ids: &[RecipeId],
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<(RecipePage, usize), StoreError> {
        self.read(|db| page_by_id(db, ids, viewer, json))
    }
}

/// See [`Store::recipes_by_id`](crate::Store::recipes_by_id).
pub(super) fn page_by_id(
    db: &Connection,
    ids: &[RecipeId],
    viewer: Viewer,
    json: Vec<u8>,
) -> Result<(RecipePage, usize), StoreError> {
    let (user, admin) = viewer_params(viewer);
    let sql = "SELECT id, document, rating_count, rating_sum FROM recipes
               WHERE id = ?1 AND (private = 0 OR owner_id = ?2 OR (members = 1 AND ?2 IS NOT NULL) OR ?3)";
    let mut statement = cached(db, sql)?;
    let mut page = RecipePage::after(json);
    for (looked_up, id) in ids.iter().enumerate() {
        let mut rows = statement.query(params![id.get(), user, admin])?;
        let Some(row) = rows.next()? else { continue };
        let mut columns = Columns::of(row);
        let (id, text) = (columns.recipe_id()?, columns.bytes_of_text()?);
        if page.json_len() + text.len() > PAGE_BYTES && !page.is_empty() {
            return Ok((page, looked_up));
        }
        page.push(id, text, rating_in(&mut columns)?);
    }
    Ok((page, ids.len()))
}

fn changed_since(db: &Connection, after: &Position) -> Result<Vec<RecipeId>, StoreError> {
    let sql = "SELECT id FROM recipes WHERE id > ?1
               UNION
               SELECT recipe_id FROM recipe_changes WHERE position > ?2";
    let mut statement = cached(db, sql)?;
    let mut rows = statement.query(params![after.id, after.noted])?;
    let mut ids = Vec::new();
    while let Some(row) = rows.next()? {
        ids.push(Columns::of(row).recipe_id()?);
    }
    Ok(ids)
}

impl Position {
    pub(super) fn current(db: &Connection) -> Result<Self, StoreError> {
        let number = |sql| Ok::<i64, StoreError>(find_value(db, sql, [])?.unwrap_or(0));
        let history = find_value(db, "SELECT name FROM recipe_history", [])?;
        Ok(Self {
            history: history.unwrap_or_default(),
            // Of a deleted recipe, too: its id is not given out again.
            id: number("SELECT seq FROM sqlite_sequence WHERE name = 'recipes'")?,
            noted: number("SELECT seq FROM sqlite_sequence WHERE name = 'recipe_changes'")?,
        })
    }

    pub(super) fn is_before(&self, now: &Self) -> bool {
        self.history == now.history && self.id <= now.id && self.noted <= now.noted
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (history, id, noted) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { history: history.to_owned(), id: id.parse().ok()?, noted: noted.parse().ok()? })
    }

    pub(super) fn to_text(&self) -> String {
        format!("{}-{}-{}", self.history, self.id, self.noted)
    }
}
