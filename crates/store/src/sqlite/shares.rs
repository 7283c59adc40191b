//! Share links, in SQLite's dialect.

use accounts::{Authority, TokenDigest};
use ids::{RecipeId, ShareId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::columns::Columns;
use super::favourites::user;
use super::recipe_state::{editor, find_to_edit};
use super::recipes::stored_in;
use super::{Sqlite, authority, execute, find, list};
use crate::shares::{MAX_SHARES, NewShare, Share, ShareRequest, SharedByUser};
use crate::{EditRefusal, Ownerless, Precondition, StoreError, StoredRecipe};
use ::recipes::EditTerms;
use ::recipes::time::to_microseconds;

impl Sqlite {
    pub async fn create_share(
        &self,
        NewShare { id, digest, expires_at }: NewShare,
        ShareRequest { recipe, ownerless, context }: ShareRequest,
    ) -> Result<Result<Option<Share>, EditRefusal>, StoreError> {
        let created_at = to_microseconds(context.now);
        let expires_at = expires_at.map(to_microseconds);
        self.write_for(context, move |db, authority| {
            let created_by = user(authority)?;
            if let Err(refusal) = check(db, recipe, authority, ownerless)? {
                return Ok(Err(refusal));
            }
            let sql = "DELETE FROM shares WHERE recipe_id = ?1 AND expires_at <= ?2";
            execute(db, sql, params![recipe.get(), created_at.as_microsecond()])?;
            let sql = "INSERT INTO shares (id, recipe_id, digest, created_by, created_at, expires_at)
                       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM shares WHERE recipe_id = ?2) < ?7";
            let row = params![
                id.as_bytes(),
                recipe.get(),
                digest.as_bytes(),
                created_by.get(),
                created_at.as_microsecond(),
                expires_at.map(Timestamp::as_microsecond),
                MAX_SHARES,
            ];
            let made = execute(db, sql, row)? == 1;
            Ok(Ok(made.then_some(Share { id, created_by, created_at, expires_at })))
        })
        .await
    }

    pub fn shares(
        &self,
        ShareRequest { recipe, ownerless, context }: ShareRequest,
    ) -> Result<Result<Vec<Share>, EditRefusal>, StoreError> {
        self.read(|db| {
            let authority = authority::current(db, &context)?;
            if let Err(refusal) = check(db, recipe, authority, ownerless)? {
                return Ok(Err(refusal));
            }
            let sql = "SELECT id, created_by, created_at, expires_at FROM shares
                       WHERE recipe_id = ?1 AND (expires_at IS NULL OR expires_at > ?2) ORDER BY id";
            list(db, sql, params![recipe.get(), context.now.as_microsecond()], share_in).map(Ok)
        })
    }

    pub async fn shares_of(&self, user: UserId) -> Result<Vec<SharedByUser>, StoreError> {
        self.read_at_length(move |db| {
            let sql = "SELECT recipe_id, id, created_by, created_at, expires_at FROM shares WHERE created_by = ?1
                       UNION ALL
                       SELECT recipe_id, id, created_by, created_at, expires_at FROM binned_shares WHERE created_by = ?1
                       ORDER BY id";
            list(db, sql, [user.get()], |columns| {
                Ok(SharedByUser { recipe: columns.recipe_id()?, share: share_in(columns)? })
            })
        })
        .await
    }

    pub async fn revoke_share(
        &self,
        id: ShareId,
        ShareRequest { recipe, ownerless, context }: ShareRequest,
    ) -> Result<Result<bool, EditRefusal>, StoreError> {
        self.write_for(context, move |db, authority| {
            if let Err(refusal) = check(db, recipe, authority, ownerless)? {
                return Ok(Err(refusal));
            }
            let sql = "DELETE FROM shares WHERE id = ?1 AND recipe_id = ?2";
            Ok(Ok(execute(db, sql, params![id.as_bytes(), recipe.get()])? == 1))
        })
        .await
    }

    pub fn shared_recipe(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<StoredRecipe>, StoreError> {
        self.read(|db| {
            let sql = "SELECT recipes.id, revision, recipes.updated_at, document, rating_count, rating_sum, rated_at
                       FROM shares JOIN recipes ON recipes.id = recipe_id JOIN users ON users.id = created_by
                       WHERE digest = ?1 AND (expires_at IS NULL OR expires_at > ?2) AND disabled = 0 AND role <> 'viewer'";
            find(db, sql, params![digest.as_bytes(), now.as_microsecond()], |columns| {
                let (id, revision) = (columns.recipe_id()?, columns.get()?);
                stored_in(columns, id, revision)
            })
        })
    }
}

/// Whether the actor manages the links of the recipe: as for a change.
fn check(
    db: &Connection,
    recipe: RecipeId,
    authority: Authority,
    ownerless: Ownerless,
) -> Result<Result<(), EditRefusal>, StoreError> {
    let editor = editor(authority)?;
    let Some((fields, state)) = find_to_edit(db, recipe)? else { return Ok(Err(EditRefusal::NotFound)) };
    let terms = EditTerms { precondition: Precondition::None, ownerless };
    Ok(state.check_edit(editor, &terms, fields.updated_at))
}

/// Ends the links of a recipe.
pub(super) fn end_shares(db: &Connection, recipe: RecipeId) -> Result<(), StoreError> {
    execute(db, "DELETE FROM shares WHERE recipe_id = ?1", [recipe.get()]).map(drop)
}

fn share_in(columns: &mut Columns<'_>) -> Result<Share, StoreError> {
    Ok(Share {
        id: ShareId::from_bytes(columns.get()?),
        created_by: columns.user_id()?,
        created_at: columns.time()?,
        expires_at: columns.optional_time()?,
    })
}
