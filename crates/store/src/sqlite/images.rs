//! The pictures of recipes, in SQLite's dialect.

use accounts::TokenDigest;
use ids::RecipeId;
use jiff::Timestamp;
use rusqlite::params;

use super::columns::Columns;
use super::image_rows::{document, images_of, insert};
use super::recipe_state::{editor, find_to_edit, state_in, time_of_change};
use super::recipes::current;
use super::{Sqlite, authority, execute, find, find_value, quota, revisions};
use crate::images::{ChangeImage, ImageContent, ImageEdit, ImageKey, has_step, step_number, with_images};
use crate::revisions_kept::Replaced;
use crate::{Context, Edit, EditTerms, StoreError, Viewer};
use ::recipes::time::to_microseconds;
use ::recipes::{ContentJson, Image, ServerFields, Usage};

impl Sqlite {
    pub(crate) async fn change_image(
        &self,
        command: ChangeImage,
        context: Context,
    ) -> Result<Edit<ImageEdit>, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| {
            let ChangeImage { recipe: id, step, image, id: row, terms, quotas, revisions_kept } = command;
            let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
            if let Err(refusal) = state.check_edit(editor(authority)?, &terms, fields.updated_at) {
                return Ok(Edit::refused(refusal, current(db, id)?));
            }
            let text = document(db, id)?;
            let length = text.len();
            let written = ContentJson::from_stored(text, &fields).ok_or_else(|| {
                StoreError::Corrupt(format!("the text of recipe {id} does not fit its columns"))
            })?;
            if !has_step(&written, step)? {
                return Ok(Edit::Done(ImageEdit::NoSuchStep));
            }
            let before = images_of(db, id)?;
            let former = before.iter().find(|image| image.step == step);
            let stored = image.as_ref().map(|image| image.stored(step));
            if image.is_none() && former.is_none() {
                return Ok(Edit::Done(ImageEdit::NoSuchImage));
            }
            let after: Vec<_> = before.iter().filter(|image| image.step != step).chain(&stored).copied().collect();
            let updated_at = time_of_change(fields.updated_at, now);
            let revision = fields.revision.saturating_add(1);
            let text =
                with_images(written, id, &after)?.finish(&ServerFields { revision, updated_at, ..fields });
            if let (Some(owner), Some(image), false) = (fields.owner, &image, authority.is_admin()) {
                let sql = "SELECT bytes FROM recipe_images WHERE recipe_id = ?1 AND step = ?2";
                let less: Option<i64> = find_value(db, sql, params![id.get(), step_number(step)?])?;
                let less = less.unwrap_or(0).unsigned_abs() + length as u64;
                let bytes = (image.bytes() + text.len() as u64).saturating_sub(less);
                quota::check(db, owner, Usage { recipes: 0, bytes }, quotas)?;
            }
            let (revision_before, length, by) = (state.revision, text.len(), authority.user());
            let replaced = Replaced { id, revision: revision_before, kept: revisions_kept, length, by };
            revisions::keep(db, replaced)?;
            let sql = "DELETE FROM recipe_images WHERE recipe_id = ?1 AND step = ?2";
            execute(db, sql, params![id.get(), step_number(step)?])?;
            if let Some(image) = &image {
                insert(db, image)?;
                let sql =
                    "INSERT INTO recipe_images (id, recipe_id, step, digest, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";
                let bytes = i64::try_from(image.bytes()).unwrap_or(i64::MAX);
                execute(db, sql, params![row, id.get(), step_number(step)?, image.digest, bytes])?;
            }
            execute(
                db,
                "UPDATE recipes SET document = ?2, revision = ?3, updated_at = ?4 WHERE id = ?1",
                params![id.get(), text, revision, updated_at.as_microsecond()],
            )?;
            let image = stored.map(|stored| Image::of(id, &stored));
            Ok(Edit::Done(ImageEdit::Done { revision, image }))
        })
        .await
    }

    pub(crate) fn check_edit(
        &self,
        id: RecipeId,
        terms: &EditTerms,
        context: &Context,
    ) -> Result<Edit<()>, StoreError> {
        self.read(|db| {
            let authority = authority::current(db, context)?;
            let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
            match state.check_edit(editor(authority)?, terms, fields.updated_at) {
                Ok(()) => Ok(Edit::Done(())),
                Err(refusal) => Ok(Edit::refused(refusal, current(db, id)?)),
            }
        })
    }

    pub(crate) async fn image(
        &self,
        ImageKey { recipe, step, size }: ImageKey,
        viewer: Viewer,
    ) -> Result<Option<ImageContent>, StoreError> {
        let step = step_number(step)?;
        self.read_at_length(move |db| {
            // The name of a size is that of its column.
            let sql = format!(
                "SELECT owner_id, private, members, revision, images.digest, {} FROM recipe_images
                 JOIN recipes ON recipes.id = recipe_id JOIN images ON images.digest = recipe_images.digest
                 WHERE recipe_id = ?1 AND step = ?2",
                size.name()
            );
            let found = find(db, &sql, params![recipe.get(), step], |columns| {
                if state_in(columns)?.may_view(viewer) { content_in(columns).map(Some) } else { Ok(None) }
            });
            found.map(Option::flatten)
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
        self.read_at_length(move |db| {
            let sql = format!(
                "SELECT images.digest, {} FROM shares JOIN users ON users.id = created_by
                 JOIN recipe_images ON recipe_images.recipe_id = shares.recipe_id
                 JOIN images ON images.digest = recipe_images.digest
                 WHERE shares.digest = ?1 AND (expires_at IS NULL OR expires_at > ?2) AND disabled = 0
                   AND shares.recipe_id = ?3 AND step = ?4",
                size.name()
            );
            let values = params![token.as_bytes(), now.as_microsecond(), recipe.get(), step];
            find(db, &sql, values, content_in)
        })
        .await
    }
}

fn content_in(columns: &mut Columns<'_>) -> Result<ImageContent, StoreError> {
    Ok(ImageContent { digest: columns.get()?, jpeg: columns.get()? })
}
