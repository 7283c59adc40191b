//! The history of recipes, in SQLite's dialect.

use accounts::Authority;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::recipe_state::{server_fields_in, state_in, viewer, viewer_params};
use super::{Sqlite, cached, execute, find, list};
use crate::ratings::Ratings;
use crate::revisions::{RevisionPage, RevisionReader, RevisionRow};
use crate::revisions_kept::Replaced;
use crate::{Page, RevisionsKept, StoreError, StoredRecipe, Viewer};
use ::recipes::{ContentJson, Visibility};
use ids::{RecipeId, UserId};

/// Former revisions that an export reads at a time.
const EXPORTED: u16 = 32;

/// What [`revision_in`] reads, of the table `them`, whose recipe's id has the name `recipe_id`.
macro_rules! revision_columns {
    ($them:literal, $recipe_id:literal) => {
        concat!(
            "revision, updated_at, document, owner_id, EXISTS (SELECT 1 FROM users WHERE users.id = owner_id),
             (SELECT users.id FROM revisions AS before JOIN users ON users.id = before.replaced_by
              WHERE before.recipe_id = ", $them, ".", $recipe_id, " AND before.revision = ", $them, ".revision - 1)"
        )
    };
}

impl Sqlite {
    /// The two statements may see different states. So the second one takes only revisions before the current one of the first.
    pub(crate) fn revisions(
        &self,
        id: RecipeId,
        page: Page<i64>,
        viewer: Viewer,
    ) -> Result<Option<RevisionPage>, StoreError> {
        self.read(|db| {
            let sql = concat!(
                "SELECT owner_id, private, members, revision, ",
                revision_columns!("recipes", "id"),
                " FROM recipes WHERE id = ?1"
            );
            let current = find(db, sql, [id.get()], |columns| {
                Ok(if state_in(columns)?.may_view(viewer) { Some(revision_in(columns, id)?) } else { None })
            })?;
            let Some(current) = current.flatten() else { return Ok(None) };
            let before = page.after().unwrap_or(i64::MAX);
            let mut reader = RevisionReader::new(page);
            let newest = current.recipe.revision;
            if newest < before {
                reader.push(current.revision());
            }
            let sql = concat!(
                "SELECT ",
                revision_columns!("former", "recipe_id"),
                " FROM revisions AS former
                 WHERE recipe_id = ?1 AND revision < ?2
                   AND (private = 0 OR owner_id = ?3 OR (members = 1 AND ?3 IS NOT NULL) OR ?4) ORDER BY revision DESC"
            );
            let (user, admin) = viewer_params(viewer);
            let mut statement = cached(db, sql)?;
            let mut rows = statement.query(params![id.get(), before.min(newest), user, admin])?;
            while !reader.is_full()
                && let Some(row) = rows.next()?
            {
                reader.push(revision_in(&mut Columns::of(row), id)?.revision());
            }
            Ok(Some(reader.finish()))
        })
    }

    pub(crate) async fn former_revisions_of(
        &self,
        owner: UserId,
        after: Option<(RecipeId, i64)>,
    ) -> Result<Vec<StoredRecipe>, StoreError> {
        self.read_at_length(move |db| {
            let (recipe, revision) = after.map_or((0, 0), |(recipe, revision)| (recipe.get(), revision));
            let sql = "SELECT recipe_id, revision, updated_at, document FROM revisions
                       WHERE owner_id = ?1 AND (recipe_id, revision) > (?2, ?3)
                       ORDER BY recipe_id, revision LIMIT ?4";
            list(db, sql, params![owner.get(), recipe, revision, EXPORTED], |columns| {
                let id = columns.recipe_id()?;
                stored_in(columns, id)?.without_images()
            })
        })
        .await
    }
}

/// Adds the current revision of a recipe to the former ones, before it is replaced.
pub(super) fn keep(db: &Connection, replaced: Replaced) -> Result<(), StoreError> {
    let Replaced { id, revision, kept, length, by } = replaced;
    if kept != RevisionsKept::OFF {
        let sql = "INSERT OR IGNORE INTO revisions
                       (recipe_id, revision, owner_id, private, members, updated_at, replaced_by, document)
                   SELECT id, revision, owner_id, private, members, updated_at, ?2, document FROM recipes WHERE id = ?1";
        execute(db, sql, params![id.get(), by.map(UserId::get)])?;
    }
    let last = kept.last_deleted(revision, length);
    if last < 1 {
        return Ok(());
    }
    execute(db, "DELETE FROM revisions WHERE recipe_id = ?1 AND revision <= ?2", params![id.get(), last])
        .map(drop)
}

/// The content of a revision of a recipe that exists, without pictures, if the actor could read it.
pub(super) fn content(
    db: &Connection,
    id: RecipeId,
    revision: i64,
    authority: Authority,
) -> Result<Option<(ContentJson, Visibility)>, StoreError> {
    let sql = "SELECT owner_id, private, members, revision, uid, created_at, updated_at, document FROM recipes
               WHERE id = ?1 AND revision = ?2
               UNION ALL
               SELECT former.owner_id, former.private, former.members, former.revision, uid, created_at, former.updated_at,
                      former.document
               FROM revisions AS former JOIN recipes ON recipes.id = former.recipe_id
               WHERE former.recipe_id = ?1 AND former.revision = ?2";
    let found = find(db, sql, params![id.get(), revision], |columns| {
        let (fields, state) = server_fields_in(columns)?;
        Ok((fields, state, columns.get::<String>()?))
    })?;
    let Some((fields, state, text)) = found else { return Ok(None) };
    if !state.may_view(viewer(authority)) {
        return Ok(None);
    }
    // Only the pictures that the recipe has now are kept.
    let content = ContentJson::from_stored(text, &fields)
        .and_then(ContentJson::without_images)
        .ok_or_else(|| StoreError::Corrupt(format!("revision {revision} of recipe {id}")))?;
    Ok(Some((content, state.visibility)))
}

fn revision_in(columns: &mut Columns<'_>, id: RecipeId) -> Result<RevisionRow, StoreError> {
    let recipe = stored_in(columns, id)?;
    Ok(RevisionRow {
        recipe,
        owner: columns.optional_user_id()?,
        has_owner: columns.get()?,
        updated_by: columns.optional_user_id()?,
    })
}

/// From `revision, updated_at, document`.
fn stored_in(columns: &mut Columns<'_>, id: RecipeId) -> Result<StoredRecipe, StoreError> {
    Ok(StoredRecipe {
        id,
        revision: columns.get()?,
        updated_at: columns.time()?,
        text: columns.bytes_of_text()?.to_owned(),
        ratings: Ratings::default(),
    })
}
