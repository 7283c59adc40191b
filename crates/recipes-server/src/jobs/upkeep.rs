//! Upkeep: regular work that no request triggers.

use std::time::Duration;

use accounts::audit::Retention;
use store::Store;

use crate::clock::Clock;

/// In this time there are at most a few thousand failed log-ins, because each is hashed.
const INTERVAL: Duration = Duration::from_mins(1);

const BETWEEN_STEPS: Duration = Duration::from_millis(20);

/// Goes on with interrupted deletions and trims the audit log to its retention, for as long as the service runs.
pub(crate) async fn run(store: Store, retention: Retention, clock: Clock) {
    loop {
        match store.continue_deletion(clock.now()).await {
            Ok(true) => {
                // Other writes come between two steps.
                tokio::time::sleep(BETWEEN_STEPS).await;
                continue;
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "The deletion of an account could not go on; retrying"),
        }
        match store.trim_audit_log(retention, clock.now()).await {
            // There may be more to trim.
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, "The audit log could not be trimmed; retrying"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
