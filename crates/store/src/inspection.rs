//! What a database is, without opening it for use.

use super::url::Location;
use super::{DatabaseUrl, Store, StoreError, postgres, sqlite};

/// The state of a database that could be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// [`Store::open`] would create it, or its tables.
    Missing,
    /// `schema` is the version of its tables. [`Store::open`] would migrate it to `newest`.
    Found { schema: usize, newest: usize },
}

impl Store {
    /// Examines a database and changes nothing: it is neither created nor migrated. Another process may use it.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], if [`Store::open`] would refuse it.
    pub async fn inspect(url: &DatabaseUrl) -> Result<Inspection, StoreError> {
        match &url.0 {
            Location::Sqlite(file) => sqlite::inspect(file).await,
            Location::Postgres(address) => postgres::inspect(address).await,
        }
        .map_err(|why| StoreError::CannotOpen { url: url.clone(), why })
    }
}
