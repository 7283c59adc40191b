//! Rows of `recipes`.

use rusqlite::{Connection, params};

use super::{execute, quota};
use crate::ratings::Ratings;
use crate::recipe_commands::visibility_columns;
use crate::{NewRecipe, StoreError, StoredRecipe};
use ::recipes::{Quotas, ServerFields, Visibility};
use ids::{RecipeId, UserId};
use jiff::Timestamp;

/// A row without its id.
pub(super) struct RecipeRow {
    pub(super) fields: ServerFields,
    pub(super) visibility: Visibility,
    pub(super) text: String,
}

impl RecipeRow {
    /// A new recipe of this time.
    pub(super) fn new(new: NewRecipe, now: Timestamp) -> Self {
        let NewRecipe { document, visibility, uid, owner, .. } = new;
        let fields = ServerFields { owner, uid, revision: 1, created_at: now, updated_at: now };
        Self { fields, visibility, text: document.finish(&fields) }
    }

    /// Changes nothing if it fails: see [`Sqlite::insert_recipe`].
    pub(super) fn insert(&self, db: &Connection, quotas: Quotas) -> Result<(), StoreError> {
        let Self { fields, visibility, text } = self;
        let (private, members) = visibility_columns(*visibility);
        quota::count_new(db, fields.owner, text, quotas)?;
        let inserted = execute(
            db,
            "INSERT INTO recipes (uid, owner_id, private, members, revision, created_at, updated_at, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                fields.uid.to_string(),
                fields.owner.map(UserId::get),
                private,
                members,
                fields.revision,
                fields.created_at.as_microsecond(),
                fields.updated_at.as_microsecond(),
                text,
            ],
        );
        if inserted.is_err() {
            quota::uncount_new(db, fields.owner, text)?;
        }
        inserted.map(drop)
    }

    pub(super) fn stored(self, id: RecipeId) -> StoredRecipe {
        let Self { fields, text, .. } = self;
        let ServerFields { revision, updated_at, .. } = fields;
        StoredRecipe { id, revision, updated_at, text: text.into(), ratings: Ratings::default() }
    }
}
