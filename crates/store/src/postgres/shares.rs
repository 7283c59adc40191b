//! Share links, in PostgreSQL's dialect.

use accounts::{Authority, TokenDigest};
use ids::{RecipeId, ShareId, UserId};
use jiff::Timestamp;

use super::columns::Columns;
use super::connection::Db;
use super::failure::Failure;
use super::favourites::user;
use super::recipe_row::stored_in;
use super::recipe_state::{editor, find_to_edit};
use super::{Postgres, at, authority};
use crate::shares::{MAX_SHARES, NewShare, Share, ShareRequest, SharedByUser};
use crate::{EditRefusal, Ownerless, Precondition, StoreError, StoredRecipe};
use ::recipes::EditTerms;
use ::recipes::time::to_microseconds;

impl Postgres {
    pub async fn create_share(
        &self,
        new: NewShare,
        request: ShareRequest,
    ) -> Result<Result<Option<Share>, EditRefusal>, StoreError> {
        let NewShare { id, digest, expires_at } = new;
        let ShareRequest { recipe, ownerless, context } = request;
        let created_at = to_microseconds(context.now);
        let expires_at = expires_at.map(to_microseconds);
        self.write_recipes_for(&context, move |db, authority| async move {
            let created_by = user(authority)?;
            if let Err(refusal) = check(&db, recipe, authority, ownerless).await? {
                return Ok(Err(refusal));
            }
            let sql = "DELETE FROM shares WHERE recipe_id = $1 AND expires_at <= $2";
            db.execute(sql, &[&recipe.get(), &at(created_at)]).await?;
            let sql = "INSERT INTO shares (id, recipe_id, digest, created_by, created_at, expires_at)
                       SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM shares WHERE recipe_id = $2) < $7";
            let (key, secret) = (id.as_bytes().as_slice(), digest.as_bytes().as_slice());
            let (by, end, most) = (created_by.get(), expires_at.map(at), i64::from(MAX_SHARES));
            let made = db
                .execute(sql, &[&key, &recipe.get(), &secret, &by, &at(created_at), &end, &most])
                .await?;
            Ok(Ok((made == 1).then_some(Share { id, created_by, created_at, expires_at })))
        })
        .await
    }

    pub async fn shares(&self, request: ShareRequest) -> Result<Result<Vec<Share>, EditRefusal>, StoreError> {
        let ShareRequest { recipe, ownerless, context } = request;
        self.read(move |db| async move {
            let authority = authority::current(&db, &context).await?;
            if let Err(refusal) = check(&db, recipe, authority, ownerless).await? {
                return Ok(Err(refusal));
            }
            let sql = "SELECT id, created_by, created_at, expires_at FROM shares
                       WHERE recipe_id = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY id";
            db.list(sql, &[&recipe.get(), &at(context.now)], share_in).await.map(Ok)
        })
        .await
    }

    pub async fn shares_of(&self, user: UserId) -> Result<Vec<SharedByUser>, StoreError> {
        self.read_at_length(move |db| async move {
            let sql = "SELECT recipe_id, id, created_by, created_at, expires_at FROM shares WHERE created_by = $1
                       UNION ALL
                       SELECT recipe_id, id, created_by, created_at, expires_at FROM binned_shares WHERE created_by = $1
                       ORDER BY id";
            let read = |columns: &mut Columns<'_>| {
                Ok(SharedByUser { recipe: columns.recipe_id()?, share: share_in(columns)? })
            };
            db.list(sql, &[&user.get()], read).await
        })
        .await
    }

    pub async fn revoke_share(
        &self,
        id: ShareId,
        request: ShareRequest,
    ) -> Result<Result<bool, EditRefusal>, StoreError> {
        let ShareRequest { recipe, ownerless, context } = request;
        self.write_recipes_for(&context, move |db, authority| async move {
            if let Err(refusal) = check(&db, recipe, authority, ownerless).await? {
                return Ok(Err(refusal));
            }
            let sql = "DELETE FROM shares WHERE id = $1 AND recipe_id = $2";
            Ok(Ok(db.execute(sql, &[&id.as_bytes().as_slice(), &recipe.get()]).await? == 1))
        })
        .await
    }

    pub async fn shared_recipe(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<StoredRecipe>, StoreError> {
        self.read(move |db| async move {
            let sql = "SELECT recipes.id, revision, recipes.updated_at, document, rating_count, rating_sum, rated_at
                       FROM shares JOIN recipes ON recipes.id = recipe_id JOIN users ON users.id = created_by
                       WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2) AND NOT disabled AND role <> 'viewer'";
            let read = |columns: &mut Columns<'_>| {
                let (id, revision) = (columns.recipe_id()?, columns.get()?);
                stored_in(columns, id, revision)
            };
            db.find(sql, &[&digest.as_bytes().as_slice(), &at(now)], read).await
        })
        .await
    }
}

/// Whether the actor manages the links of the recipe: as for a change.
async fn check(
    db: &Db,
    recipe: RecipeId,
    authority: Authority,
    ownerless: Ownerless,
) -> Result<Result<(), EditRefusal>, Failure> {
    let editor = editor(authority)?;
    let Some((fields, state)) = find_to_edit(db, recipe).await? else {
        return Ok(Err(EditRefusal::NotFound));
    };
    let terms = EditTerms { precondition: Precondition::None, ownerless };
    Ok(state.check_edit(editor, &terms, fields.updated_at))
}

/// Ends the links of a recipe.
pub(super) async fn end_shares(db: &Db, recipe: RecipeId) -> Result<(), Failure> {
    db.execute("DELETE FROM shares WHERE recipe_id = $1", &[&recipe.get()]).await.map(drop)
}

fn share_in(columns: &mut Columns<'_>) -> Result<Share, StoreError> {
    Ok(Share {
        id: ShareId::from_bytes(columns.bytes()?),
        created_by: columns.user_id()?,
        created_at: columns.time()?,
        expires_at: columns.optional_time()?,
    })
}
