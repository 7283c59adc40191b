//! Whether the service can do its work.

use store::{BackupOutcome, Statistics, Store, StoreError};

use crate::jobs::search_index::{IndexStatus, SearchIndex};

/// Checks the parts that requests depend on.
pub struct Health {
    store: Store,
    search: Option<SearchIndex>,
}

impl Health {
    pub fn new(store: Store, search: Option<SearchIndex>) -> Self {
        Self { store, search }
    }

    /// The state of the search index; `None` for a service without recipes.
    pub fn search(&self) -> Option<IndexStatus> {
        self.search.as_ref().map(SearchIndex::status)
    }

    /// # Errors
    /// [`StoreError::Unavailable`] if the store cannot be read or written.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.store.ready().await
    }

    /// Numbers about the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store cannot be read.
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        self.store.statistics().await
    }

    /// The outcome of the last scheduled backup.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the store cannot be read.
    pub async fn last_backup(&self) -> Result<Option<BackupOutcome>, StoreError> {
        self.store.last_backup().await
    }
}
