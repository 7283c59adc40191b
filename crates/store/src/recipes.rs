//! What goes into the store and comes out of it about recipes, whatever the database.

use jiff::Timestamp;

use ::recipes::{ContentJson, write_recipe_json};
use ::recipes::{Draft, Visibility};
use ids::{RecipeId, Uid, UserId};

/// A recipe before the store has given the number.
#[derive(Clone, Debug)]
pub struct NewRecipe {
    pub(super) document: ContentJson,
    pub(super) visibility: Visibility,
    pub(super) uid: Uid,
    pub(super) owner: Option<UserId>,
}

impl NewRecipe {
    /// Writes the draft as the text that is stored, here and not in the writer, for whom everybody
    /// waits. Without an owner the recipe is communal: any user may change it.
    pub fn of(draft: &Draft, uid: Uid, owner: Option<UserId>) -> Self {
        Self {
            document: ContentJson::new(draft.content()),
            visibility: draft.content().visibility,
            uid,
            owner,
        }
    }
}

/// A recipe as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: RecipeId,
    pub revision: i64,
    pub updated_at: Timestamp,
    pub(super) text: Vec<u8>,
}

impl Stored {
    pub(super) fn new(id: RecipeId, revision: i64, updated_at: Timestamp, text: impl Into<Vec<u8>>) -> Self {
        Self { id, revision, updated_at, text: text.into() }
    }

    /// Appends the whole recipe as a JSON object, which is where it was going anyway.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_recipe_json(out, self.id, &self.text);
    }

    /// The room that [`Stored::write_json`] takes, or a little more.
    pub fn json_len(&self) -> usize {
        self.text.len() + 32
    }
}

/// What became of a recipe from somebody's export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    Added(Stored),
    /// A recipe with the same uid is here. It stays as it is: it may have been edited since.
    AlreadyThere(RecipeId),
}

/// Some recipes in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// A JSON array of whole recipes, behind what was there before.
    pub json: Vec<u8>,
    /// The last id in the list, if there is more behind it.
    pub next: Option<RecipeId>,
}

/// Who looks. A private recipe exists for its owner and for admins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    Anyone,
    User(UserId),
    Admin,
}

/// Who changes. Owners and admins may; a communal recipe is every user's to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    User(UserId),
    Admin,
}

/// What must be true for a change to happen, decided in the same transaction as the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    None,
    /// The recipe is at one of these revisions. Of no revision: never.
    Revisions(Vec<i64>),
}

impl Precondition {
    pub(super) fn holds(&self, revision: i64) -> bool {
        match self {
            Self::None => true,
            Self::Revisions(revisions) => revisions.contains(&revision),
        }
    }
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit<T> {
    Done(T),
    /// Absent, or invisible to this editor, who cannot tell one from the other.
    NotFound,
    /// Visible, but somebody else's. Also a communal recipe that a user wants to make private: then
    /// it would be there for nobody.
    Forbidden,
    /// The precondition does not hold.
    Stale {
        revision: i64,
    },
}
