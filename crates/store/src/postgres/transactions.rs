//! Transactions that write.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use accounts::Authority;
use tokio::time::{Instant, sleep};

use super::connection::{Db, Isolation};
use super::failure::Failure;
use super::{Postgres, RETRIES, authority, idempotency};
use crate::slow::{self, Phases};
use crate::{Context, StoreError, Unavailable};

impl Postgres {
    /// Runs a write of a user or of the operator: [`write`](Self::write), after the actor's authority was checked in the
    /// same transaction.
    pub(super) async fn write_for<T: 'static, F: Future<Output = Result<T, Failure>>>(
        &self,
        context: &Context,
        work: impl Fn(Db, Authority) -> F,
    ) -> Result<T, StoreError> {
        let outcome = self.write_recipes_for(context, work).await;
        self.0.access_changes.fetch_add(1, Ordering::Release);
        outcome
    }

    /// [`write_for`](Self::write_for) without a change of sessions or accounts.
    pub(super) async fn write_recipes_for<T: 'static, F: Future<Output = Result<T, Failure>>>(
        &self,
        context: &Context,
        work: impl Fn(Db, Authority) -> F,
    ) -> Result<T, StoreError> {
        let (work, once) = (&work, self.1.as_deref());
        self.write_recipes(move |db| async move {
            let authority = authority::current(&db, context).await?;
            match once {
                None => work(db, authority).await,
                Some(once) => idempotency::once(db, authority, once, context.now, work).await,
            }
        })
        .await
    }

    /// Runs a write in a transaction; returns when that is on disk. For commands of the program itself, and for those that
    /// bring a proof of their own.
    pub(super) async fn write<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        work: impl Fn(Db) -> F,
    ) -> Result<T, StoreError> {
        let outcome = self.write_recipes(work).await;
        // Also after an error: it may have been committed.
        self.0.access_changes.fetch_add(1, Ordering::Release);
        outcome
    }

    /// [`write`](Self::write) without a change of sessions or accounts.
    pub(super) fn write_recipes<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        work: impl Fn(Db) -> F,
    ) -> Pin<Box<impl Future<Output = Result<T, StoreError>>>> {
        self.write_at(Isolation::Serializable, work)
    }

    /// [`write_recipes`](Self::write_recipes) at this level of isolation. Below `SERIALIZABLE`, the caller says why that is
    /// enough.
    pub(super) fn write_at<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        isolation: Isolation,
        work: impl Fn(Db) -> F,
    ) -> Pin<Box<impl Future<Output = Result<T, StoreError>>>> {
        Box::pin(async move {
            let begun = std::time::Instant::now();
            let first = self.try_write(isolation, &work).await;
            let Err(Failure::Conflict) = first else {
                slow::waited("postgresql", "write", begun);
                return Ok(first?);
            };
            let give_up = Instant::now() + RETRIES;
            let _turn = self.0.retry.lock().await;
            let mut pause = Duration::from_millis(1);
            loop {
                match self.try_write(isolation, &work).await {
                    Err(Failure::Conflict) if Instant::now() < give_up => {}
                    outcome => {
                        slow::waited("postgresql", "write", begun);
                        return Ok(outcome?);
                    }
                }
                sleep(pause).await;
                pause = (2 * pause).min(Duration::from_millis(64));
            }
        })
    }

    pub(super) async fn try_write<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        isolation: Isolation,
        work: impl Fn(Db) -> F,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let db = self.begin(isolation).await?;
        let connected = Instant::now();
        match work(db.clone()).await {
            Ok(done) => {
                // Not tried again if the connection is lost here: it may have been committed.
                let ran = Instant::now();
                let committed = db.commit().await;
                Phases { wait: connected - begun, statements: ran - connected, commit: ran.elapsed() }.log(1);
                self.0.commits.fetch_add(1, Ordering::Release);
                self.0.metrics.committed(1, connected.elapsed(), committed.is_err());
                committed.map(|()| done)
            }
            Err(why) => {
                db.roll_back().await;
                Err(why)
            }
        }
    }

    pub(super) async fn begin(&self, isolation: Isolation) -> Result<Db, Failure> {
        let db = self.0.transactions.get().await?;
        match db.begin(isolation).await {
            // The server was restarted since the connection was used.
            Err(Failure::Store(StoreError::Unavailable(Unavailable::Disconnected))) => {
                let db = self.0.transactions.get().await?;
                db.begin(isolation).await?;
                Ok(db)
            }
            begun => begun.map(|()| db),
        }
    }

    /// Starts a write of one statement without waiting for its outcome.
    pub(super) fn write_later<F: Future<Output = Result<u64, Failure>> + Send>(
        &self,
        work: impl FnOnce(Db) -> F + Send + 'static,
    ) {
        let Ok(permit) = Arc::clone(&self.0.later).try_acquire_owned() else { return };
        let store = self.clone();
        tokio::spawn(async move {
            if let Ok(db) = store.shared().await
                && let Err(why) = work(db).await
            {
                tracing::warn!(?why, "a note of use was not written");
            }
            drop(permit);
        });
    }
}
