//! Hears of sessions that other servers have ended, and of accounts that they have changed.
//!
//! What: a task reads the new rows of `access_changes` a few times a second, and counts them, which empties the cache of
//! sessions. Triggers write such a row, and `NOTIFY`, in the transactions that delete sessions or change users; the
//! notification only wakes the task, so a lost one costs the time until the next look.
//! Gains: most requests with an access token need no query of their session.
//! Must hold: what another server has changed is seen within 1 s. A look sees all that was committed before it began. If the
//! last successful look began more than [`MAX_SILENCE`](crate::cache::MAX_SILENCE) ago, the cache is not used.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client};

use super::connection::{self, PATIENCE};
use super::failure::Failure;
use crate::Unavailable;
use crate::cache::LastCheck;
use crate::url::PostgresAddress;

/// Between two looks without a notification.
const PAUSE: Duration = Duration::from_millis(150);
/// Between two looks, however many notifications there are; also between attempts to connect.
const MIN_PAUSE: Duration = Duration::from_millis(10);
/// Looks between two deletions of old rows.
const LOOKS: u32 = 400;

/// The task. It ends when this is dropped.
pub(super) struct AccessChanges(AbortHandle);

impl Drop for AccessChanges {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl AccessChanges {
    /// Adds to `count` at each change, and notes in `last_check` when it looked.
    pub(super) fn follow(
        address: &PostgresAddress,
        count: Arc<AtomicU64>,
        last_check: Arc<LastCheck>,
    ) -> Self {
        let follower = Follower {
            address: address.clone(),
            count,
            last_check,
            wake: Arc::default(),
            oldest: "0".to_owned(),
            seen: HashSet::new(),
        };
        Self(tokio::spawn(follower.run()).abort_handle())
    }
}

struct Follower {
    address: PostgresAddress,
    count: Arc<AtomicU64>,
    last_check: Arc<LastCheck>,
    wake: Arc<Notify>,
    /// Transactions before this one had ended at the last look.
    oldest: String,
    /// The rows of the last look. Rows of transactions since `oldest` are read again.
    seen: HashSet<i64>,
}

impl Follower {
    async fn run(mut self) {
        loop {
            if let Err(why) = self.follow().await {
                tracing::debug!(?why, "the changes of sessions cannot be followed");
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns when the connection fails.
    async fn follow(&mut self) -> Result<(), Failure> {
        let client = timeout(PATIENCE, self.connect()).await.map_err(|_| Unavailable::TimedOut)??;
        for number in 0.. {
            let began = Instant::now();
            timeout(PATIENCE, self.look(&client)).await.map_err(|_| Unavailable::TimedOut)??;
            self.last_check.note(began);
            if number % LOOKS == LOOKS - 1 {
                let sql = "DELETE FROM access_changes WHERE at < now() - interval '1 minute'";
                timeout(PATIENCE, client.execute_typed(sql, &[]))
                    .await
                    .map_err(|_| Unavailable::TimedOut)??;
            }
            sleep(MIN_PAUSE).await;
            let _ = timeout(PAUSE, self.wake.notified()).await;
        }
        Ok(())
    }

    async fn connect(&self) -> Result<Client, Failure> {
        let config = connection::config(&self.address, PATIENCE);
        let tls = self.address.tls().map_err(|why| Failure::Store(crate::StoreError::Bug(why)))?;
        let (client, mut connection) = config.connect(tls).await?;
        let wake = Arc::clone(&self.wake);
        // Ends with the client.
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(_) = message {
                    wake.notify_one();
                }
            }
        });
        // Behind a pooler, the connection that listens would soon be another client's. Looking often is enough.
        if !self.address.has_pooler {
            client.batch_execute("LISTEN access_changes").await?;
        }
        Ok(client)
    }

    /// Asking for rows after the last id would miss changes: transactions do not commit in the order of their ids.
    async fn look(&mut self, client: &Client) -> Result<(), Failure> {
        let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text,
                          ARRAY(SELECT id FROM access_changes WHERE xid >= $1::text::xid8)";
        let row = client.query_typed_one(sql, &[(&self.oldest, Type::TEXT)]).await?;
        let ids: Vec<i64> = row.try_get(1)?;
        if ids.iter().any(|id| !self.seen.contains(id)) {
            self.count.fetch_add(1, Ordering::Release);
        }
        self.oldest = row.try_get(0)?;
        self.seen = ids.into_iter().collect();
        Ok(())
    }
}
