//! Reading the audit log.

use accounts::audit::{Entry, Filter};
use store::{Listing, Page};

use super::{Accounts, error::AccountError};

impl Accounts {
    /// Events, the newest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn audit_log(
        &self,
        filter: Filter,
        page: Page<i64>,
    ) -> Result<Listing<Vec<Entry>, i64>, AccountError> {
        Ok(self.store.audit_log(filter, page).await?)
    }

    /// How many events [`audit_log`](Self::audit_log) has in all.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn count_audit_log(&self, filter: Filter) -> Result<u64, AccountError> {
        Ok(self.store.count_audit_log(filter).await?)
    }
}
