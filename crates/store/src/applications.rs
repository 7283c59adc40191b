//! The clients that a user gave access, in either kind of database.

use ids::UserId;
use jiff::Timestamp;

use crate::{ClientRow, ConsentRow, Context, Store, StoreError};

/// A client that acts for a user, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub client: ClientRow,
    /// Empty for a client of the operator, which asks for no consent.
    pub consents: Vec<ConsentRow>,
    /// The grants that have not expired.
    pub grants: u64,
    /// When the user first consented.
    pub given_at: Option<Timestamp>,
}

/// Clients of a user.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// The clients that this user gave access, in the order of their ids.
    pub async fn applications(&self, user: UserId, now: Timestamp) -> Result<Vec<Application>, StoreError> {
        match self {
            Self::Sqlite(db) => db.applications(user, now).await,
            Self::Postgres(db) => db.applications(user, now).await,
        }
    }

    /// Withdraws the consents of a user, and ends the grants and codes of the client for them. Returns whether there were any.
    ///
    /// # Errors
    /// [`StoreError::ActorRevoked`], [`StoreError::AdminRequired`].
    pub async fn end_application(
        &self,
        user: UserId,
        client: &str,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.end_application(user, client, context).await,
            Self::Postgres(db) => db.end_application(user, client, context).await,
        }
    }
}
