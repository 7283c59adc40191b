//! Rows of `recipe_images` and `images`.

use ids::RecipeId;

use super::columns::text_in;
use super::connection::Db;
use super::failure::Failure;
use super::parameters::Parameter;
use crate::StoreError;
use crate::images::{Moves, NewImage, step_of};
use ::recipes::{ContentJson, RecipeImages, ServerFields, StoredImage};

/// The document that replaces the one of a recipe, with the recipe's pictures, and which of them [`apply`] has to move.
pub(super) async fn carried(
    db: &Db,
    id: RecipeId,
    fields: &ServerFields,
    new: ContentJson,
) -> Result<(ContentJson, Moves), Failure> {
    let mut images = images_of(db, id).await?;
    let mut moves = Moves::default();
    if images.iter().any(|image| image.step.is_some())
        && let Some(former) = ContentJson::from_stored(document(db, id).await?, fields)
    {
        moves = Moves::between(&former, &new, &images)?;
        images = moves.applied(&images);
    }
    Ok((new.with_images(&RecipeImages::of(id, &images)), moves))
}

/// Moves the pictures of steps to the steps of the new document.
pub(super) async fn apply(db: &Db, id: RecipeId, moves: &Moves) -> Result<(), Failure> {
    if moves.is_empty() {
        return Ok(());
    }
    for step in &moves.removed {
        let sql = "DELETE FROM recipe_images WHERE recipe_id = $1 AND step = $2";
        db.execute(sql, &[&id.get(), step]).await?;
    }
    // Two pictures may change places.
    for (from, to) in &moves.moved {
        let sql = "UPDATE recipe_images SET step = -$3::integer WHERE recipe_id = $1 AND step = $2";
        db.execute(sql, &[&id.get(), from, to]).await?;
    }
    let sql = "UPDATE recipe_images SET step = -step WHERE recipe_id = $1 AND step < 0";
    db.execute(sql, &[&id.get()]).await.map(drop)
}

pub(super) async fn images_of(db: &Db, id: RecipeId) -> Result<Vec<StoredImage>, Failure> {
    let sql = "SELECT step, images.digest, width, height FROM recipe_images
               JOIN images ON images.digest = recipe_images.digest WHERE recipe_id = $1 ORDER BY step";
    db.list(sql, &[&id.get()], |columns| {
        let step = step_of(columns.get()?);
        let digest = columns.bytes()?;
        let (width, height) = (columns.get::<i32>()?, columns.get::<i32>()?);
        Ok(StoredImage { step, digest, width: width.unsigned_abs(), height: height.unsigned_abs() })
    })
    .await
}

pub(super) async fn insert(db: &Db, image: &NewImage) -> Result<(), Failure> {
    let sql =
        "INSERT INTO images (digest, width, height, small, medium, large) VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (digest) DO NOTHING";
    let NewImage { width, height, small, medium, large, digest } = image;
    let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
    let values: [&dyn Parameter; 6] = [
        &digest.as_slice(),
        &side(*width),
        &side(*height),
        &small.as_slice(),
        &medium.as_slice(),
        &large.as_slice(),
    ];
    db.execute(sql, &values).await.map(drop)
}

pub(super) async fn document(db: &Db, id: RecipeId) -> Result<String, Failure> {
    let text = db.find("SELECT document FROM recipes WHERE id = $1", &[&id.get()], text_in).await?;
    Ok(text.ok_or_else(|| StoreError::Bug("a recipe is gone within a transaction".to_owned()))?)
}
