//! When users cooked recipes, in PostgreSQL's dialect.

use ids::{CookedId, RecipeId, UserId};

use super::Postgres;
use super::columns::Columns;
use super::favourites::user;
use super::recipe_state::may_view;
use crate::{Context, Cooked, MAX_COOKED, MAX_COOKED_OF_RECIPE, Noted, StoreError};

impl Postgres {
    pub async fn add_cooked(&self, new: Cooked, context: Context) -> Result<Noted, StoreError> {
        let new = &new;
        self.write_recipes_for(&context, move |db, authority| async move {
            let user = user(authority)?;
            let Cooked { id, recipe, on, note } = new;
            if !may_view(&db, *recipe, authority).await? {
                return Ok(Noted::NoSuchRecipe);
            }
            let sql = "INSERT INTO cooked (id, user_id, recipe_id, cooked_on, note) SELECT $1, $2, $3, $4, $5
                       WHERE (SELECT count(*) FROM cooked WHERE user_id = $2 AND recipe_id = $3) < $6
                         AND (SELECT count(*) FROM cooked WHERE user_id = $2) < $7";
            let (key, on) = (id.as_bytes().as_slice(), on.to_string());
            let (of_recipe, in_all) = (i64::from(MAX_COOKED_OF_RECIPE), i64::from(MAX_COOKED));
            let added = db
                .execute(sql, &[&key, &user.get(), &recipe.get(), &on.as_str(), note, &of_recipe, &in_all])
                .await?;
            Ok(if added == 1 { Noted::Done } else { Noted::TooMany })
        })
        .await
    }

    pub async fn remove_cooked(
        &self,
        recipe: RecipeId,
        id: CookedId,
        context: Context,
    ) -> Result<bool, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let user = user(authority)?;
            let sql = "DELETE FROM cooked WHERE id = $1 AND user_id = $2 AND recipe_id = $3";
            Ok(db.execute(sql, &[&id.as_bytes().as_slice(), &user.get(), &recipe.get()]).await? == 1)
        })
        .await
    }

    pub async fn cooked(&self, user: UserId, recipe: Option<RecipeId>) -> Result<Vec<Cooked>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT id, recipe_id, cooked_on, note FROM cooked
                       WHERE user_id = $1 AND (recipe_id = $2 OR $2 IS NULL)
                       UNION ALL SELECT id, recipe_id, cooked_on, note FROM binned_cooked WHERE user_id = $1 AND $2 IS NULL
                       ORDER BY cooked_on DESC, id DESC";
            db.list(sql, &[&user.get(), &recipe.map(RecipeId::get)], cooked_in).await
        })
        .await
    }
}

fn cooked_in(columns: &mut Columns<'_>) -> Result<Cooked, StoreError> {
    let (id, recipe) = (CookedId::from_bytes(columns.bytes()?), columns.recipe_id()?);
    let on = columns.text()?;
    let on = on.parse().map_err(|_| StoreError::Corrupt(format!("the date {on}")))?;
    Ok(Cooked { id, recipe, on, note: columns.get()? })
}
