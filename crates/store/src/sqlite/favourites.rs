//! Favourites, in SQLite's dialect.

use accounts::Authority;
use ids::{RecipeId, UserId};
use rusqlite::{Connection, params};

use super::recipe_state::may_view;
use super::{Sqlite, cached, execute, list};
use crate::{Context, Favoured, Favourite, MAX_FAVOURITES, StoreError};
use ::recipes::time::to_microseconds;

impl Sqlite {
    pub async fn add_favourite(
        &self,
        recipe: RecipeId,
        id: [u8; 16],
        context: Context,
    ) -> Result<Favoured, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            if !may_view(db, recipe, authority)? {
                return Ok(Favoured::NoSuchRecipe);
            }
            if is_favourite(db, user, recipe)? {
                return Ok(Favoured::Done);
            }
            let sql = "INSERT INTO favourites (id, user_id, recipe_id, added_at) SELECT ?1, ?2, ?3, ?4
                       WHERE (SELECT count(*) FROM favourites WHERE user_id = ?2) < ?5";
            let row = params![id, user.get(), recipe.get(), now.as_microsecond(), MAX_FAVOURITES];
            Ok(if execute(db, sql, row)? == 1 { Favoured::Done } else { Favoured::TooMany })
        })
        .await
    }

    pub async fn remove_favourite(&self, recipe: RecipeId, context: Context) -> Result<bool, StoreError> {
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let sql = "DELETE FROM favourites WHERE user_id = ?1 AND recipe_id = ?2";
            Ok(execute(db, sql, params![user.get(), recipe.get()])? == 1 || may_view(db, recipe, authority)?)
        })
        .await
    }

    pub fn is_favourite(&self, user: UserId, recipe: RecipeId) -> Result<bool, StoreError> {
        self.read(|db| is_favourite(db, user, recipe))
    }

    pub async fn favourites(&self, user: UserId) -> Result<Vec<Favourite>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT recipe_id, added_at FROM favourites WHERE user_id = ?1
                       UNION ALL SELECT recipe_id, added_at FROM binned_favourites WHERE user_id = ?1 ORDER BY recipe_id";
            list(db, sql, [user.get()], |columns| {
                Ok(Favourite { recipe: columns.recipe_id()?, added_at: columns.time()? })
            })
        })
        .await
    }
}

fn is_favourite(db: &Connection, user: UserId, recipe: RecipeId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM favourites WHERE user_id = ?1 AND recipe_id = ?2";
    Ok(cached(db, sql)?.exists(params![user.get(), recipe.get()])?)
}

/// The user who acts.
pub(super) fn user(authority: Authority) -> Result<UserId, StoreError> {
    authority.user().ok_or(StoreError::ActorRevoked)
}
