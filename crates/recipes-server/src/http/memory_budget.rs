//! The memory budget: one limit, in bytes, for all request bodies that are being read and all responses that are being sent.
//!
//! Without it clients decide how much memory the service takes: they send bodies without their end, or ask for large responses
//! and do not read them. Beyond the budget a request is answered with 503.

use std::sync::Arc;

use http::Extensions;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies up to this size are not counted: the limits of connections and streams bound them. So log-ins and single recipes
/// are served while the budget is used up.
pub const UNCOUNTED: usize = 4 * 1024;

/// What a connection with a large body takes beside the body: the buffers of hyper, and the state of the request.
pub const CONNECTION_BUFFERS: usize = 64 * 1024;

/// Clones share one budget.
#[derive(Clone, Debug)]
pub struct MemoryBudget(Arc<Semaphore>);

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the memory budget is used up")]
pub struct BudgetExhausted;

impl MemoryBudget {
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// The budget that [`crate::http::stack`] has added to a request.
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Reserves this many bytes until the reservation is dropped.
    ///
    /// # Errors
    /// [`BudgetExhausted`].
    pub fn reserve(&self, bytes: usize) -> Result<Reservation, BudgetExhausted> {
        let mut reservation = Reservation::default();
        reservation.grow(self, bytes)?;
        Ok(reservation)
    }
}

/// Bytes of the budget, which are returned on drop.
#[derive(Debug, Default)]
pub struct Reservation(Option<OwnedSemaphorePermit>);

impl Reservation {
    /// Reserves more bytes of the same budget.
    ///
    /// # Errors
    /// [`BudgetExhausted`].
    pub fn grow(&mut self, MemoryBudget(budget): &MemoryBudget, bytes: usize) -> Result<(), BudgetExhausted> {
        let permits = u32::try_from(bytes).map_err(|_| BudgetExhausted)?;
        let more = Arc::clone(budget).try_acquire_many_owned(permits).map_err(|_| BudgetExhausted)?;
        match &mut self.0 {
            Some(permit) => permit.merge(more),
            None => self.0 = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_reservation_returns_its_bytes() {
        let budget = MemoryBudget::new(10);
        let mut held = budget.reserve(6).unwrap();
        budget.reserve(5).unwrap_err();
        held.grow(&budget, 4).unwrap();
        budget.reserve(1).unwrap_err();
        drop(held);
        budget.reserve(10).unwrap();
    }
}
