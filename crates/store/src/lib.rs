//! The only door to the data.
//!
//! Two promises hold for every method. What it has answered is on disk: a write returns after its
//! commit, and neither `kill -9` nor a power failure takes it back. And who reads after that answer
//! sees it.
//!
//! Reads of a row or of a page of usual length run inline on the caller's thread, because they take
//! a few microseconds and handing them to another thread would take more. What can be long goes to
//! the blocking pool: a page of more than [`DEFAULT_PAGE_SIZE`] rows, a count, a list of users.
//! Writes wait for the writer thread, see `sqlite/writer.rs`.

mod admin;
mod api_tokens;
mod audit;
mod error;
mod invitations;
mod mail_tokens;
mod migrate;
mod page;
mod passwords;
mod recipes;
mod remembered;
mod sessions;
mod sqlite;
mod url;

use jiff::Timestamp;

pub use self::admin::{Administered, UserChange, UserFilter};
pub use self::api_tokens::MAX_API_TOKENS;
pub use self::error::{Field, StoreError, Unavailable};
pub use self::invitations::MAX_INVITATIONS;
pub use self::page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page};
pub use self::recipes::{Edit, Editor, Imported, Listing, NewRecipe, Precondition, Stored, Viewer};
pub use self::remembered::{Key, Mark, Remembered};
pub use self::sessions::{
    ApiTokens, MAX_SESSIONS, PasswordChange, REPEATABLE, Refresh, Refreshed, SessionUser,
};
pub use self::url::DatabaseUrl;
use ::recipes::ImportedHistory;
use ::recipes::{ContentJson, Draft};
use accounts::audit::Actor;
use accounts::{Email, Name, NewUser, PasswordHash, Role, User};
use ids::{RecipeId, UserId};

/// A database; clones are handles of the same one. The last handle to go lets the writer finish.
#[derive(Clone, Debug)]
pub enum Store {
    Sqlite(sqlite::Sqlite),
}

/// Whether a user may use the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Enabled,
    Disabled,
}

#[expect(clippy::unused_async, reason = "a database over the network waits where SQLite does not")]
impl Store {
    /// Opens the database, making folders, file and tables where there are none.
    ///
    /// The file is readable for its owner only. `now` is noted for the migrations that are applied.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], in words that say what to do.
    pub fn open(url: &DatabaseUrl, now: Timestamp) -> Result<Self, StoreError> {
        sqlite::Sqlite::open(url.path(), now).map(Self::Sqlite)
    }

    /// Whether this handle's [`Store::open`] made the tables.
    pub fn is_new(&self) -> bool {
        match self {
            Self::Sqlite(db) => db.is_new(),
        }
    }

    /// Whether requests can be served.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be read or nobody is there to write to it.
    pub async fn ready(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.ready(),
        }
    }

    /// Waits for the writes that were asked for before, moves everything into the one database file,
    /// and closes it. All handles hear [`Unavailable::Closed`] from then on.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
        }
    }
}

/// Users.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
#[expect(clippy::unused_async, reason = "a database over the network waits where SQLite does not")]
impl Store {
    /// Makes an account for somebody else, for whom whoever runs the program vouches, so the address counts as verified.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the address, in whatever case, is somebody's.
    pub async fn create_user(&self, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_user(new, now).await,
        }
    }

    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.user(id),
        }
    }

    /// The user and what the password is checked against.
    pub async fn user_by_email(
        &self,
        email: &Email,
    ) -> Result<Option<(User, Option<PasswordHash>)>, StoreError> {
        match self {
            Self::Sqlite(db) => db.user_by_email(email),
        }
    }

    /// Changes what is given; another address (in more than the case of ASCII letters) has to be verified anew, and ends the
    /// links that were sent to the old one. It is taken only if the password is still the one that was `confirmed`, that
    /// is, was checked against this hash. `None`: there is no such user with this password.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the address, in whatever case, is somebody else's.
    pub async fn update_profile(
        &self,
        id: UserId,
        name: Option<Name>,
        email: Option<Email>,
        confirmed: Option<&PasswordHash>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.update_profile(id, name, email, confirmed.cloned(), actor, now).await,
        }
    }

    /// `None`: there is nobody with this address.
    pub async fn set_role(
        &self,
        email: &Email,
        role: Role,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.set_role(email, role, actor, now).await,
        }
    }

    /// Disabling ends all sessions, API tokens and links in mails. `None`: there is nobody with this address.
    pub async fn set_disabled(
        &self,
        email: &Email,
        access: Access,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.set_disabled(email, access, actor, now).await,
        }
    }

    /// Deletes a user with all sessions, API tokens and the private recipes, which nobody else has ever seen. The public ones stay
    /// and become communal: others may have linked to them. Does nothing, and says so, if the password is not the one
    /// that was `confirmed` any more.
    ///
    /// # Errors
    /// [`StoreError::LastAdmin`] if it is the last administrator, unless an operator does it, who can make another.
    pub async fn delete_user(
        &self,
        id: UserId,
        confirmed: Option<&PasswordHash>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_user(id, confirmed.cloned(), actor, now).await,
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
    /// [`StoreError::OwnerGone`] if the owner was deleted meanwhile.
    pub async fn create_recipe(&self, new: NewRecipe, now: Timestamp) -> Result<Stored, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_recipe(new, now).await,
        }
    }

    /// Adds a recipe that comes from somewhere else and keeps the past it says it has. Importing the
    /// same file again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::OwnerGone`] if the owner was deleted meanwhile.
    pub async fn import_recipe(
        &self,
        new: NewRecipe,
        origin: ImportedHistory,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        match self {
            Self::Sqlite(db) => db.import_recipe(new, origin, now).await,
        }
    }

    /// Until where this process knows the database. What is read afterwards may be kept in a [`Remembered`] under this mark.
    pub fn mark(&self) -> Mark {
        match self {
            Self::Sqlite(db) => db.mark(),
        }
    }

    pub async fn recipe(&self, id: RecipeId, viewer: Viewer) -> Result<Option<Stored>, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipe(id, viewer),
        }
    }

    /// Behind what `json` holds already, as a page is large and copying it is felt. May end before the page's limit when
    /// the recipes are very large; [`Listing::next`] says whether there are more.
    pub async fn recipes(
        &self,
        page: &Page<RecipeId>,
        viewer: Viewer,
        json: Vec<u8>,
    ) -> Result<Listing, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes(*page, viewer, json).await,
        }
    }

    /// The recipes of one user after this one, as many as a page holds.
    pub async fn recipes_of(&self, owner: UserId, after: Option<RecipeId>) -> Result<Listing, StoreError> {
        match self {
            Self::Sqlite(db) => db.recipes_of(owner, after).await,
        }
    }

    /// How many recipes exist for this viewer.
    pub async fn count_recipes(&self, viewer: Viewer) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_recipes(viewer).await,
        }
    }

    /// Puts the draft in place of what its author had written.
    pub async fn replace_recipe(
        &self,
        id: RecipeId,
        editor: Editor,
        draft: &Draft,
        precondition: Precondition,
        now: Timestamp,
    ) -> Result<Edit<Stored>, StoreError> {
        match self {
            Self::Sqlite(db) => {
                let (document, visibility) = (ContentJson::new(draft.content()), draft.content().visibility);
                db.replace_recipe(id, editor, document, visibility, precondition, now).await
            }
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
