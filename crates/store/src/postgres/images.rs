//! The pictures of recipes, in PostgreSQL's dialect.

use accounts::TokenDigest;
use ids::RecipeId;
use jiff::Timestamp;

use super::columns::Columns;
use super::failure::Failure;
use super::image_rows::{document, images_of, insert};
use super::parameters::Parameter;
use super::recipe_state::{editor, find_to_edit, state_in, time_of_change};
use super::recipes::current;
use super::{Postgres, at, authority, quota, revisions};
use crate::images::{ChangeImage, ImageContent, ImageEdit, ImageKey, has_step, step_number, with_images};
use crate::revisions_kept::Replaced;
use crate::{Context, Edit, EditTerms, StoreError, Viewer};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, Image, ServerFields, Usage};

impl Postgres {
    pub(crate) async fn change_image(
        &self,
        command: ChangeImage,
        context: Context,
    ) -> Result<Edit<ImageEdit>, StoreError> {
        let now = to_microseconds(context.now);
        let (command, context) = (&command, &context);
        self.write_recipes_for(context, move |db, authority| async move {
            let ChangeImage { recipe: id, step, image, id: row, terms, quotas, revisions_kept } = command;
            let (id, step) = (*id, *step);
            let Some((fields, state)) = find_to_edit(&db, id).await? else { return Ok(Edit::NotFound) };
            if let Err(refusal) = state.check_edit(editor(authority)?, terms, fields.updated_at) {
                return Ok(Edit::refused(refusal, current(&db, id).await?));
            }
            let text = document(&db, id).await?;
            let length = text.len();
            let written = ContentJson::from_stored(text, &fields).ok_or_else(|| {
                StoreError::Corrupt(format!("the text of recipe {id} does not fit its columns"))
            })?;
            if !has_step(&written, step)? {
                return Ok(Edit::Done(ImageEdit::NoSuchStep));
            }
            let before = images_of(&db, id).await?;
            let former = before.iter().find(|image| image.step == step);
            let stored = image.as_ref().map(|image| image.stored(step));
            if image.is_none() && former.is_none() {
                return Ok(Edit::Done(ImageEdit::NoSuchImage));
            }
            let after: Vec<_> =
                before.iter().filter(|image| image.step != step).chain(&stored).copied().collect();
            let updated_at = time_of_change(fields.updated_at, now);
            let revision = fields.revision.saturating_add(1);
            let fields = ServerFields { revision, updated_at, ..fields };
            let text = with_images(written, id, &after)?.finish(&fields);
            let number = step_number(step)?;
            if let (Some(owner), Some(image), false) = (fields.owner, image, authority.is_admin()) {
                let sql = "SELECT bytes FROM recipe_images WHERE recipe_id = $1 AND step = $2";
                let less = db.number(sql, &[&id.get(), &number]).await?.unsigned_abs() + length as u64;
                let bytes = (image.bytes() + text.len() as u64).saturating_sub(less);
                quota::check(&db, owner, Usage { recipes: 0, bytes }, *quotas).await?;
            }
            let (revision_before, length, by) = (state.revision, text.len(), authority.user());
            let replaced = Replaced { id, revision: revision_before, kept: *revisions_kept, length, by };
            revisions::keep(&db, replaced).await?;
            let sql = "DELETE FROM recipe_images WHERE recipe_id = $1 AND step = $2";
            db.execute(sql, &[&id.get(), &number]).await?;
            if let Some(image) = image {
                insert(&db, image).await?;
                let sql =
                    "INSERT INTO recipe_images (id, recipe_id, step, digest, bytes) VALUES ($1, $2, $3, $4, $5)";
                let bytes = i64::try_from(image.bytes()).unwrap_or(i64::MAX);
                let digest = &image.digest;
                let values: [&dyn Parameter; 5] =
                    [&row.as_slice(), &id.get(), &number, &digest.as_slice(), &bytes];
                match db.execute(sql, &values).await {
                    // Another transaction has just removed the last reference to the same picture.
                    Err(Failure::Store(StoreError::ActorRevoked)) => return Err(Failure::Conflict),
                    inserted => inserted.map(drop)?,
                }
            }
            let sql = "UPDATE recipes SET document = $2, revision = $3, updated_at = $4 WHERE id = $1";
            db.execute(sql, &[&id.get(), &text, &revision, &at(updated_at)]).await?;
            let image = stored.map(|stored| Image::of(id, &stored));
            Ok(Edit::Done(ImageEdit::Done { revision, image }))
        })
        .await
    }

    pub(crate) async fn check_edit(
        &self,
        id: RecipeId,
        terms: &EditTerms,
        context: &Context,
    ) -> Result<Edit<()>, StoreError> {
        self.read(move |db| async move {
            let authority = authority::current(&db, context).await?;
            let Some((fields, state)) = find_to_edit(&db, id).await? else { return Ok(Edit::NotFound) };
            match state.check_edit(editor(authority)?, terms, fields.updated_at) {
                Ok(()) => Ok(Edit::Done(())),
                Err(refusal) => Ok(Edit::refused(refusal, current(&db, id).await?)),
            }
        })
        .await
    }

    pub(crate) async fn image(
        &self,
        ImageKey { recipe, step, size }: ImageKey,
        viewer: Viewer,
    ) -> Result<Option<ImageContent>, StoreError> {
        let step = step_number(step)?;
        // The name of a size is that of its column.
        let sql = &format!(
            "SELECT owner_id, private, members, revision, images.digest, {} FROM recipe_images
             JOIN recipes ON recipes.id = recipe_id JOIN images ON images.digest = recipe_images.digest
             WHERE recipe_id = $1 AND step = $2",
            size.name()
        );
        self.read(move |db| async move {
            let read = |columns: &mut Columns<'_>| {
                if state_in(columns)?.may_view(viewer) { content_in(columns).map(Some) } else { Ok(None) }
            };
            db.find(sql, &[&recipe.get(), &step], read).await.map(Option::flatten)
        })
        .await
    }

    pub(crate) async fn shared_image(
        &self,
        ImageKey { recipe, step, size }: ImageKey,
        token: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<ImageContent>, StoreError> {
        let step = step_number(step)?;
        let sql = &format!(
            "SELECT images.digest, {} FROM shares JOIN users ON users.id = created_by
             JOIN recipe_images ON recipe_images.recipe_id = shares.recipe_id
             JOIN images ON images.digest = recipe_images.digest
             WHERE shares.digest = $1 AND (expires_at IS NULL OR expires_at > $2) AND NOT disabled
               AND shares.recipe_id = $3 AND step = $4",
            size.name()
        );
        self.read(move |db| async move {
            let values: [&dyn Parameter; 4] = [&token.as_bytes().as_slice(), &at(now), &recipe.get(), &step];
            db.find(sql, &values, content_in).await
        })
        .await
    }
}

fn content_in(columns: &mut Columns<'_>) -> Result<ImageContent, StoreError> {
    Ok(ImageContent { digest: columns.bytes()?, jpeg: columns.get()? })
}
