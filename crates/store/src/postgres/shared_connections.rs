//! The connections that short reads share.

use std::sync::atomic::Ordering;

use tokio::time::timeout;

use super::connection::Db;
use super::failure::Failure;
use super::{PATIENCE, Postgres, SHARED};
use crate::Unavailable;

impl Postgres {
    /// A shared connection that works, as far as is known.
    pub(super) async fn shared(&self) -> Result<Db, Failure> {
        // Also while others wait for the same connection: all give up at the same time.
        timeout(PATIENCE, self.connected_slot()).await.map_err(|_| Unavailable::TimedOut)?
    }

    async fn connected_slot(&self) -> Result<Db, Failure> {
        if self.0.is_closed.load(Ordering::Acquire) {
            return Err(Unavailable::Closed.into());
        }
        let number = self.0.next_slot.fetch_add(1, Ordering::Relaxed) % SHARED;
        let Some(slot) = self.0.slots.get(number) else { return Err(Unavailable::Closed.into()) };
        let mut slot = slot.lock().await;
        if let Some(db) = slot.as_ref().filter(|db| db.is_usable()) {
            return Ok(db.clone());
        }
        *slot = None;
        let db = self.0.shared.get().await?;
        *slot = Some(db.clone());
        Ok(db)
    }
}
