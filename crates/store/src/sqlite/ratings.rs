//! Ratings, in SQLite's dialect. Triggers keep their sums in the rows of the recipes.

use ::recipes::time::to_microseconds;
use ::recipes::{Rating, Stars};
use ids::{RecipeId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::favourites::user;
use super::recipe_state::may_view;
use super::{Sqlite, execute, find, list};
use crate::ratings::{MAX_RATINGS, Rated, Ratings, UserRating};
use crate::{Context, StoreError};

impl Sqlite {
    pub async fn rate_recipe(
        &self,
        recipe: RecipeId,
        stars: Stars,
        id: [u8; 16],
        context: Context,
    ) -> Result<Rated, StoreError> {
        let now = to_microseconds(context.now).as_microsecond();
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            if !may_view(db, recipe, authority)? {
                return Ok(Rated::NoSuchRecipe);
            }
            let before = rating_of(db, user, recipe)?;
            let (user, recipe, number) = (user.get(), recipe.get(), stars.get());
            if before.is_some() {
                // The same stars again are no change.
                let sql = "UPDATE ratings SET stars = ?3, rated_at = ?4 WHERE user_id = ?1 AND recipe_id = ?2 AND stars <> ?3";
                execute(db, sql, params![user, recipe, number, now])?;
                return Ok(Rated::Done);
            }
            let sql = "INSERT INTO ratings (id, user_id, recipe_id, stars, rated_at) SELECT ?1, ?2, ?3, ?4, ?5
                       WHERE (SELECT count(*) FROM ratings WHERE user_id = ?2) < ?6";
            let added = execute(db, sql, params![id, user, recipe, number, now, MAX_RATINGS])?;
            Ok(if added == 1 { Rated::Done } else { Rated::TooMany })
        })
        .await
    }

    pub async fn remove_rating(&self, recipe: RecipeId, context: Context) -> Result<bool, StoreError> {
        let now = context.now;
        self.write_for(context, move |db, authority| {
            let user = user(authority)?;
            let only = "SELECT id FROM ratings WHERE user_id = ?1 AND recipe_id = ?2";
            let removed = remove(db, only, (user, recipe.get()), now)?;
            Ok(removed == 1 || may_view(db, recipe, authority)?)
        })
        .await
    }

    pub fn rating_of(&self, user: UserId, recipe: RecipeId) -> Result<Option<Stars>, StoreError> {
        self.read(|db| rating_of(db, user, recipe))
    }

    pub async fn ratings(&self, user: UserId) -> Result<Vec<UserRating>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT recipe_id, stars, rated_at FROM ratings WHERE user_id = ?1 ORDER BY recipe_id";
            list(db, sql, [user.get()], |columns| {
                Ok(UserRating {
                    recipe: columns.recipe_id()?,
                    stars: stars_in(columns)?,
                    rated_at: columns.time()?,
                })
            })
        })
        .await
    }
}

fn rating_of(db: &Connection, user: UserId, recipe: RecipeId) -> Result<Option<Stars>, StoreError> {
    let sql = "SELECT stars FROM ratings WHERE user_id = ?1 AND recipe_id = ?2";
    find(db, sql, params![user.get(), recipe.get()], stars_in)
}

/// Removes some ratings of a user before the user is deleted; returns how many.
pub(super) fn remove_some(
    db: &Connection,
    user: UserId,
    limit: u16,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let some = "SELECT id FROM ratings WHERE user_id = ?1 ORDER BY recipe_id LIMIT ?2";
    remove(db, some, (user, limit.into()), now)
}

/// Removes the ratings with the ids that this query selects, of which the parameters are the user and a number.
fn remove(
    db: &Connection,
    ids: &str,
    (user, number): (UserId, i64),
    now: Timestamp,
) -> Result<usize, StoreError> {
    let now = to_microseconds(now).as_microsecond();
    let sql = format!("UPDATE ratings SET rated_at = ?3 WHERE id IN ({ids})");
    execute(db, &sql, params![user.get(), number, now])?;
    execute(db, &format!("DELETE FROM ratings WHERE id IN ({ids})"), params![user.get(), number])
}

fn stars_in(columns: &mut Columns<'_>) -> Result<Stars, StoreError> {
    let number = columns.get()?;
    Stars::new(number).ok_or_else(|| StoreError::Corrupt(format!("{number} stars")))
}

/// The ratings of a recipe that exists.
pub(super) fn of_recipe(db: &Connection, recipe: RecipeId) -> Result<Ratings, StoreError> {
    let sql = "SELECT rating_count, rating_sum, rated_at FROM recipes WHERE id = ?1";
    Ok(find(db, sql, [recipe.get()], ratings_in)?.unwrap_or_default())
}

/// From `rating_count, rating_sum, rated_at`.
pub(super) fn ratings_in(columns: &mut Columns<'_>) -> Result<Ratings, StoreError> {
    Ok(Ratings { rating: rating_in(columns)?, changed_at: columns.optional_time()? })
}

/// From `rating_count, rating_sum`.
pub(super) fn rating_in(columns: &mut Columns<'_>) -> Result<Option<Rating>, StoreError> {
    Ok(Rating::of(columns.get()?, columns.get()?))
}
