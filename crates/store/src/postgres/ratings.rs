//! Ratings, in PostgreSQL's dialect. Triggers keep their sums in the rows of the recipes.

use ::recipes::time::to_microseconds;
use ::recipes::{Rating, Stars};
use ids::{RecipeId, UserId};
use jiff::Timestamp;

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::favourites::user;
use super::recipe_state::may_view;
use super::{Postgres, at};
use crate::ratings::{MAX_RATINGS, Rated, Ratings, UserRating};
use crate::{Context, StoreError};

impl Postgres {
    pub async fn rate_recipe(
        &self,
        recipe: RecipeId,
        stars: Stars,
        id: [u8; 16],
        context: Context,
    ) -> Result<Rated, StoreError> {
        let now = at(to_microseconds(context.now));
        self.write_recipes_for(&context, move |db, authority| async move {
            let user = user(authority)?;
            if !may_view(&db, recipe, authority).await? {
                return Ok(Rated::NoSuchRecipe);
            }
            let before = rating_of(&db, user, recipe).await?;
            let (user, recipe, number) = (user.get(), recipe.get(), i64::from(stars.get()));
            if before.is_some() {
                // The same stars again are no change.
                let sql = "UPDATE ratings SET stars = $3, rated_at = $4 WHERE user_id = $1 AND recipe_id = $2 AND stars <> $3";
                db.execute(sql, &[&user, &recipe, &number, &now]).await?;
                return Ok(Rated::Done);
            }
            let sql = "INSERT INTO ratings (id, user_id, recipe_id, stars, rated_at) SELECT $1, $2, $3, $4, $5
                       WHERE (SELECT count(*) FROM ratings WHERE user_id = $2) < $6";
            let (key, most) = (id.as_slice(), i64::from(MAX_RATINGS));
            let added = db.execute(sql, &[&key, &user, &recipe, &number, &now, &most]).await?;
            Ok(if added == 1 { Rated::Done } else { Rated::TooMany })
        })
        .await
    }

    pub async fn remove_rating(&self, recipe: RecipeId, context: Context) -> Result<bool, StoreError> {
        let now = context.now;
        self.write_recipes_for(&context, move |db, authority| async move {
            let user = user(authority)?;
            let only = "SELECT id FROM ratings WHERE user_id = $1 AND recipe_id = $2";
            let removed = remove(&db, only, (user, recipe.get()), now).await?;
            Ok(removed == 1 || may_view(&db, recipe, authority).await?)
        })
        .await
    }

    pub async fn rating_of(&self, user: UserId, recipe: RecipeId) -> Result<Option<Stars>, StoreError> {
        self.read(move |db| async move { rating_of(&db, user, recipe).await }).await
    }

    pub async fn ratings(&self, user: UserId) -> Result<Vec<UserRating>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT recipe_id, stars, rated_at FROM ratings WHERE user_id = $1 ORDER BY recipe_id";
            let read = |columns: &mut Columns<'_>| {
                Ok(UserRating {
                    recipe: columns.recipe_id()?,
                    stars: stars_in(columns)?,
                    rated_at: columns.time()?,
                })
            };
            db.list(sql, &[&user.get()], read).await
        })
        .await
    }
}

async fn rating_of(db: &Db, user: UserId, recipe: RecipeId) -> Result<Option<Stars>, Failure> {
    let sql = "SELECT stars FROM ratings WHERE user_id = $1 AND recipe_id = $2";
    db.find(sql, &[&user.get(), &recipe.get()], stars_in).await
}

/// Removes some ratings of a user before the user is deleted; returns how many.
pub(super) async fn remove_some(db: &Db, user: UserId, limit: i64, now: Timestamp) -> Result<u64, Failure> {
    let some = "SELECT id FROM ratings WHERE user_id = $1 ORDER BY recipe_id LIMIT $2";
    remove(db, some, (user, limit), now).await
}

/// Removes the ratings with the ids that this query selects, of which the parameters are the user and a number.
async fn remove(db: &Db, ids: &str, (user, number): (UserId, i64), now: Timestamp) -> Result<u64, Failure> {
    let now = at(to_microseconds(now));
    let sql = format!("UPDATE ratings SET rated_at = $3 WHERE id IN ({ids})");
    db.execute(&sql, &[&user.get(), &number, &now]).await?;
    db.execute(&format!("DELETE FROM ratings WHERE id IN ({ids})"), &[&user.get(), &number]).await
}

fn stars_in(columns: &mut Columns<'_>) -> Result<Stars, StoreError> {
    let number = columns.get()?;
    Stars::new(number).ok_or_else(|| StoreError::Corrupt(format!("{number} stars")))
}

/// The ratings of a recipe that exists.
pub(super) async fn of_recipe(db: &Db, recipe: RecipeId) -> Result<Ratings, Failure> {
    let sql = "SELECT rating_count, rating_sum, rated_at FROM recipes WHERE id = $1";
    Ok(db.find(sql, &[&recipe.get()], ratings_in).await?.unwrap_or_default())
}

/// From `rating_count, rating_sum, rated_at`.
pub(super) fn ratings_in(columns: &mut Columns<'_>) -> Result<Ratings, StoreError> {
    Ok(Ratings { rating: rating_in(columns)?, changed_at: columns.optional_time()? })
}

/// From `rating_count, rating_sum`.
pub(super) fn rating_in(columns: &mut Columns<'_>) -> Result<Option<Rating>, StoreError> {
    Ok(Rating::of(columns.get()?, columns.get()?))
}
