//! Users of another authorization server, in either kind of database.

use accounts::{NewUser, User};
use jiff::Timestamp;

use crate::{Store, StoreError};

/// A user as another authorization server names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name of the server.
    pub issuer: String,
    /// The user, unique at this issuer.
    pub subject: String,
}

/// An identity to store, with its user.
#[derive(Clone, Debug)]
pub struct NewIdentity {
    pub id: [u8; 16],
    pub identity: Identity,
    pub user: NewUser,
}

/// Identities.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The user with this identity.
    pub async fn user_of_identity(&self, identity: &Identity) -> Result<Option<User>, StoreError> {
        match self {
            Self::Sqlite(db) => db.user_of_identity(identity),
            Self::Postgres(db) => db.user_of_identity(identity).await,
        }
    }

    /// The user with this identity, created if there is none. Never an existing user: an address of another server
    /// proves nothing here.
    pub async fn get_or_create_identity(&self, new: NewIdentity, now: Timestamp) -> Result<User, StoreError> {
        match self {
            Self::Sqlite(db) => db.get_or_create_identity(new, now).await,
            Self::Postgres(db) => db.get_or_create_identity(new, now).await,
        }
    }
}
