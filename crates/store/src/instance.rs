//! The name of this installation, for the issuer and the audience of its tokens.

use ids::Uid;
use jiff::Timestamp;

use super::{Store, StoreError};

/// The name that a database got at the first start of a version that names itself in its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: Uid,
    /// Since then every new access token has an issuer and an audience.
    pub named_at: Timestamp,
}

/// The name of this installation.
///
/// # Errors
/// [`StoreError::Unavailable`] when the disk fails, for all of them.
#[expect(clippy::missing_errors_doc, reason = "what can always happen is said once, above")]
impl Store {
    /// Returns the name, if there is one yet.
    pub async fn instance(&self) -> Result<Option<Instance>, StoreError> {
        match self {
            Self::Sqlite(db) => db.instance(),
            Self::Postgres(db) => db.instance().await,
        }
    }

    /// Returns the name. If there is none yet, `new` becomes the name.
    pub async fn get_or_create_instance(&self, new: Instance) -> Result<Instance, StoreError> {
        match self {
            Self::Sqlite(db) => db.get_or_create_instance(new).await,
            Self::Postgres(db) => db.get_or_create_instance(new).await,
        }
    }
}
