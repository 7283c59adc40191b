//! What administrators see of users and do with them, whatever the database.

use crate::{Access, Context, Listing, Page, Store, StoreError};
use accounts::{Role, User};
use ids::UserId;

/// Which users somebody looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// What stands somewhere in the name or the e-mail address. Of a name's letters only A to Z are the same in either
    /// case.
    pub text: Option<String>,
    pub role: Option<Role>,
    pub access: Option<Access>,
}

/// What an administrator decides about a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    pub role: Option<Role>,
    pub access: Option<Access>,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Administered {
    Done(Box<User>),
    NoSuchUser,
    /// Nobody would be left who could take it back. Nothing has changed.
    LastAdmin,
}

/// Users, for administrators.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The users that match the filter, in the order of their ids.
    pub async fn users(
        &self,
        filter: UserFilter,
        page: Page<UserId>,
    ) -> Result<Listing<Vec<User>, UserId>, StoreError> {
        match self {
            Self::Sqlite(db) => db.users(filter, page).await,
        }
    }

    /// How many users the filter lets through.
    pub async fn count_users(&self, filter: UserFilter) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.count_users(filter).await,
        }
    }

    /// Changes a user's role, or whether the user may use the service; disabling ends all sessions, API tokens and links in
    /// mails. Who is disabled or no administrator any more leaves no invitation behind.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`] if the actor is no longer an administrator who is logged in.
    pub async fn administer(
        &self,
        id: UserId,
        change: UserChange,
        context: Context,
    ) -> Result<Administered, StoreError> {
        match self {
            Self::Sqlite(db) => db.administer(id, change, context).await,
        }
    }
}
