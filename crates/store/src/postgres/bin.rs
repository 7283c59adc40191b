//! The bin of deleted recipes, in PostgreSQL's dialect.

use accounts::Authority;
use jiff::Timestamp;

use super::columns::{Columns, text_in};
use super::connection::Db;
use super::failure::Failure;
use super::ratings;
use super::recipe_state::{editor, find_to_edit, server_fields_in, user_of};
use super::recipes::current;
use super::{Postgres, at, quota, time_at};
use crate::bin::{BinEdit, BinExport, BinKey, BinnedRecipe, EMPTIED, MAX_BINNED};
use crate::ratings::Ratings;
use crate::recipe_commands::visibility_of;
use crate::{Context, Edit, Listing, Page, StoreError, StoredRecipe, Viewer};
use ::recipes::time::to_microseconds;
use ::recipes::{EditTerms, Ownerless, Precondition, Quotas, RecipeState, ServerFields, Usage};
use ids::{RecipeId, UserId};

/// Recipes that an export reads at a time.
const EXPORTED: u16 = 16;

/// What [`binned_in`] reads.
macro_rules! binned_columns {
    () => {
        "id, name, owner_id, private, members, deleted_at, (SELECT users.id FROM users WHERE users.id = deleted_by) AS actor"
    };
}

/// `$1` is the user, `$2` and `$3` are the key of the row before the page, `$4` is the number of rows, `$5` is
/// whether users change communal recipes.
const ALL: &str = concat!(
    "SELECT ",
    binned_columns!(),
    " FROM bin WHERE (deleted_at, id) < ($2, $3) AND $1::bigint IS NULL AND $5::boolean IS NOT NULL
      ORDER BY deleted_at DESC, id DESC LIMIT $4"
);
const CHANGEABLE: &str = concat!(
    "SELECT ",
    binned_columns!(),
    " FROM bin WHERE id IN (
          SELECT id FROM (
              (SELECT id, deleted_at FROM bin WHERE owner_id = $1::bigint AND (deleted_at, id) < ($2, $3)
               ORDER BY deleted_at DESC, id DESC LIMIT $4)
              UNION ALL
              (SELECT id, deleted_at FROM bin
               WHERE owner_id IS NULL AND (NOT private OR members) AND (deleted_at, id) < ($2, $3)
                 AND $1::bigint IS NOT NULL AND $5::boolean
               ORDER BY deleted_at DESC, id DESC LIMIT $4)
              ORDER BY deleted_at DESC, id DESC LIMIT $4) AS page)
      ORDER BY deleted_at DESC, id DESC"
);

impl Postgres {
    pub(crate) async fn bin_recipe(
        &self,
        id: RecipeId,
        terms: EditTerms,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        let now = to_microseconds(context.now);
        let terms = &terms;
        self.write_recipes_for(&context, move |db, authority| async move {
            bin_in(&db, authority, now, id, terms).await
        })
        .await
    }

    pub(crate) async fn bin(
        &self,
        page: Page<BinKey>,
        viewer: Viewer,
        ownerless: Ownerless,
    ) -> Result<Listing<Vec<BinnedRecipe>, BinKey>, StoreError> {
        let sql = if viewer == Viewer::Admin { ALL } else { CHANGEABLE };
        let ((time, id), limit) = (BinKey::before(page), i64::from(page.rows_to_read()));
        let is_for_users = ownerless == Ownerless::Users;
        let rows = self.read(move |db| async move {
            let values = (user_of(viewer), at(time_at(time)));
            db.list(sql, &[&values.0, &values.1, &id, &limit, &is_for_users], binned_in).await
        });
        Ok(page.listing(rows.await?, BinnedRecipe::key))
    }

    pub(crate) async fn bin_of(&self, owner: UserId, after: Option<BinKey>) -> Result<BinExport, StoreError> {
        let page = Page::new(after, EXPORTED).unwrap_or_default();
        let ((time, id), limit) = (BinKey::before(page), i64::from(page.rows_to_read()));
        let sql = concat!(
            "SELECT ",
            binned_columns!(),
            ", revision, updated_at, document FROM bin
             WHERE owner_id = $1 AND (deleted_at, id) < ($2, $3) ORDER BY deleted_at DESC, id DESC LIMIT $4"
        );
        let rows = self.read_at_length(move |db| async move {
            db.list(sql, &[&owner.get(), &at(time_at(time)), &id, &limit], |columns| {
                let binned = binned_in(columns)?;
                let recipe = stored_in(columns, binned.id)?;
                Ok((binned, recipe))
            })
            .await
        });
        Ok(page.listing(rows.await?, |(binned, _)| binned.key()))
    }

    pub(crate) async fn restore_binned(
        &self,
        id: RecipeId,
        ownerless: Ownerless,
        quotas: Quotas,
        context: Context,
    ) -> Result<BinEdit<StoredRecipe>, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let Some((fields, _)) = find_binned(&db, id, authority, ownerless).await? else {
                return Ok(BinEdit::NotFound);
            };
            if db.exists("SELECT 1 FROM recipes WHERE uid = $1", &[&fields.uid.to_string()]).await? {
                return Ok(BinEdit::UidTaken);
            }
            let text = db.find("SELECT document FROM bin WHERE id = $1", &[&id.get()], text_in).await?;
            let text = text.unwrap_or_default();
            if let Some(owner) = fields.owner.filter(|_| !authority.is_admin()) {
                let more = Usage { recipes: 1, bytes: text.len() as u64 };
                quota::check(&db, owner, more, quotas).await?;
            }
            for sql in [
                "INSERT INTO recipes (id, uid, owner_id, private, members, revision, created_at, updated_at, document,
                                      rating_count, rating_sum, rated_at)
                 OVERRIDING SYSTEM VALUE
                 SELECT id, uid, owner_id, private, members, revision, created_at, updated_at, document,
                        (SELECT count(*) FROM ratings WHERE recipe_id = bin.id),
                        (SELECT coalesce(sum(stars), 0) FROM ratings WHERE recipe_id = bin.id),
                        (SELECT max(rated_at) FROM ratings WHERE recipe_id = bin.id)
                 FROM bin WHERE id = $1",
                // It was deleted, and may be deleted again.
                "DELETE FROM recipe_deletions WHERE recipe_id = $1",
                "INSERT INTO favourites (id, user_id, recipe_id, added_at)
                 SELECT id, user_id, recipe_id, added_at FROM binned_favourites WHERE recipe_id = $1",
                "INSERT INTO cooked (id, user_id, recipe_id, cooked_on, note)
                 SELECT id, user_id, recipe_id, cooked_on, note FROM binned_cooked WHERE recipe_id = $1",
                "INSERT INTO recipe_images (id, recipe_id, step, digest, bytes)
                 SELECT id, recipe_id, step, digest, bytes FROM binned_images WHERE recipe_id = $1",
                "INSERT INTO shares (id, recipe_id, digest, created_by, created_at, expires_at)
                 SELECT id, recipe_id, digest, created_by, created_at, expires_at FROM binned_shares WHERE recipe_id = $1",
                "UPDATE plan_entries SET recipe_id = $1
                 WHERE id IN (SELECT id FROM binned_plan_entries WHERE recipe_id = $1)",
                "DELETE FROM bin WHERE id = $1",
            ] {
                db.execute(sql, &[&id.get()]).await?;
            }
            let ServerFields { revision, updated_at, .. } = fields;
            let ratings = ratings::of_recipe(&db, id).await?;
            Ok(BinEdit::Done(StoredRecipe { id, revision, updated_at, text: text.into(), ratings }))
        })
        .await
    }

    pub(crate) async fn delete_binned(
        &self,
        id: RecipeId,
        ownerless: Ownerless,
        context: Context,
    ) -> Result<BinEdit<()>, StoreError> {
        self.write_recipes_for(&context, move |db, authority| async move {
            let Some((_, state)) = find_binned(&db, id, authority, ownerless).await? else {
                return Ok(BinEdit::NotFound);
            };
            if state.owner.is_none() && !authority.is_admin() {
                return Ok(BinEdit::Forbidden);
            }
            db.execute("DELETE FROM bin WHERE id = $1", &[&id.get()]).await?;
            Ok(BinEdit::Done(()))
        })
        .await
    }

    pub(crate) async fn empty_bin(&self, until: Timestamp) -> Result<usize, StoreError> {
        // SERIALIZABLE, so that of two deletions of the same picture's last places one deletes the picture.
        let sql = "DELETE FROM bin WHERE id = ANY (ARRAY (
                       SELECT id FROM bin WHERE deleted_at <= $1 ORDER BY deleted_at LIMIT $2 FOR UPDATE SKIP LOCKED))";
        let gone =
            self.write_recipes(
                move |db| async move { db.execute(sql, &[&at(until), &i64::from(EMPTIED)]).await },
            );
        Ok(usize::try_from(gone.await?).unwrap_or(usize::MAX))
    }
}

/// Moves a recipe into the bin.
pub(super) async fn bin_in(
    db: &Db,
    authority: Authority,
    now: Timestamp,
    id: RecipeId,
    terms: &EditTerms,
) -> Result<Edit<()>, Failure> {
    let Some((fields, state)) = find_to_edit(db, id).await? else { return Ok(Edit::NotFound) };
    if let Err(refusal) = state.check_edit(editor(authority)?, terms, fields.updated_at) {
        return Ok(Edit::refused(refusal, current(db, id).await?));
    }
    let sql = "INSERT INTO bin (id, uid, owner_id, private, members, revision, created_at, updated_at, deleted_at, deleted_by, name,
                                document)
               SELECT id, uid, owner_id, private, members, revision, created_at, updated_at, $2, $3::bigint,
                      coalesce(('{' || document)::json ->> 'name', ''), document
               FROM recipes WHERE id = $1";
    db.execute(sql, &[&id.get(), &at(now), &authority.user().map(UserId::get)]).await?;
    for sql in [
        "INSERT INTO binned_favourites (id, user_id, recipe_id, added_at)
         SELECT id, user_id, recipe_id, added_at FROM favourites WHERE recipe_id = $1",
        "INSERT INTO binned_cooked (id, user_id, recipe_id, cooked_on, note)
         SELECT id, user_id, recipe_id, cooked_on, note FROM cooked WHERE recipe_id = $1",
        // Before the recipe is deleted, and with it the pictures that nothing else refers to.
        "INSERT INTO binned_images (id, recipe_id, step, digest, bytes)
         SELECT id, recipe_id, step, digest, bytes FROM recipe_images WHERE recipe_id = $1",
        "INSERT INTO binned_shares (id, recipe_id, digest, created_by, created_at, expires_at)
         SELECT id, recipe_id, digest, created_by, created_at, expires_at FROM shares WHERE recipe_id = $1",
        "INSERT INTO binned_plan_entries (id, recipe_id)
         SELECT id, recipe_id FROM plan_entries WHERE recipe_id = $1",
        "DELETE FROM recipes WHERE id = $1",
    ] {
        db.execute(sql, &[&id.get()]).await?;
    }
    let Some(owner) = state.owner else { return Ok(Edit::Done(())) };
    let sql = "DELETE FROM bin WHERE id IN (
                   SELECT id FROM bin WHERE owner_id = $1 ORDER BY deleted_at DESC, id DESC OFFSET $2)";
    db.execute(sql, &[&owner.get(), &i64::from(MAX_BINNED)]).await?;
    Ok(Edit::Done(()))
}

/// A recipe in the bin that the actor could change.
async fn find_binned(
    db: &Db,
    id: RecipeId,
    authority: Authority,
    ownerless: Ownerless,
) -> Result<Option<(ServerFields, RecipeState)>, Failure> {
    let sql =
        "SELECT owner_id, private, members, revision, uid, created_at, updated_at FROM bin WHERE id = $1";
    let found = db.find(sql, &[&id.get()], server_fields_in).await?;
    let (editor, terms) = (editor(authority)?, EditTerms { precondition: Precondition::None, ownerless });
    Ok(found.filter(|(fields, state)| state.check_edit(editor, &terms, fields.updated_at).is_ok()))
}

fn binned_in(columns: &mut Columns<'_>) -> Result<BinnedRecipe, StoreError> {
    Ok(BinnedRecipe {
        id: columns.recipe_id()?,
        name: columns.get()?,
        owner: columns.optional_user_id()?,
        visibility: visibility_of(columns.get()?, columns.get()?),
        deleted_at: columns.time()?,
        deleted_by: columns.optional_user_id()?,
    })
}

/// From `revision, updated_at, document`.
fn stored_in(columns: &mut Columns<'_>, id: RecipeId) -> Result<StoredRecipe, StoreError> {
    let (revision, updated_at) = (columns.get()?, columns.time()?);
    let text = columns.text()?.as_bytes().to_owned();
    Ok(StoredRecipe { id, revision, updated_at, text, ratings: Ratings::default() })
}
