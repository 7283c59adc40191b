//! Upkeep: regular work that no request triggers.

use std::time::Duration;

use accounts::audit::Retention;
use jiff::{SignedDuration, Timestamp};
use store::Store;

use crate::clock::Clock;

/// In this time there are at most a few thousand failed log-ins, because each is hashed.
const INTERVAL: Duration = Duration::from_mins(1);

/// Between two looks for a deletion that is not complete, each one short read.
const DELETION_INTERVAL: Duration = Duration::from_secs(1);

/// Longer than the life of an access token: until it expires, no other grant may get its place in the status list.
const TOKENS_EXPIRE: Duration = Duration::from_mins(15);

const BETWEEN_STEPS: Duration = Duration::from_millis(20);

/// How long something is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    pub(crate) audit: Retention,
    pub(crate) bin_days: u16,
}

/// Goes on with interrupted deletions, trims the audit log to its retention, deletes old counts of rate limits, old idempotency keys
/// and recipes that were in the bin for long enough, and frees places in the status list, for as long as the service runs.
pub(crate) async fn run(store: Store, keeping: Keeping, clock: Clock) {
    tokio::join!(
        finish_deletions(&store, &clock),
        trim_audit_log(&store, keeping.audit, &clock),
        trim_rate_limits(&store, &clock),
        trim_idempotency_keys(&store, &clock),
        empty_bin(&store, keeping.bin_days, &clock),
        free_status_places(&store, &clock)
    );
}

async fn finish_deletions(store: &Store, clock: &Clock) {
    loop {
        let pause = match store.continue_deletion(clock.now()).await {
            // Other writes come between two steps.
            Ok(true) => BETWEEN_STEPS,
            Ok(false) => DELETION_INTERVAL,
            Err(error) => {
                tracing::warn!(%error, "The deletion of an account could not go on; retrying");
                INTERVAL
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn trim_audit_log(store: &Store, retention: Retention, clock: &Clock) {
    loop {
        match store.trim_audit_log(retention, clock.now()).await {
            // There may be more to trim.
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, "The audit log could not be trimmed; retrying"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn trim_rate_limits(store: &Store, clock: &Clock) {
    loop {
        match store.trim_rate_limits(clock.now()).await {
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, "The counts of rate limits could not be trimmed; retrying"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn free_status_places(store: &Store, clock: &Clock) {
    loop {
        let now = clock.now();
        if let Err(error) = store.free_status_places(now + TOKENS_EXPIRE, now).await {
            tracing::warn!(%error, "Places in the status list could not be freed; retrying");
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn trim_idempotency_keys(store: &Store, clock: &Clock) {
    loop {
        match store.trim_idempotency_keys(clock.now()).await {
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, "Old idempotency keys could not be deleted; retrying"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn empty_bin(store: &Store, days: u16, clock: &Clock) {
    let kept = SignedDuration::from_hours(24 * i64::from(days));
    loop {
        let until = clock.now().checked_sub(kept).unwrap_or(Timestamp::MIN);
        match store.empty_bin(until).await {
            Ok(1..) => {
                // Other writes come between two steps.
                tokio::time::sleep(BETWEEN_STEPS).await;
                continue;
            }
            Ok(0) => {}
            Err(error) => tracing::warn!(%error, "The bin of recipes could not be emptied; retrying"),
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
