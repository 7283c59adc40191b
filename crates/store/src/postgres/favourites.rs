//! Favourites, in PostgreSQL's dialect.

use accounts::Authority;
use ids::{RecipeId, UserId};

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::recipe_state::may_view;
use super::{Postgres, at};
use crate::{Context, Favoured, Favourite, MAX_FAVOURITES, StoreError};
use ::recipes::time::to_microseconds;

impl Postgres {
    pub async fn add_favourite(
        &self,
        recipe: RecipeId,
        id: [u8; 16],
        context: Context,
    ) -> Result<Favoured, StoreError> {
        let now = to_microseconds(context.now);
        self.write_recipes_for(&context, move |db, authority| async move {
            let user = user(authority)?;
            if !may_view(&db, recipe, authority).await? {
                return Ok(Favoured::NoSuchRecipe);
            }
            if is_favourite(&db, user, recipe).await? {
                return Ok(Favoured::Done);
            }
            let sql = "INSERT INTO favourites (id, user_id, recipe_id, added_at) SELECT $1, $2, $3, $4
                       WHERE (SELECT count(*) FROM favourites WHERE user_id = $2) < $5";
            let (key, most) = (id.as_slice(), i64::from(MAX_FAVOURITES));
            let added = db.execute(sql, &[&key, &user.get(), &recipe.get(), &at(now), &most]).await?;
            Ok(if added == 1 { Favoured::Done } else { Favoured::TooMany })
        })
        .await
    }

    pub async fn remove_favourite(&self, recipe: RecipeId, context: Context) -> Result<bool, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let user = user(authority)?;
            let sql = "DELETE FROM favourites WHERE user_id = $1 AND recipe_id = $2";
            let removed = db.execute(sql, &[&user.get(), &recipe.get()]).await? == 1;
            Ok(removed || may_view(&db, recipe, authority).await?)
        })
        .await
    }

    pub async fn is_favourite(&self, user: UserId, recipe: RecipeId) -> Result<bool, StoreError> {
        self.read(move |db| async move { is_favourite(&db, user, recipe).await }).await
    }

    pub async fn favourites(&self, user: UserId) -> Result<Vec<Favourite>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT recipe_id, added_at FROM favourites WHERE user_id = $1
                       UNION ALL SELECT recipe_id, added_at FROM binned_favourites WHERE user_id = $1 ORDER BY recipe_id";
            let read = |columns: &mut Columns<'_>| {
                Ok(Favourite { recipe: columns.recipe_id()?, added_at: columns.time()? })
            };
            db.list(sql, &[&user.get()], read).await
        })
        .await
    }
}

async fn is_favourite(db: &Db, user: UserId, recipe: RecipeId) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM favourites WHERE user_id = $1 AND recipe_id = $2";
    db.exists(sql, &[&user.get(), &recipe.get()]).await
}

/// The user who acts.
pub(super) fn user(authority: Authority) -> Result<UserId, StoreError> {
    authority.user().ok_or(StoreError::ActorRevoked)
}
