//! Commands and rows of recipes, whatever the database.

use jiff::Timestamp;

use crate::{Listing, Page, ReadCache, Store, StoreError};
use ::recipes::{
    ContentJson, Draft, EditRefusal, Editor, ImportedHistory, Precondition, Viewer, Visibility,
    write_recipe_json,
};
use ids::{RecipeId, Uid, UserId};

/// A recipe before the store has given it a number.
#[derive(Clone, Debug)]
pub struct NewRecipe {
    pub(crate) document: ContentJson,
    pub(crate) visibility: Visibility,
    pub(crate) uid: Uid,
    pub(crate) owner: Option<UserId>,
}

impl NewRecipe {
    /// Serializes the draft here, on the caller's thread, because all writes share one writer thread. Without an owner
    /// the recipe is communal: any user may change it.
    pub fn new(draft: &Draft, uid: Uid, owner: Option<UserId>) -> Self {
        Self {
            document: ContentJson::new(draft.content()),
            visibility: draft.content().visibility,
            uid,
            owner,
        }
    }

    /// The bytes that the recipe adds to the owner's [`Usage`].
    pub fn json_len(&self) -> u64 {
        self.document.stored_len()
    }
}

/// Replaces what the author of a recipe has written.
#[derive(Clone, Debug)]
pub struct ReplaceRecipe {
    pub id: RecipeId,
    pub editor: Editor,
    pub draft: Draft,
    pub precondition: Precondition,
}

impl ReplaceRecipe {
    /// The bytes of the new text.
    pub fn json_len(&self) -> u64 {
        ContentJson::new(self.draft.content()).stored_len()
    }
}

/// How much a user has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub recipes: u64,
    /// Of the texts of all recipes, roughly.
    pub bytes: u64,
}

impl Usage {
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            recipes: self.recipes.saturating_add(more.recipes),
            bytes: self.bytes.saturating_add(more.bytes),
        }
    }
}

/// A recipe as it is in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecipe {
    pub id: RecipeId,
    pub revision: i64,
    pub updated_at: Timestamp,
    pub(crate) text: Vec<u8>,
}

impl StoredRecipe {
    /// Appends the recipe as a JSON object.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_recipe_json(out, self.id, &self.text);
    }

    /// The bytes that [`write_json`](Self::write_json) appends, or a few more.
    pub fn json_len(&self) -> usize {
        self.text.len() + JSON_ID_BYTES
    }
}

/// The longest `{"id":1,`, rounded up.
const JSON_ID_BYTES: usize = 32;

/// The recipes of a page, in the order of their ids. They share one buffer, which saves
/// an allocation for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipeTexts {
    buffer: Vec<u8>,
    /// Each recipe's id and where its text ends.
    ends: Vec<(RecipeId, usize)>,
}

/// One recipe of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipeText<'a> {
    pub id: RecipeId,
    text: &'a [u8],
}

impl RecipeTexts {
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> Self {
        Self { buffer: Vec::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    pub(crate) fn push(&mut self, id: RecipeId, text: &[u8]) {
        self.buffer.extend_from_slice(text);
        self.ends.push((id, self.buffer.len()));
    }

    pub fn iter(&self) -> impl Iterator<Item = RecipeText<'_>> {
        let mut start = 0;
        self.ends.iter().map(move |&(id, end)| {
            let text = self.buffer.get(start..end).unwrap_or_default();
            start = end;
            RecipeText { id, text }
        })
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn last(&self) -> Option<RecipeId> {
        self.ends.last().map(|&(id, _)| id)
    }

    /// The bytes of all recipes as JSON objects with a comma each, or a few more.
    pub fn json_len(&self) -> usize {
        self.buffer.len() + self.ends.len() * JSON_ID_BYTES
    }
}

impl RecipeText<'_> {
    /// Appends the recipe as a JSON object.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_recipe_json(out, self.id, self.text);
    }
}

/// What became of an imported recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    Added(StoredRecipe),
    /// There is a recipe with the same uid. It is left alone: it may have been edited since.
    AlreadyThere(RecipeId),
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<T> {
    Done(T),
    /// See [`EditRefusal::NotFound`].
    NotFound,
    /// See [`EditRefusal::Forbidden`].
    Forbidden,
    /// See [`EditRefusal::Stale`].
    Stale {
        revision: i64,
    },
}

impl<T> From<Result<T, EditRefusal>> for Edit<T> {
    fn from(edit: Result<T, EditRefusal>) -> Self {
        match edit {
            Ok(done) => Self::Done(done),
            Err(EditRefusal::NotFound) => Self::NotFound,
            Err(EditRefusal::Forbidden) => Self::Forbidden,
            Err(EditRefusal::Stale { revision }) => Self::Stale { revision },
        }
    }
}

/// Recipes.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
#[expect(clippy::unused_async, reason = "a database over the network waits where SQLite does not")]
impl Store {
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the owner was deleted meanwhile.
    pub async fn create_recipe(&self, new: NewRecipe, now: Timestamp) -> Result<StoredRecipe, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_recipe(new, now).await,
        }
    }

    /// Adds a recipe that comes from somewhere else and keeps the past it says it has. Importing the
    /// same file again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the owner was deleted meanwhile.
    pub async fn import_recipe(
        &self,
        new: NewRecipe,
        history: ImportedHistory,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        match self {
            Self::Sqlite(db) => db.import_recipe(new, history, now).await,
        }
    }

    /// A cache for values made from recipes, such as rendered responses. Every write to the database empties it.
    pub fn recipe_cache<V: Clone>(&self) -> ReadCache<RecipeId, V> {
        match self {
            Self::Sqlite(db) => ReadCache::new(db.recipe_cache_policy()),
        }
    }

    pub async fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipe(id, viewer),
        }
    }

    /// The recipes that this viewer may see, in the order of their ids. A page of very large recipes may end before its
    /// limit; [`Listing::next`] tells whether there are more.
    pub async fn recipes(
        &self,
        page: Page<RecipeId>,
        viewer: Viewer,
    ) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes(page, viewer).await,
        }
    }

    /// The recipes of one user, in the order of their ids. See [`recipes`](Self::recipes).
    pub async fn recipes_of(
        &self,
        owner: UserId,
        page: Page<RecipeId>,
    ) -> Result<Listing<RecipeTexts, RecipeId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes_of(owner, page).await,
        }
    }

    /// How many recipes exist for this viewer.
    pub async fn count_recipes(&self, viewer: Viewer) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_recipes(viewer).await,
        }
    }

    /// How much this user has. It reads a row for each recipe of the user.
    pub async fn usage(&self, owner: UserId) -> Result<Usage, StoreError> {
        match self {
            Self::Sqlite(db) => db.usage(owner).await,
        }
    }

    pub async fn replace_recipe(
        &self,
        command: ReplaceRecipe,
        now: Timestamp,
    ) -> Result<Edit<StoredRecipe>, StoreError> {
        match self {
            Self::Sqlite(db) => db.replace_recipe(command, now).await,
        }
    }

    /// The id is never given out again.
    pub async fn delete_recipe(
        &self,
        id: RecipeId,
        editor: Editor,
        precondition: Precondition,
    ) -> Result<Edit<()>, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_recipe(id, editor, precondition).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_in_one_buffer_are_told_apart() {
        let id = |number| RecipeId::from_i64(number).unwrap();
        let mut texts = RecipeTexts::default();
        assert_eq!((texts.iter().count(), texts.last()), (0, None));
        texts.push(id(7), b"\"name\":\"Soup\"}");
        texts.push(id(9), b"\"name\":\"Bread\"}");
        let json: Vec<_> = texts
            .iter()
            .map(|recipe| {
                let mut out = Vec::new();
                recipe.write_json(&mut out);
                String::from_utf8(out).unwrap()
            })
            .collect();
        assert_eq!(json, [r#"{"id":7,"name":"Soup"}"#, r#"{"id":9,"name":"Bread"}"#]);
        assert_eq!((texts.len(), texts.last()), (2, Some(id(9))));
        assert!(json.concat().len() + texts.len() <= texts.json_len());
    }
}
