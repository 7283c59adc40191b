//! The history of recipes, in PostgreSQL's dialect.

use accounts::Authority;

use super::Postgres;
use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::recipe_state::{server_fields_in, state_in, user_of, viewer};
use crate::ratings::Ratings;
use crate::revisions::{PAGE_BYTES, RevisionPage, RevisionReader, RevisionRow};
use crate::revisions_kept::Replaced;
use crate::{Page, RevisionsKept, StoreError, StoredRecipe, Viewer};
use ::recipes::{ContentJson, Visibility};
use ids::{RecipeId, UserId};

/// Former revisions that an export reads at a time.
const EXPORTED: i64 = 32;

const CURRENT: &str = "
    SELECT owner_id, private, members, revision, revision, updated_at, document, owner_id,
           EXISTS (SELECT FROM users WHERE users.id = owner_id),
           (SELECT users.id FROM revisions AS before JOIN users ON users.id = before.replaced_by
            WHERE before.recipe_id = recipes.id AND before.revision = recipes.revision - 1)
    FROM recipes WHERE id = $1";

/// Texts behind the end of the page are not sent, see `RevisionReader`.
fn former_sql() -> String {
    format!(
        "SELECT revision, updated_at, document, owner_id, EXISTS (SELECT FROM users WHERE users.id = owner_id),
                (SELECT users.id FROM revisions AS before JOIN users ON users.id = before.replaced_by
                 WHERE before.recipe_id = page.recipe_id AND before.revision = page.revision - 1)
         FROM (SELECT recipe_id, revision, updated_at, document, owner_id,
                      row_number() OVER (ORDER BY revision DESC) AS number,
                      sum(octet_length(document)) OVER (ORDER BY revision DESC) - octet_length(document) AS before
               FROM revisions
               WHERE recipe_id = $1 AND revision < $2
                 AND (NOT private OR owner_id = $3::bigint OR (members AND $3::bigint IS NOT NULL) OR $4)
               ORDER BY revision DESC LIMIT $5) AS page
         WHERE before <= {PAGE_BYTES} OR number <= 2 ORDER BY revision DESC"
    )
}

impl Postgres {
    /// The two statements may see different states. So the second one takes only revisions before the current one of the first.
    pub(crate) async fn revisions(
        &self,
        id: RecipeId,
        page: Page<i64>,
        viewer: Viewer,
    ) -> Result<Option<RevisionPage>, StoreError> {
        let former = &former_sql();
        self.read(move |db| async move {
            let read = |columns: &mut Columns<'_>| {
                Ok(if state_in(columns)?.may_view(viewer) { Some(revision_in(columns, id)?) } else { None })
            };
            let current = db.find(CURRENT, &[&id.get()], read).await?;
            let Some(current) = current.flatten() else { return Ok(None) };
            let before = page.after().unwrap_or(i64::MAX);
            let mut reader = RevisionReader::new(page);
            let newest = current.recipe.revision;
            if newest < before {
                reader.push(current.revision());
            }
            let (before, limit) = (before.min(newest), i64::from(page.rows_to_read()));
            let (user, is_admin) = (user_of(viewer), viewer == Viewer::Admin);
            for row in &db.rows(former, &[&id.get(), &before, &user, &is_admin, &limit]).await? {
                if reader.is_full() {
                    break;
                }
                reader.push(revision_in(&mut Columns::of(row), id)?.revision());
            }
            Ok(Some(reader.finish()))
        })
        .await
    }

    pub(crate) async fn former_revisions_of(
        &self,
        owner: UserId,
        after: Option<(RecipeId, i64)>,
    ) -> Result<Vec<StoredRecipe>, StoreError> {
        let (recipe, revision) = after.map_or((0, 0), |(recipe, revision)| (recipe.get(), revision));
        let sql = "SELECT recipe_id, revision, updated_at, document FROM revisions
                   WHERE owner_id = $1 AND (recipe_id, revision) > ($2, $3)
                   ORDER BY recipe_id, revision LIMIT $4";
        self.read_at_length(move |db| async move {
            db.list(sql, &[&owner.get(), &recipe, &revision, &EXPORTED], |columns| {
                let id = columns.recipe_id()?;
                stored_in(columns, id)?.without_images()
            })
            .await
        })
        .await
    }
}

/// Adds the current revision of a recipe to the former ones, before it is replaced.
pub(super) async fn keep(db: &Db, replaced: Replaced) -> Result<(), Failure> {
    let Replaced { id, revision, kept, length, by } = replaced;
    if kept != RevisionsKept::OFF {
        // A row that another transaction has added since this one began is a conflict with DO NOTHING, not a violated constraint.
        let sql = "INSERT INTO revisions
                       (recipe_id, revision, owner_id, private, members, updated_at, replaced_by, document)
                   SELECT id, revision, owner_id, private, members, updated_at, $2::bigint, document FROM recipes WHERE id = $1
                   ON CONFLICT (recipe_id, revision) DO NOTHING";
        db.execute(sql, &[&id.get(), &by.map(UserId::get)]).await?;
    }
    let last = kept.last_deleted(revision, length);
    if last < 1 {
        return Ok(());
    }
    let sql = "DELETE FROM revisions WHERE recipe_id = $1 AND revision <= $2";
    db.execute(sql, &[&id.get(), &last]).await.map(drop)
}

/// The content of a revision of a recipe that exists, without pictures, if the actor could read it.
pub(super) async fn content(
    db: &Db,
    id: RecipeId,
    revision: i64,
    authority: Authority,
) -> Result<Option<(ContentJson, Visibility)>, Failure> {
    let sql = "SELECT owner_id, private, members, revision, uid, created_at, updated_at, document FROM recipes
               WHERE id = $1 AND revision = $2
               UNION ALL
               SELECT former.owner_id, former.private, former.members, former.revision, uid, created_at, former.updated_at,
                      former.document
               FROM revisions AS former JOIN recipes ON recipes.id = former.recipe_id
               WHERE former.recipe_id = $1 AND former.revision = $2";
    let read = |columns: &mut Columns<'_>| {
        let (fields, state) = server_fields_in(columns)?;
        Ok((fields, state, columns.get::<String>()?))
    };
    let Some((fields, state, text)) = db.find(sql, &[&id.get(), &revision], read).await? else {
        return Ok(None);
    };
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
        text: columns.text()?.as_bytes().to_owned(),
        ratings: Ratings::default(),
    })
}
