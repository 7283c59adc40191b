//! Rows of `recipes`.

use std::time::SystemTime;

use ids::{RecipeId, Uid, UserId};
use jiff::Timestamp;

use super::at;
use super::columns::Columns;
use super::parameters::Parameter;
use super::ratings::ratings_in;
use crate::ratings::Ratings;
use crate::recipe_commands::visibility_columns;
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
    /// A new recipe of this time.
    pub(super) fn new(new: NewRecipe, now: Timestamp) -> Self {
        let NewRecipe { document, visibility, uid, owner, .. } = new;
        let fields = ServerFields { owner, uid, revision: 1, created_at: now, updated_at: now };
        Self { fields, visibility, text: document.finish(&fields) }
    }

    pub(super) fn stored(self, id: RecipeId) -> StoredRecipe {
        let Self { fields, text, .. } = self;
        let ServerFields { revision, updated_at, .. } = fields;
        StoredRecipe { id, revision, updated_at, text: text.into(), ratings: Ratings::default() }
    }
}

/// The statement that inserts [`RecipeColumns`], with this end.
macro_rules! insert_recipes {
    ($end:literal) => {
        concat!(
            "INSERT INTO recipes (uid, owner_id, private, members, revision, created_at, updated_at, document)
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::bool[], $4::bool[], $5::bigint[], $6::timestamptz[],
                                  $7::timestamptz[], $8::text[]) ",
            $end
        )
    };
}
pub(super) use insert_recipes;

/// Many rows in one statement.
pub(super) struct RecipeColumns<'a> {
    pub(super) uids: Vec<String>,
    owners: Vec<Option<i64>>,
    private: Vec<bool>,
    members: Vec<Option<bool>>,
    revisions: Vec<i64>,
    created: Vec<SystemTime>,
    updated: Vec<SystemTime>,
    texts: Vec<&'a str>,
}

impl<'a> RecipeColumns<'a> {
    pub(super) fn of(rows: &[&'a RecipeRow]) -> Self {
        Self {
            uids: rows.iter().map(|row| row.fields.uid.to_string()).collect(),
            owners: rows.iter().map(|row| row.fields.owner.map(UserId::get)).collect(),
            private: rows.iter().map(|row| visibility_columns(row.visibility).0).collect(),
            members: rows.iter().map(|row| visibility_columns(row.visibility).1).collect(),
            revisions: rows.iter().map(|row| row.fields.revision).collect(),
            created: rows.iter().map(|row| at(row.fields.created_at)).collect(),
            updated: rows.iter().map(|row| at(row.fields.updated_at)).collect(),
            texts: rows.iter().map(|row| row.text.as_str()).collect(),
        }
    }

    pub(super) fn params(&self) -> [&dyn Parameter; 8] {
        let Self { uids, owners, private, members, revisions, created, updated, texts } = self;
        [uids, owners, private, members, revisions, created, updated, texts]
    }
}

/// From `updated_at, document, rating_count, rating_sum, rated_at`.
pub(super) fn stored_in(
    columns: &mut Columns<'_>,
    id: RecipeId,
    revision: i64,
) -> Result<StoredRecipe, StoreError> {
    let updated_at = columns.time()?;
    let text = columns.text()?.as_bytes().to_owned();
    Ok(StoredRecipe { id, revision, updated_at, text, ratings: ratings_in(columns)? })
}

/// Reads `id, uid`.
pub(super) fn id_and_uid_in(columns: &mut Columns<'_>) -> Result<(Uid, RecipeId), StoreError> {
    let id = columns.recipe_id()?;
    let uid = columns.text()?;
    Ok((Uid::parse(uid).ok_or_else(|| StoreError::Corrupt(format!("the uid {uid}")))?, id))
}
