//! The bin of deleted recipes, in SQLite's dialect.

use accounts::Authority;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::ratings;
use super::recipe_state::{editor, find_to_edit, server_fields_in, viewer_params};
use super::recipes::current;
use super::{Sqlite, cached, execute, find, find_value, list, quota};
use crate::bin::{BinEdit, BinExport, BinKey, BinnedRecipe, EMPTIED, MAX_BINNED};
use crate::ratings::Ratings;
use crate::recipe_commands::visibility_of;
use crate::{Context, Edit, Listing, Page, StoreError, StoredRecipe, Viewer};
use ::recipes::time::to_microseconds;
use ::recipes::{EditTerms, Ownerless, Precondition, Quotas, RecipeState, ServerFields};
use ids::{RecipeId, UserId};

/// Recipes that an export reads at a time.
const EXPORTED: u16 = 16;

/// What [`binned_in`] reads.
macro_rules! binned_columns {
    () => {
        "id, name, owner_id, private, members, deleted_at, (SELECT users.id FROM users WHERE users.id = deleted_by) AS actor"
    };
}

impl Sqlite {
    pub(crate) async fn bin_recipe(
        &self,
        id: RecipeId,
        terms: EditTerms,
        context: Context,
    ) -> Result<Edit<()>, StoreError> {
        let now = to_microseconds(context.now);
        self.write_for(context, move |db, authority| bin_in(db, authority, now, id, &terms)).await
    }

    pub(crate) fn bin(
        &self,
        page: Page<BinKey>,
        viewer: Viewer,
        ownerless: Ownerless,
    ) -> Result<Listing<Vec<BinnedRecipe>, BinKey>, StoreError> {
        self.read(|db| {
            let (user, is_admin) = viewer_params(viewer);
            let sql = if is_admin {
                concat!(
                    "SELECT ",
                    binned_columns!(),
                    " FROM bin WHERE (deleted_at, id) < (?2, ?3) AND ?1 IS NULL AND ?5 IS NOT NULL
                     ORDER BY deleted_at DESC, id DESC LIMIT ?4"
                )
            } else {
                concat!(
                    "SELECT ",
                    binned_columns!(),
                    " FROM bin WHERE id IN (
                          SELECT id FROM (
                              SELECT id, deleted_at FROM bin WHERE owner_id = ?1 AND (deleted_at, id) < (?2, ?3)
                              UNION ALL
                              SELECT id, deleted_at FROM bin
                              WHERE owner_id IS NULL AND (private = 0 OR members = 1) AND (deleted_at, id) < (?2, ?3)
                                AND ?1 IS NOT NULL AND ?5
                              ORDER BY deleted_at DESC, id DESC LIMIT ?4))
                      ORDER BY deleted_at DESC, id DESC"
                )
            };
            let (at, id) = BinKey::before(page);
            let values = params![user, at, id, page.rows_to_read(), ownerless == Ownerless::Users];
            Ok(page.listing(list(db, sql, values, binned_in)?, BinnedRecipe::key))
        })
    }

    pub(crate) async fn bin_of(&self, owner: UserId, after: Option<BinKey>) -> Result<BinExport, StoreError> {
        self.read_at_length(move |db| {
            let page = Page::new(after, EXPORTED).unwrap_or_default();
            let sql = concat!(
                "SELECT ",
                binned_columns!(),
                ", revision, updated_at, document FROM bin
                 WHERE owner_id = ?1 AND (deleted_at, id) < (?2, ?3) ORDER BY deleted_at DESC, id DESC LIMIT ?4"
            );
            let (at, id) = BinKey::before(page);
            let rows = list(db, sql, params![owner.get(), at, id, page.rows_to_read()], |columns| {
                let binned = binned_in(columns)?;
                let recipe = stored_in(columns, binned.id)?;
                Ok((binned, recipe))
            })?;
            Ok(page.listing(rows, |(binned, _)| binned.key()))
        })
        .await
    }

    pub(crate) async fn restore_binned(
        &self,
        id: RecipeId,
        ownerless: Ownerless,
        quotas: Quotas,
        context: Context,
    ) -> Result<BinEdit<StoredRecipe>, StoreError> {
        self.write_for(context, move |db, authority| {
            let Some((fields, _)) = find_binned(db, id, authority, ownerless)? else { return Ok(BinEdit::NotFound) };
            let taken = "SELECT 1 FROM recipes WHERE uid = ?1";
            if cached(db, taken)?.exists([fields.uid.to_string()])? {
                return Ok(BinEdit::UidTaken);
            }
            let text: Option<String> = find_value(db, "SELECT document FROM bin WHERE id = ?1", [id.get()])?;
            let text = text.unwrap_or_default();
            let quotas = if authority.is_admin() { Quotas::OFF } else { quotas };
            quota::count_new(db, fields.owner, &text, quotas)?;
            for sql in [
                "INSERT INTO recipes (id, uid, owner_id, private, members, revision, created_at, updated_at, document,
                                      rating_count, rating_sum, rated_at)
                 SELECT id, uid, owner_id, private, members, revision, created_at, updated_at, document,
                        (SELECT count(*) FROM ratings WHERE recipe_id = bin.id),
                        (SELECT coalesce(sum(stars), 0) FROM ratings WHERE recipe_id = bin.id),
                        (SELECT max(rated_at) FROM ratings WHERE recipe_id = bin.id)
                 FROM bin WHERE id = ?1",
                // New recipes are noticed by their ids, which are higher than all before them.
                "INSERT OR REPLACE INTO recipe_changes (recipe_id) VALUES (?1)",
                "INSERT INTO favourites (id, user_id, recipe_id, added_at)
                 SELECT id, user_id, recipe_id, added_at FROM binned_favourites WHERE recipe_id = ?1",
                "INSERT INTO cooked (id, user_id, recipe_id, cooked_on, note)
                 SELECT id, user_id, recipe_id, cooked_on, note FROM binned_cooked WHERE recipe_id = ?1",
                "INSERT INTO recipe_images (id, recipe_id, step, digest, bytes)
                 SELECT id, recipe_id, step, digest, bytes FROM binned_images WHERE recipe_id = ?1",
                "INSERT INTO shares (id, recipe_id, digest, created_by, created_at, expires_at)
                 SELECT id, recipe_id, digest, created_by, created_at, expires_at FROM binned_shares WHERE recipe_id = ?1",
                "UPDATE plan_entries SET recipe_id = ?1
                 WHERE id IN (SELECT id FROM binned_plan_entries WHERE recipe_id = ?1)",
                "DELETE FROM bin WHERE id = ?1",
            ] {
                execute(db, sql, [id.get()])?;
            }
            let ServerFields { revision, updated_at, .. } = fields;
            let ratings = ratings::of_recipe(db, id)?;
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
        self.write_for(context, move |db, authority| {
            let Some((_, state)) = find_binned(db, id, authority, ownerless)? else {
                return Ok(BinEdit::NotFound);
            };
            if state.owner.is_none() && !authority.is_admin() {
                return Ok(BinEdit::Forbidden);
            }
            execute(db, "DELETE FROM bin WHERE id = ?1", [id.get()])?;
            Ok(BinEdit::Done(()))
        })
        .await
    }

    pub(crate) async fn empty_bin(&self, until: Timestamp) -> Result<usize, StoreError> {
        let until = until.as_microsecond();
        let is_any = "SELECT 1 FROM bin WHERE deleted_at <= ?1";
        if !self.read(|db| Ok(cached(db, is_any)?.exists([until])?))? {
            return Ok(0);
        }
        let sql = "DELETE FROM bin WHERE id IN (
                       SELECT id FROM bin WHERE deleted_at <= ?1 ORDER BY deleted_at LIMIT ?2)";
        self.write(move |db| execute(db, sql, params![until, EMPTIED])).await
    }
}

/// Moves a recipe into the bin.
pub(super) fn bin_in(
    db: &Connection,
    authority: Authority,
    now: Timestamp,
    id: RecipeId,
    terms: &EditTerms,
) -> Result<Edit<()>, StoreError> {
    let Some((fields, state)) = find_to_edit(db, id)? else { return Ok(Edit::NotFound) };
    if let Err(refusal) = state.check_edit(editor(authority)?, terms, fields.updated_at) {
        return Ok(Edit::refused(refusal, current(db, id)?));
    }
    let sql = "INSERT INTO bin (id, uid, owner_id, private, members, revision, created_at, updated_at, deleted_at, deleted_by, name,
                                document)
               SELECT id, uid, owner_id, private, members, revision, created_at, updated_at, ?2, ?3,
                      coalesce(json_extract('{' || document, '$.name'), ''), document
               FROM recipes WHERE id = ?1";
    execute(db, sql, params![id.get(), now.as_microsecond(), authority.user().map(UserId::get)])?;
    for sql in [
        "INSERT INTO binned_favourites (id, user_id, recipe_id, added_at)
         SELECT id, user_id, recipe_id, added_at FROM favourites WHERE recipe_id = ?1",
        "INSERT INTO binned_cooked (id, user_id, recipe_id, cooked_on, note)
         SELECT id, user_id, recipe_id, cooked_on, note FROM cooked WHERE recipe_id = ?1",
        // Before the recipe is deleted, and with it the pictures that nothing else refers to.
        "INSERT INTO binned_images (id, recipe_id, step, digest, bytes)
         SELECT id, recipe_id, step, digest, bytes FROM recipe_images WHERE recipe_id = ?1",
        "INSERT INTO binned_shares (id, recipe_id, digest, created_by, created_at, expires_at)
         SELECT id, recipe_id, digest, created_by, created_at, expires_at FROM shares WHERE recipe_id = ?1",
        "INSERT INTO binned_plan_entries (id, recipe_id)
         SELECT id, recipe_id FROM plan_entries WHERE recipe_id = ?1",
        "DELETE FROM recipes WHERE id = ?1",
    ] {
        execute(db, sql, [id.get()])?;
    }
    let Some(owner) = state.owner else { return Ok(Edit::Done(())) };
    let sql = "DELETE FROM bin WHERE id IN (
                   SELECT id FROM bin WHERE owner_id = ?1 ORDER BY deleted_at DESC, id DESC LIMIT -1 OFFSET ?2)";
    execute(db, sql, params![owner.get(), MAX_BINNED])?;
    Ok(Edit::Done(()))
}

/// A recipe in the bin that the actor could change.
fn find_binned(
    db: &Connection,
    id: RecipeId,
    authority: Authority,
    ownerless: Ownerless,
) -> Result<Option<(ServerFields, RecipeState)>, StoreError> {
    let sql =
        "SELECT owner_id, private, members, revision, uid, created_at, updated_at FROM bin WHERE id = ?1";
    let found = find(db, sql, [id.get()], server_fields_in)?;
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
    let text = columns.bytes_of_text()?.to_owned();
    Ok(StoredRecipe { id, revision, updated_at, text, ratings: Ratings::default() })
}
