//! OAuth clients and signing keys, in either kind of database.

use accounts::audit::Event;
use jiff::Timestamp;

use crate::{Context, Store, StoreError};

/// A registered client. The server reads and writes the record, a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    pub id: String,
    pub record: String,
    pub created_at: Timestamp,
}

/// A signing key. The private key is encrypted before it comes here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyRow {
    pub kid: String,
    pub record: String,
    pub sealed: Vec<u8>,
}

/// Clients and keys of the authorization server.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Inserts a client. `false`: the id is taken.
    ///
    /// # Errors
    /// [`StoreError::AdminRequired`], [`StoreError::ActorRevoked`]; of [`replace_client`](Self::replace_client) and
    /// [`delete_client`](Self::delete_client) as well.
    pub async fn create_client(&self, new: ClientRow, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.create_client(new, context).await,
            Self::Postgres(db) => db.create_client(new, context).await,
        }
    }

    /// The client with this id.
    pub async fn client(&self, id: &str) -> Result<Option<ClientRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.client(id),
            Self::Postgres(db) => db.client(id).await,
        }
    }

    /// All clients, the oldest first.
    pub async fn clients(&self) -> Result<Vec<ClientRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.clients().await,
            Self::Postgres(db) => db.clients().await,
        }
    }

    /// Replaces the record of a client if it is still the one of `found`. Returns whether it was. `event` is for the audit log.
    pub async fn replace_client(
        &self,
        found: ClientRow,
        record: String,
        event: Event,
        context: Context,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.replace_client(found, record, event, context).await,
            Self::Postgres(db) => db.replace_client(found, record, event, context).await,
        }
    }

    /// Deletes a client with its grants and consents. Returns whether there was one.
    pub async fn delete_client(&self, id: &str, context: Context) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.delete_client(id, context).await,
            Self::Postgres(db) => db.delete_client(id, context).await,
        }
    }

    /// All signing keys, in the order of their names.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, StoreError> {
        match self {
            Self::Sqlite(db) => db.signing_keys(),
            Self::Postgres(db) => db.signing_keys().await,
        }
    }

    /// Replaces all signing keys if they are still those that were `found`. Returns whether they were: another process may have
    /// been faster.
    pub async fn replace_signing_keys(
        &self,
        found: Vec<SigningKeyRow>,
        new: Vec<SigningKeyRow>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.replace_signing_keys(found, new).await,
            Self::Postgres(db) => db.replace_signing_keys(found, new).await,
        }
    }

    /// The sealed key that the signing keys are encrypted with.
    pub async fn data_key(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Sqlite(db) => db.data_key(),
            Self::Postgres(db) => db.data_key().await,
        }
    }

    /// Stores the sealed data key if the stored one is still `found`. Returns whether it was.
    pub async fn replace_data_key(&self, found: Option<Vec<u8>>, new: Vec<u8>) -> Result<bool, StoreError> {
        match self {
            Self::Sqlite(db) => db.replace_data_key(found, new).await,
            Self::Postgres(db) => db.replace_data_key(found, new).await,
        }
    }
}
