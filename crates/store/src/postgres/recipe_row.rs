//! Rows of `recipes`.

use ids::{RecipeId, UserId};
use jiff::Timestamp;

use super::at;
use super::columns::recipe_id_in;
use super::connection::Db;
use super::failure::Failure;
use super::parameters::Params;
use crate::{NewRecipe, StoreError, StoredRecipe};
use ::recipes::{ServerFields, Visibility};

/// A row without its id.
#[derive(Clone)]
pub(super) struct RecipeRow {
    pub(super) fields: ServerFields,
    pub(super) visibility: Visibility,
    pub(super) text: String,
}

impl RecipeRow {
    pub(super) fn new(new: NewRecipe, now: Timestamp) -> Self {
        let NewRecipe { document, visibility, uid, owner, quotas: _ } = new;
        let fields = ServerFields { owner, uid, revision: 1, created_at: now, updated_at: now };
        Self { fields, visibility, text: document.finish(&fields) }
    }

    pub(super) async fn insert(&self, db: &Db) -> Result<RecipeId, Failure> {
        let Self { fields, visibility, text } = self;
        let sql = "INSERT INTO recipes (uid, owner_id, private, revision, created_at, updated_at, document)
                   VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
        let (uid, owner) = (fields.uid.to_string(), fields.owner.map(UserId::get));
        let private = *visibility == Visibility::Private;
        let (made, changed) = (at(fields.created_at), at(fields.updated_at));
        let params: Params<'_> = &[&uid, &owner, &private, &fields.revision, &made, &changed, text];
        let id = db.find(sql, params, recipe_id_in).await?;
        Ok(id.ok_or_else(|| StoreError::Bug("an INSERT returned no id".to_owned()))?)
    }

    pub(super) fn stored(self, id: RecipeId) -> StoredRecipe {
        let Self { fields, text, .. } = self;
        StoredRecipe { id, revision: fields.revision, updated_at: fields.updated_at, text: text.into() }
    }
}
