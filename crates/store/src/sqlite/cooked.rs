//! When users cooked recipes, in SQLite's dialect.

use ids::{CookedId, RecipeId, UserId};
use rusqlite::params;

use super::favourites::user;
use super::recipe_state::may_view;
use super::{Sqlite, execute, list};
use crate::{Context, Cooked, MAX_COOKED, MAX_COOKED_OF_RECIPE, Noted, StoreError};

impl Sqlite {
    pub async fn add_cooked(&self, new: Cooked, context: Context) -> Result<Noted, StoreError> {
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let Cooked { id, recipe, on, note } = new;
            if !may_view(db, recipe, authority)? {
                return Ok(Noted::NoSuchRecipe);
            }
            let sql = "INSERT INTO cooked (id, user_id, recipe_id, cooked_on, note) SELECT ?1, ?2, ?3, ?4, ?5
                       WHERE (SELECT count(*) FROM cooked WHERE user_id = ?2 AND recipe_id = ?3) < ?6
                         AND (SELECT count(*) FROM cooked WHERE user_id = ?2) < ?7";
            let (user, recipe, on) = (user.get(), recipe.get(), on.to_string());
            let row = params![id.as_bytes(), user, recipe, on, note, MAX_COOKED_OF_RECIPE, MAX_COOKED];
            Ok(if execute(db, sql, row)? == 1 { Noted::Done } else { Noted::TooMany })
        })
        .await
    }

    pub async fn remove_cooked(
        &self,
        recipe: RecipeId,
        id: CookedId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let sql = "DELETE FROM cooked WHERE id = ?1 AND user_id = ?2 AND recipe_id = ?3";
            Ok(execute(db, sql, params![id.as_bytes(), user.get(), recipe.get()])? == 1)
        })
        .await
    }

    pub async fn cooked(&self, user: UserId, recipe: Option<RecipeId>) -> Result<Vec<Cooked>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT id, recipe_id, cooked_on, note FROM cooked
                       WHERE user_id = ?1 AND (?2 IS NULL OR recipe_id = ?2)
                       UNION ALL SELECT id, recipe_id, cooked_on, note FROM binned_cooked WHERE user_id = ?1 AND ?2 IS NULL
                       ORDER BY cooked_on DESC, id DESC";
            list(db, sql, params![user.get(), recipe.map(RecipeId::get)], |columns| {
                let (id, recipe) = (CookedId::from_bytes(columns.get()?), columns.recipe_id()?);
                let on = columns.text()?;
                let on = on.parse().map_err(|_| StoreError::Corrupt(format!("the date {on}")))?;
                Ok(Cooked { id, recipe, on, note: columns.get()? })
            })
        })
        .await
    }
}
