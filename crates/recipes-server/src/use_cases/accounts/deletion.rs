//! The deletion of an account whose recipes are too many for one transaction.

use super::Accounts;

/// Transactions that a request waits for, each of 100 private and 100 public recipes.
const STEPS: usize = 10;

impl Accounts {
    /// Goes on with a deletion that has begun. Answers whether it is complete: a large one goes on in the background, also
    /// after an error or a restart.
    pub(super) async fn finish_deletion(&self) -> bool {
        for _ in 0..STEPS {
            match self.store.continue_deletion(self.clock.now()).await {
                Ok(true) => {}
                Ok(false) => return true,
                Err(error) => {
                    tracing::warn!(%error, "The deletion of an account could not go on; it is tried again");
                    return false;
                }
            }
        }
        false
    }
}
