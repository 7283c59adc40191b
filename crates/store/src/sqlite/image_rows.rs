//! Rows of `recipe_images` and `images`.

use ids::RecipeId;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::{execute, find_value, list};
use crate::StoreError;
use crate::images::{Moves, NewImage, step_of};
use ::recipes::{ContentJson, RecipeImages, ServerFields, StoredImage};

/// The document that replaces the one of a recipe, with the recipe's pictures, and which of them [`apply`] has to move.
pub(super) fn carried(
    db: &Connection,
    id: RecipeId,
    fields: &ServerFields,
    new: ContentJson,
) -> Result<(ContentJson, Moves), StoreError> {
    let mut images = images_of(db, id)?;
    let mut moves = Moves::default();
    if images.iter().any(|image| image.step.is_some())
        && let Some(former) = ContentJson::from_stored(document(db, id)?, fields)
    {
        moves = Moves::between(&former, &new, &images)?;
        images = moves.applied(&images);
    }
    Ok((new.with_images(&RecipeImages::of(id, &images)), moves))
}

/// Moves the pictures of steps to the steps of the new document.
pub(super) fn apply(db: &Connection, id: RecipeId, moves: &Moves) -> Result<(), StoreError> {
    if moves.is_empty() {
        return Ok(());
    }
    for step in &moves.removed {
        let sql = "DELETE FROM recipe_images WHERE recipe_id = ?1 AND step = ?2";
        execute(db, sql, params![id.get(), step])?;
    }
    // Two pictures may change places.
    for (from, to) in &moves.moved {
        let sql = "UPDATE recipe_images SET step = -?3 WHERE recipe_id = ?1 AND step = ?2";
        execute(db, sql, params![id.get(), from, to])?;
    }
    let sql = "UPDATE recipe_images SET step = -step WHERE recipe_id = ?1 AND step < 0";
    execute(db, sql, [id.get()]).map(drop)
}

pub(super) fn images_of(db: &Connection, id: RecipeId) -> Result<Vec<StoredImage>, StoreError> {
    let sql = "SELECT step, images.digest, width, height FROM recipe_images
               JOIN images ON images.digest = recipe_images.digest WHERE recipe_id = ?1 ORDER BY step";
    list(db, sql, [id.get()], |columns: &mut Columns<'_>| {
        Ok(StoredImage {
            step: step_of(columns.get()?),
            digest: columns.get()?,
            width: columns.get()?,
            height: columns.get()?,
        })
    })
}

pub(super) fn insert(db: &Connection, image: &NewImage) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO images (digest, width, height, small, medium, large) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (digest) DO NOTHING";
    let NewImage { width, height, small, medium, large, digest } = image;
    execute(db, sql, params![digest, width, height, small, medium, large]).map(drop)
}

pub(super) fn document(db: &Connection, id: RecipeId) -> Result<String, StoreError> {
    let text = find_value(db, "SELECT document FROM recipes WHERE id = ?1", [id.get()])?;
    text.ok_or_else(|| StoreError::Bug("a recipe is gone within a transaction".to_owned()))
}
