//! The deletion of an account whose recipes are too many for one transaction.

use std::time::Duration;

use super::Accounts;

/// How long a request waits for it.
const DELETION: Duration = Duration::from_secs(5);

impl Accounts {
    /// Goes on with a deletion that has begun. Answers whether it is complete: a large one goes on in the background, also
    /// after an error or a restart.
    pub(super) async fn finish_deletion(&self) -> bool {
        let rest = async {
            while self.store.continue_deletion(self.clock.now()).await? {}
            Ok::<_, store::StoreError>(())
        };
        matches!(tokio::time::timeout(DELETION, rest).await, Ok(Ok(())))
    }
}
