//! Reading the audit log.

use accounts::audit::{Entry, Filter};
use store::Page;

use super::{Accounts, error::AccountError};
use crate::use_cases::Listing;

impl Accounts {
    /// Events, the newest first.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn audit_log(
        &self,
        filter: Filter,
        page: Page<i64>,
    ) -> Result<Listing<Entry, i64>, AccountError> {
        let rows = self.store.audit_log(filter, page.after(), page.limit() + 1).await?;
        Ok(Listing::of(rows, page.limit(), |entry| entry.id))
    }

    /// How many events [`audit_log`](Self::audit_log) has in all.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn count_audit_log(&self, filter: Filter) -> Result<u64, AccountError> {
        Ok(self.store.count_audit_log(filter).await?)
    }
}
