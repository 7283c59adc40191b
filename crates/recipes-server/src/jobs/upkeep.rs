//! What has to be done from time to time, whoever asks for what.

use std::time::Duration;

use crate::clock::Clock;
use accounts::audit::Retention;
use store::Store;

/// Failed log-ins are a few thousand in this time at most: hashing is no faster.
const EVERY: Duration = Duration::from_mins(1);

/// Forgets what need not be kept of the audit log, for ever.
pub(crate) async fn run(store: Store, keep: Retention, clock: Clock) {
    loop {
        match store.trim_audit_log(keep, clock.now()).await {
            // There may be more.
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, "The audit log was not trimmed; it is tried again"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
